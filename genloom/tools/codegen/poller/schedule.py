"""When to look again: how fast all pending runs are polled together. Pure."""

from __future__ import annotations

from math import sqrt

from genloom.tools.codegen.pacing import Pacing

__all__ = ["poll_interval"]

LEAST_LAG = 0.03
CALM = 1.5
WINDOW_SHARE = 0.8


def poll_interval(pacing: Pacing, *, pending: int, quiet: float, spacing: float, requests: int) -> float:
    """Return the seconds from the start of one round of polling to the next.

    A change of a run, or a new one, makes it `poll_first`. From then on it grows with the `quiet` seconds since the last
    of them to the share `poll_lag` of that time for one run; for `pending` runs, which share each poll, to a lesser share
    once it is half as long again as `poll_first`. So an end is seen late by at most that share of the time that was
    waited; never by more than `poll_cap` seconds. Whatever follows from that, a round of
    `requests` leaves a fifth of the window to others; `spacing` is the window's seconds for each request.
    """
    share = max(LEAST_LAG, pacing.poll_lag / sqrt(max(1, pending)))
    calm = min(quiet * pacing.poll_lag, CALM * pacing.poll_first)
    wanted = min(max(pacing.poll_first, calm, quiet * share), pacing.poll_cap)
    return max(wanted, spacing * max(1, requests) / WINDOW_SHARE)
