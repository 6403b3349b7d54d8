"""What Kong Gateway accepts and rejects, and with which words."""
