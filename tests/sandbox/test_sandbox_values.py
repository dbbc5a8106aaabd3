"""Values cross the pipe unchanged, and only as plain values."""

from __future__ import annotations

import contextlib
import json
import math
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.sandbox.conversation.decoding import MalformedValueError, decode_value
from genloom.tools.sandbox.report import Opaque
from genloom.tools.sandbox.worker.values import encode

TEXT = st.text(st.characters(exclude_categories=()))  # surrogates too
HASHABLE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | TEXT
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.decimals(allow_nan=False)
    | st.fractions(),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=4),
    max_leaves=6,
)
PLAIN = st.recursive(
    HASHABLE,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.sets(HASHABLE, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=4)
    ),
    max_leaves=12,
)


def through(value: object) -> Any:
    return decode_value(json.loads(encode(value)))


def typed(value: object) -> object:
    """A value with its types beside it, so that 1, 1.0 and True differ."""
    if isinstance(value, dict):
        return ("dict", [(typed(k), typed(v)) for k, v in value.items()])
    if isinstance(value, list | tuple):
        return (type(value).__name__, [typed(item) for item in value])
    if isinstance(value, set | frozenset):
        return (type(value).__name__, {(type(item).__name__, item) for item in value})
    return (type(value).__name__, value)


@given(PLAIN)
def test_plain_value_comes_back_equal_and_of_the_same_types(value: object) -> None:
    """Encoding and decoding changes neither a plain value nor any type inside it."""
    assert typed(through(value)) == typed(value)


@given(st.integers(min_value=2**64, max_value=2**20000))
def test_integer_of_any_length_comes_back(value: int) -> None:
    """Integers longer than Python's limit for decimal text come back whole, of either sign."""
    assert (through(value), through(-value)) == (value, -value)


@pytest.mark.parametrize("value", [0.0, -0.0, math.inf, -math.inf, 5e-324, complex(-0.0, math.inf)])
def test_special_number_keeps_its_sign(value: complex) -> None:
    """Signed zeros and infinities come back with their signs."""
    assert repr(through(value)) == repr(value)


def test_not_a_number_comes_back() -> None:
    """NaN comes back as NaN, as a float and as a Decimal."""
    assert math.isnan(through(math.nan))
    assert through(Decimal("NaN")).is_nan()


class Colour(IntEnum):
    RED = 3


class Point(NamedTuple):
    x: int
    y: int


class Quiet(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "another"

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


class Shy(list[int]):
    def __iter__(self) -> Any:
        return iter([1, 2, 3])

    def __len__(self) -> int:
        return 99

    def __getitem__(self, index: Any) -> Any:
        return 5


def test_subclass_is_read_as_its_plain_base() -> None:
    """What a subclass holds counts, not what its own methods claim."""
    assert typed(through([Colour.RED, Point(1, 2), Quiet("kept"), Shy([7])])) == typed([3, (1, 2), "kept", [7]])


class Liar:
    @property
    def __class__(self) -> Any:  # type: ignore[override]
        return int

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]

    def __index__(self) -> int:
        return 5

    def __repr__(self) -> str:
        return "5"


class Grumpy:
    def __repr__(self) -> str:
        raise SystemExit(0)


def test_object_that_claims_to_be_a_number_equals_nothing() -> None:
    """A lying object arrives as its type's name and text, unequal even to itself."""
    result = through(Liar())
    assert isinstance(result, Opaque)
    assert (result.type_name, result.text) == ("Liar", "5")
    assert not any(result == other for other in (5, result, Liar))


def test_object_whose_repr_leaves_is_still_told() -> None:
    """An object whose `repr` raises SystemExit is reported by its type."""
    assert through([Grumpy()])[0].type_name == "Grumpy"


def test_value_that_contains_itself_or_is_too_deep_is_told_not_followed() -> None:
    """Cycles and very deep nesting end as an opaque value."""
    cycle: list[Any] = []
    cycle.append(cycle)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert isinstance(through(cycle), Opaque)
    assert isinstance(through(deep), Opaque)


def test_value_with_very_many_parts_is_told_not_sent() -> None:
    """A value of millions of parts ends as an opaque value."""
    assert isinstance(through([0] * 1_000_000), Opaque)


def test_shared_part_is_no_cycle() -> None:
    """The same list twice in a tuple is sent twice."""
    part = [1]
    assert through((part, part)) == ([1], [1])


class Hue(Enum):
    RED = 1


def test_container_with_members_that_are_not_plain_is_opaque_as_a_whole() -> None:
    """A set or dict keyed by objects cannot be rebuilt, so it equals nothing."""
    assert isinstance(through({Hue.RED: 1}), Opaque)
    assert isinstance(through({Hue.RED}), Opaque)
    assert isinstance(through([Hue.RED])[0], Opaque)


def test_set_whose_members_are_equal_as_plain_values_is_opaque() -> None:
    """Two members that differ only by their own `__hash__` do not collapse into a plain set."""

    class Odd(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return self is other

        def __hash__(self) -> int:
            return id(self)

    assert isinstance(through({Odd("a"), Odd("a")}), Opaque)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "[1]",
        '["x"]',
        '["i","12"]',
        '["i",12]',
        '["i"]',
        '["f","1e5"]',
        '["f","__import__"]',
        '["d",["k"]]',
        '["d",1]',
        '["b","zz"]',
        '["D","1e"]',
        '["D","__class__"]',
        '["F","0x1","0x0"]',
        '["o","only"]',
        '["c","0x1p+0"]',
        '{"a":1}',
        "[" * 500 + "]" * 500,
    ],
)
def test_text_that_no_worker_writes_is_refused(text: str) -> None:
    """The decoder refuses every encoding that is not exactly of the format."""
    with pytest.raises(MalformedValueError):
        decode_value(json.loads(text))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(list("ifcbltszdDFo")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_decoded_or_refused(encoded: object) -> None:
    """Whatever JSON comes, decoding gives a value or the one error."""
    with contextlib.suppress(MalformedValueError):
        decode_value(encoded)


COLLIDING = [["i", hex(number * (2**61 - 1))] for number in range(20_000)]


@pytest.mark.parametrize(
    "encoded",
    [
        ["s", *COLLIDING],
        ["z", *(["t", 1, number] for number in COLLIDING)],
        ["d", *([number, 0] for number in COLLIDING)],
    ],
)
def test_members_that_are_made_to_collide_are_not_compared(encoded: list[object]) -> None:
    """Equal hashes would cost the square of their number, in a call that nothing interrupts."""
    assert isinstance(decode_value(encoded), Opaque)


def test_work_on_colliding_members_is_bounded_for_all_sets_together() -> None:
    """Many sets that are each small enough do not get past the bound."""
    sets = decode_value(["l", *(["s", *COLLIDING[:1000]] for _ in range(40))])
    assert len(sets[0]) == 1000
    assert isinstance(sets[-1], Opaque)


@pytest.mark.parametrize("members", [range(50_000), [2**k for k in range(5_000)], [k / 7 for k in range(20_000)]])
def test_large_sets_of_numbers_come_through(members: list[int]) -> None:
    """Also powers of two, of which only 61 have different hashes."""
    assert through(set(members)) == set(members)
    assert through(dict.fromkeys(members)) == dict.fromkeys(members)
