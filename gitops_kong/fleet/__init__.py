"""Many clusters and repositories in one run: what is equal is checked once, and nothing that is done is lost."""
