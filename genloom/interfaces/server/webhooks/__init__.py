"""Webhooks: what is told when a run ends, where it may go, and how it gets there."""
