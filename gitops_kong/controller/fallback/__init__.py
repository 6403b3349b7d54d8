"""The fallback configuration: which objects depend on broken ones, what is excluded, what is filled back."""
