"""Reducers, by property."""

from hypothesis import given
from hypothesis import strategies as st

from genloom.state import Attempt, NotRun, append_attempts, module_draft


def _attempt(number: int) -> Attempt:
    draft = module_draft(f"x = {number}\n", path="x.py", name="x", generator="model")
    return Attempt(number=number, draft=draft, verdict=NotRun())


HISTORIES = st.lists(st.integers(1, 8), unique=True).map(lambda ns: tuple(_attempt(n) for n in ns))


@given(HISTORIES, HISTORIES)
def test_appending_keeps_what_stands_and_its_order(existing, new):
    """The history is a prefix of the result."""
    assert append_attempts(existing, new)[: len(existing)] == existing


@given(HISTORIES, HISTORIES)
def test_appending_twice_is_appending_once(existing, new):
    """A node that runs again after a kill leaves one attempt."""
    once = append_attempts(existing, new)
    assert append_attempts(once, new) == once
    assert len({attempt.number for attempt in once}) == len(once)


@given(HISTORIES, HISTORIES, HISTORIES)
def test_appending_is_associative(one, two, three):
    """The grouping of deltas does not matter."""
    left = append_attempts(append_attempts(one, two), three)
    assert left == append_attempts(one, append_attempts(two, three))


@given(HISTORIES)
def test_none_begins_a_new_history(existing):
    """A thread that is used again starts afresh."""
    assert append_attempts(existing, None) == ()
    assert append_attempts(None, existing) == existing
