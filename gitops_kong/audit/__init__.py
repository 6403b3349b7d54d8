"""Whether a running cluster is as its controller should have made it: statuses, classes, the gateway, Git."""
