"""Links to a run's page."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.interfaces.server.pages.links import PageLinks

SECRET = b"s" * 32
IDS = st.integers(0, 2**63 - 1)


class Hand:
    """A clock that is moved by hand."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def parts(url: str) -> tuple[int, int, int, str]:
    split = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(split.query).items()}
    return int(query["organization"]), int(split.path.rsplit("/", 1)[1]), int(query["expires"]), query["signature"]


@given(IDS, IDS)
def test_a_link_opens_its_own_run_and_no_other(organization: int, run: int) -> None:
    links = PageLinks(SECRET, "https://loom.example/")
    org, number, expires, signature = parts(links.url(organization, run))
    assert (org, number) == (organization, run)
    assert links.allows(org, number, expires, signature)
    assert not links.allows(org, number ^ 1, expires, signature)
    assert not links.allows(org ^ 1, number, expires, signature)
    assert not links.allows(org, number, expires + 1, signature)
    assert not PageLinks(b"t" * 32, "https://loom.example").allows(org, number, expires, signature)


@given(st.text(max_size=80))
def test_what_was_not_signed_opens_nothing(signature: str) -> None:
    assert not PageLinks(SECRET, "https://x").allows(1, 1, 9_999_999_999, signature)


def test_numbers_that_run_together_are_signed_apart() -> None:
    links = PageLinks(SECRET, "https://x")
    _, _, expires, signature = parts(links.url(1, 11))
    assert not links.allows(11, 1, expires, signature)


def test_a_link_lives_its_time_and_is_the_same_for_a_while() -> None:
    clock = Hand()
    links = PageLinks(SECRET, "https://x", seconds=600, clock=clock)
    clock.now = 1_800_000_000.0
    first = links.url(1, 2)
    clock.now += 50
    assert links.url(1, 2) == first
    clock.now += 549
    assert links.allows(*parts(first))
    clock.now += 101
    assert not links.allows(*parts(first))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        PageLinks(b"short", "https://x")
