"""What the API server does for the core kinds that the controller reads, beyond their types."""
