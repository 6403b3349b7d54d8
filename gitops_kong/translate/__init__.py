"""Kubernetes objects to the declarative configuration that the controller pushes."""
