"""When the poller asks, and for which pages: within bounds, whatever runs there are."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.codegen import Pacing
from genloom.tools.codegen.poller.pages import pages_for
from genloom.tools.codegen.poller.schedule import poll_interval


@given(st.lists(st.integers(0, 2_000), max_size=60), st.integers(3, 100))
def test_pages_cover_every_place_but_the_lonely(places: list[int], size: int) -> None:
    """Each place is on a page or stands alone; no page covers fewer than two, and pages do not overlap beyond the margin."""
    skips = pages_for(places, size=size)
    for skip in skips:
        assert sum(skip <= place < skip + size for place in places) >= 2
    alone = {place for place in places if not any(skip <= place < skip + size for skip in skips)}
    assert all(places.count(place) == 1 for place in alone)
    assert len(skips) <= len(places) / 2
    assert all(later - earlier >= size - 2 for earlier, later in pairwise(skips))


@given(st.integers(1, 2_000), st.floats(0.0, 1e6), st.floats(0.0, 60.0), st.integers(0, 40))
def test_the_interval_keeps_its_bounds(pending: int, quiet: float, spacing: float, requests: int) -> None:
    """Never below the shortest, never beyond the longest unless the window asks for it, longer when nothing happens."""
    pacing = Pacing()
    free = poll_interval(pacing, pending=pending, quiet=quiet, spacing=0.0, requests=requests)
    bound = poll_interval(pacing, pending=pending, quiet=quiet, spacing=spacing, requests=requests)
    assert pacing.poll_first <= free <= pacing.poll_cap
    assert free <= max(pacing.poll_first, quiet * pacing.poll_lag)
    assert bound == max(free, max(1, requests) * spacing / 0.8)
    assert poll_interval(pacing, pending=pending + 1, quiet=quiet, spacing=0.0, requests=1) <= free
    assert poll_interval(pacing, pending=pending, quiet=quiet + 1, spacing=0.0, requests=1) >= free
