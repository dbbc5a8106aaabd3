"""When to look again: how fast all pending runs are polled together. Pure."""

from __future__ import annotations

from math import sqrt

from genloom.tools.codegen.pacing import Pacing

__all__ = ["poll_interval"]

LEAST_LAG = 0.03
WINDOW_SHARE = 0.8


def poll_interval(pacing: Pacing, *, pending: int, quiet: float, spacing: float, requests: int) -> float:
    """Return the seconds from the start of one round of polling to the next.

    A change of a run, or a new one, makes it `poll_first`. From then on it grows with the `quiet` seconds since the last
    of them, so that an end is seen late by at most a share of the time that was waited: `poll_lag` for one run, less for
    `pending` runs that share each poll, never more than `poll_cap` seconds. Whatever follows from that, a round of
    `requests` leaves a fifth of the window to others; `spacing` is the window's seconds for each request.
    """
    share = max(LEAST_LAG, pacing.poll_lag / sqrt(max(1, pending)))
    wanted = min(max(pacing.poll_first, quiet * share), pacing.poll_cap)
    return max(wanted, spacing * max(1, requests) / WINDOW_SHARE)
