"""The controller's validating admission webhook (KIC `internal/admission`), by controller version."""
