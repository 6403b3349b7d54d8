"""The edge to a running cluster: its API server, the controller's diagnostics, the gateway's Admin API. Only reads."""
