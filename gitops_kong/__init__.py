"""Predict what Kong Ingress Controller and Kong Gateway do with a GitOps repository, before it is merged."""

__version__ = "0.1.0"
