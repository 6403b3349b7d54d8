"""Judgements beyond the controller's own, written as rules."""
