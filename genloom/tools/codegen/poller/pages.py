"""Which pages show runs that are not among the newest: the fewest requests for those that are missing. Pure."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["pages_for"]

MARGIN = 2


def pages_for(places: Iterable[int], *, size: int) -> list[int]:
    """Return where to start pages of `size`, so that they show the runs expected at those places (0 is the newest).

    Each page covers at least two of them: one that stands by itself is better asked for singly. A page starts a little
    early: a run that was deleted meanwhile moves the older ones up.
    """
    skips: list[int] = []
    left = sorted(places)
    while left:
        skip = max(0, left[0] - MARGIN)
        covered = sum(place < skip + size for place in left)
        if covered > 1:
            skips.append(skip)
        left = left[covered:]
    return skips
