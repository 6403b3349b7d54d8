"""The controller's update loop, fallback and object statuses, over time."""
