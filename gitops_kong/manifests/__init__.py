"""Text to Kubernetes objects, as Kubernetes reads it, with positions."""
