"""The deadline that several steps have together."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.codegen.deadline import Deadline

SECONDS = st.floats(min_value=-1e6, max_value=1e6)


@given(SECONDS)
def test_what_is_left_shrinks_and_never_falls_below_zero(seconds: float) -> None:
    """A deadline that passed leaves 0 seconds, which ends the next step at once, never a negative number."""
    deadline = Deadline(seconds)
    first, second = deadline.left, deadline.left
    assert first is not None
    assert second is not None
    assert 0 <= second <= first <= max(0.0, seconds)


def test_no_deadline_leaves_no_bound() -> None:
    """Without seconds there is nothing to count, and a step that is given what is left goes on as long as it takes."""
    assert Deadline(None).left is None


async def test_steps_share_the_seconds() -> None:
    """What a step took is missing to the next one, in whatever loop or thread the deadline was made."""
    deadline = await asyncio.to_thread(Deadline, 60.0)
    before = deadline.left
    await asyncio.sleep(0.02)
    assert before is not None
    assert deadline.left is not None
    assert deadline.left <= before - 0.01
