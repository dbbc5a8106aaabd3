"""Names become terms, and texts are measured."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.codebase import estimate_tokens
from genloom.tools.codebase.index.words import NAME, Stemmer, name_parts


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("parsePairs", ("parse", "pairs")),
        ("HTTPServer2", ("http", "server", "2")),
        ("__init__", ("init",)),
        ("snake_caseMixed", ("snake", "case", "mixed")),
        ("größeÄndern", ("größeändern",)),
        ("x", ("x",)),
        ("_", ()),
    ],
)
def test_names_split_at_case_underscores_and_digits(name: str, parts: tuple[str, ...]) -> None:
    """Camel case is told by ASCII letters."""
    assert name_parts(name) == parts


def test_a_name_of_several_parts_also_counts_whole() -> None:
    """Parts are stemmed, the whole is not; stop words are left out."""
    assert Stemmer().terms("parsePairs") == ("pars", "pair", "parsepairs")
    assert Stemmer().terms("return") == ()
    assert Stemmer().terms("billing") == Stemmer().terms("billed")


@given(st.text(alphabet="aB_1 .\n-é", max_size=40))
def test_ascii_text_has_the_terms_that_any_text_has(text: str) -> None:
    """Bytes are split in another, faster way: `0xff` has the name `xff` in both."""
    ascii_only = text.encode("ascii", "replace")
    names = NAME.findall(ascii_only.decode())
    assert Stemmer().count(ascii_only) == Counter(term for name in names for term in Stemmer().terms(name))


@given(st.text(max_size=200))
def test_any_text_has_terms_without_spaces_or_capitals(text: str) -> None:
    """Terms are in lower case and never empty."""
    for term in Stemmer().count(text.encode("utf-8", "replace")):
        assert term
        assert not any(character.isspace() for character in term)


@given(st.text(max_size=100), st.text(max_size=100))
def test_the_estimate_grows_with_the_text_and_joins_cheaply(a: str, b: str) -> None:
    """Two texts together never cost more than apart."""
    assert (
        max(estimate_tokens(a), estimate_tokens(b)) <= estimate_tokens(a + b) <= estimate_tokens(a) + estimate_tokens(b)
    )
    assert estimate_tokens("seven b") == 2
