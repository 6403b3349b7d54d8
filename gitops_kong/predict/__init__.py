"""Base and head through the four scenarios: what becomes of each object."""
