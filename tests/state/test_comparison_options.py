"""How results are compared, as callers say it: text, JSON, and what makes no sense."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from genloom.state import Comparison, GenerationRequest


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Comparison()),
        ("exact", Comparison(exact_type=True)),
        ("unordered", Comparison(unordered=True)),
        ("tolerance=1e-9", Comparison(tolerance=1e-9)),
        (" exact , tolerance=0.5,unordered", Comparison(exact_type=True, tolerance=0.5, unordered=True)),
    ],
)
def test_a_text_says_how_to_compare(text: str, meant: Comparison) -> None:
    """The options stand in any order, with commas between."""
    assert Comparison.model_validate(text) == meant


@pytest.mark.parametrize("text", ["sorted", "tolerance", "tolerance=much", "tolerance=-1", "tolerance=nan", "exact=1"])
def test_what_is_no_way_to_compare_is_refused(text: str) -> None:
    """Nothing is guessed and nothing left out in silence."""
    with pytest.raises(ValidationError):
        Comparison.model_validate(text)


@given(st.booleans(), st.booleans(), st.none() | st.floats(0, 10, allow_nan=False))
def test_a_comparison_survives_json_and_says_what_it_does(
    exact: bool, unordered: bool, tolerance: float | None
) -> None:
    """Its words name each option that is on, and no other."""
    made = Comparison(exact_type=exact, unordered=unordered, tolerance=tolerance)
    assert Comparison.model_validate_json(made.model_dump_json()) == made
    words = made.describe()
    assert ("exact" in words, "any order" in words, "tolerance" in words) == (exact, unordered, tolerance is not None)


def test_a_request_carries_its_comparison_into_its_fingerprint() -> None:
    """Another way to compare asks something else, so that no answer is taken for another's."""
    plain = GenerationRequest(prompt="Split it")
    assert plain.comparison == Comparison()
    loose = GenerationRequest.model_validate({"prompt": "Split it", "comparison": "unordered"})
    same = GenerationRequest.model_validate({"prompt": "Split it", "comparison": {"unordered": True}})
    assert loose == same
    assert plain.fingerprint != loose.fingerprint == same.fingerprint
