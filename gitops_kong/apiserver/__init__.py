"""What the Kubernetes API server and the admission webhook do to an object before the controller sees it."""
