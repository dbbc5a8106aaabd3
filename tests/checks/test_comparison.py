"""Values are compared as plain data, by Python's `==`, stricter or looser by option."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.checks import Comparison, values_agree
from genloom.tools.sandbox.report import Opaque

NUMBERS = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.fractions(),
    st.complex_numbers(allow_nan=False),
)
ATOMS = st.one_of(NUMBERS, st.text(), st.binary(), st.none())
HASHABLE = st.recursive(ATOMS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=6)
VALUES = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(HASHABLE, inner, max_size=3) | st.sets(HASHABLE, max_size=3)
    ),
    max_leaves=10,
)
STRICT = Comparison(exact_type=True)
LOOSE = Comparison(tolerance=1e-6)
UNORDERED = Comparison(unordered=True)


class Liar:
    """Claims to be equal to everything, and says so by raising when it is asked."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a foreign object's method was called")

    __hash__ = None  # type: ignore[assignment]  # the point of the class


@given(VALUES, VALUES)
def test_without_options_the_answer_is_that_of_python(one: Any, other: Any) -> None:
    """Two plain values without NaN agree exactly when `==` says so."""
    assert values_agree(one, other) is (one == other)


@given(VALUES)
def test_every_value_agrees_with_itself_under_every_option(value: Any) -> None:
    """No option turns a value away from itself."""
    for comparison in (Comparison(), STRICT, LOOSE, UNORDERED, Comparison(tolerance=0.1, unordered=True)):
        assert values_agree(value, value, comparison)


@given(VALUES, VALUES)
def test_options_only_narrow_or_widen(one: Any, other: Any) -> None:
    """What agrees by exact type agrees by `==`, and what agrees by `==` agrees with a tolerance and without order."""
    if values_agree(one, other, STRICT):
        assert values_agree(one, other)
    if values_agree(one, other):
        assert values_agree(one, other, LOOSE)
        assert values_agree(one, other, UNORDERED)


@given(st.lists(VALUES, max_size=5), st.randoms())
def test_unordered_lists_agree_in_any_order(values: list[Any], random: Any) -> None:
    """A shuffled list agrees without order."""
    shuffled = list(values)
    random.shuffle(shuffled)
    assert values_agree(values, shuffled, UNORDERED)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        (32.0, 32),
        (1, True),
        (Fraction(1, 2), 0.5),
        (Decimal("0.5"), 0.5),
        ({1, 2}, frozenset({2, 1})),
        ({1: 2.0}, {1.0: 2}),
    ],
)
def test_kinds_of_numbers_and_sets_are_told_apart_only_by_exact_type(expected: Any, actual: Any) -> None:
    """`==` looks through the type of a number or set; exact type does not."""
    assert values_agree(expected, actual)
    assert not values_agree(expected, actual, STRICT)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [([1], (1,)), ("1", b"1"), (None, False), ("", []), (0, None), ([1, 2], [1, 2, 3]), ({}, set())],
)
def test_different_shapes_never_agree(expected: Any, actual: Any) -> None:
    """A list is no tuple, text no bytes, nothing no zero."""
    for comparison in (Comparison(), STRICT, LOOSE, UNORDERED):
        assert not values_agree(expected, actual, comparison)


@pytest.mark.parametrize("wrap", [lambda n: n, lambda n: [n], lambda n: {n}, lambda n: {"k": (n, 1)}, lambda n: {n: 1}])
def test_nan_agrees_with_nan_wherever_it_stands(wrap: Any) -> None:
    """NaN agrees with NaN, also as an element and as a key, and with no number."""
    assert values_agree(wrap(float("nan")), wrap(math.nan * 2))
    assert not values_agree(wrap(float("nan")), wrap(1.0))


def test_tolerance_holds_inside_containers_and_not_beyond() -> None:
    """Numbers may differ by the tolerance, absolute and relative; infinity never by any."""
    assert values_agree([0.1 + 0.2, {"x": 1e9}], [0.3, {"x": 1e9 + 1}], LOOSE)
    assert values_agree({0.1 + 0.2}, {0.3}, LOOSE)
    assert not values_agree([0.3], [0.31], LOOSE)
    assert not values_agree(math.inf, 1e308, Comparison(tolerance=1e9))
    assert not values_agree(10**400, 1.0, LOOSE)


def test_opaque_and_foreign_objects_agree_with_nothing_and_are_not_asked() -> None:
    """No method of an object that is not plain data is called, and it agrees with nothing."""
    opaque = Opaque(type_name="Yes", text="5")
    for foreign in (opaque, Liar(), object()):
        assert not values_agree(5, foreign)
        assert not values_agree([foreign], [foreign])
        assert not values_agree({"k": 5}, {"k": foreign}, LOOSE)


def test_subclasses_are_foreign() -> None:
    """An object of a subclass could answer for itself, so it counts as foreign."""

    class Yes(int):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = int.__hash__

    assert not values_agree(5, Yes(7))


def test_nesting_without_end_is_no_agreement_and_no_error() -> None:
    """Values nested too deeply agree with nothing; nothing is raised."""
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert not values_agree(deep, deep)
    assert not values_agree({"a": [1]}, deep)


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (Comparison(), "compared by =="),
        (
            Comparison(exact_type=True, tolerance=0.5, unordered=True),
            "compared by ==, exact types, tolerance 0.5, any order",
        ),
    ],
)
def test_options_are_stated(comparison: Comparison, words: str) -> None:
    """A comparison says how it compares."""
    assert comparison.describe() == words
