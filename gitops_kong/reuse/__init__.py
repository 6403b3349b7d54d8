"""What of an earlier run still holds: a store of results, and which part of a repository must be checked again."""
