"""Back-off: the wait is bounded, spread out, and honours the server."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.backoff import backoff_seconds, parse_retry_after

NOW = 1_800_000_000.0


@given(st.integers(min_value=0, max_value=10**9 - 1))
def test_retry_after_in_seconds_is_read(seconds: int) -> None:
    """A number of seconds comes back as it is."""
    assert parse_retry_after(f" {seconds} ") == seconds


@given(st.integers(min_value=-(10**8), max_value=10**8))
def test_retry_after_as_a_date_counts_from_now(offset: int) -> None:
    """A date in the future gives the seconds until then, one in the past none."""
    text = format_datetime(datetime.fromtimestamp(NOW + offset, UTC), usegmt=True)
    assert parse_retry_after(text, now=NOW) == max(0, offset)


@given(st.none() | st.text())
def test_retry_after_never_raises_nor_goes_negative(value: str | None) -> None:
    """Nonsense gives `None`, never an error, a negative number or infinity."""
    seconds = parse_retry_after(value, now=NOW)
    assert seconds is None or 0 <= seconds < float("inf")


@pytest.mark.parametrize("value", ["", "-5", "1e9", "nan", "inf", "soon", "٣", "99999999999", "Mon, 99 Foo 2026"])
def test_retry_after_refuses_what_is_neither(value: str) -> None:
    """What only looks like a number or a date gives `None`."""
    assert parse_retry_after(value) is None


@given(
    failures=st.integers(1, 5000),
    base=st.floats(0, 10),
    cap=st.floats(0, 100),
    asked=st.none() | st.floats(0, 1e6),
    chance=st.floats(0, 1),
)
def test_the_wait_is_full_jitter_under_the_cap_and_never_under_what_the_server_asked(
    failures, base, cap, asked, chance
):
    """Between zero and the capped exponential; with `Retry-After`, at least that, up to the longest wait."""
    wait = backoff_seconds(failures, base=base, cap=cap, retry_after=asked, longest=120, chance=lambda: chance)
    ceiling = min(cap, base * 2.0 ** min(failures - 1, 60))
    if asked is None:
        assert 0 <= wait <= ceiling
        assert wait == pytest.approx(chance * ceiling)
    else:
        assert min(asked, 120) <= wait <= min(asked, 120) + base
