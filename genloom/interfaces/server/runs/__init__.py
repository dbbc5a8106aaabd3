"""Runs carried out: the queue's workers, their leases, what a run works in and what it tells."""
