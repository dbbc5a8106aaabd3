"""The inputs of further checks: what is drawn looks like the examples, and is written so that it evaluates to itself."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genloom.state import parse_example
from genloom.tools.checks.comparison import Comparison, values_agree
from genloom.tools.checks.derived.drawing import draw
from genloom.tools.checks.derived.observing import Observer
from genloom.tools.checks.derived.relations import relations_of
from genloom.tools.checks.derived.rendering import render
from genloom.tools.checks.derived.target import Target, Unfit, find_target
from genloom.tools.checks.subject import Subject, parse_source
from genloom.tools.sandbox.report import Returned

EXACT = Comparison(exact_type=True)

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.binary(max_size=8))
keys = st.one_of(st.integers(), st.text(max_size=5), st.tuples(st.integers(), st.booleans()))
plain = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.sets(keys, max_size=4),
        st.frozensets(keys, max_size=4),
        st.dictionaries(keys, inner, max_size=4),
    ),
    max_leaves=12,
)


def target_of(source: str, *examples: str, asked: str = "") -> Target | Unfit:
    tree = parse_source(source)
    assert isinstance(tree, ast.Module)
    subject = Subject(files={"m.py": source}, trees=(tree,), module="m", asked=asked)
    return find_target(subject, [parse_example(text) for text in examples])


def drawn(source: str, *examples: str, seed: int = 1) -> list[tuple[Any, ...]]:
    """The inputs that are drawn for a function which seems to answer None and to change nothing."""
    target = target_of(source, *examples)
    assert isinstance(target, Target)
    inputs: list[tuple[Any, ...]] = []

    class Watching(Observer):
        def observe(self, arguments: tuple[Any, ...]) -> None:
            inputs.append(arguments)

    draw(target, Watching(target, lambda call: Returned(value=None)), seed)
    return inputs


@given(plain)
@settings(max_examples=200, deadline=None)
def test_a_rendered_value_evaluates_to_itself(value: Any) -> None:
    """Also where the module has redefined every builtin but `frozenset`: no other name is used."""
    again = eval(render(value), {"__builtins__": {"frozenset": frozenset}})
    assert values_agree(value, again, EXACT)


def test_what_is_not_plain_is_not_rendered() -> None:
    with pytest.raises(TypeError):
        render([object()])


@given(st.lists(st.tuples(st.integers(-9, 9), st.lists(st.integers(0, 9), max_size=5)), max_size=4))
@settings(max_examples=60, deadline=None)
def test_relations_hold_for_the_samples_that_they_come_from(samples: list[tuple[int, list[int]]]) -> None:
    """A relation is one that every sample keeps."""
    assert all(holds(sample) for holds in relations_of(samples) for sample in samples)


def test_an_index_stays_below_the_length() -> None:
    """What all examples keep between two arguments, every drawn input keeps."""
    inputs = drawn("def at(xs, i): return xs[i]\n", "at([4, 5, 6], 1) == 5", "at([7, 8], 0) == 7")
    assert len(inputs) > 5
    assert all(i < len(xs) for xs, i in inputs)


def test_texts_keep_characters_and_form() -> None:
    """A form such as `12:30` is kept; free words stay words over the letters seen."""
    assert all(
        text[2] == ":" and text.replace(":", "").isdigit()
        for (text,) in drawn("def f(s): return s\n", "f('12:30') == ''", "f('09:05') == ''")
    )
    words = drawn("def f(s): return s\n", "f('one two') == ''", "f('three') == ''")
    assert len(words) > 5
    assert all(text == " ".join(text.split()) and text for (text,) in words)


def test_lists_keep_order_size_and_width() -> None:
    """Sorted, distinct, never empty, rectangular: what all examples are, the drawn ones are."""
    ordered = drawn("def f(xs): return xs\n", "f([1, 4, 9]) == 1", "f([2, 3]) == 1")
    assert all(xs == sorted(set(xs)) and len(xs) >= 2 for (xs,) in ordered)
    tables = drawn("def f(m): return m\n", "f([[1, 2], [3, 4]]) == 1", "f([[5, 6, 7], [7, 8, 9], [1, 2, 3]]) == 1")
    assert all(len(row) == len(table) for (table,) in tables for row in table)


def test_hints_say_what_no_example_does() -> None:
    """Without examples the types decide, and nothing is empty."""
    inputs = drawn("def f(xs: list[tuple[str, int]], flag: bool | None) -> int: return 1\n")
    assert len(inputs) > 20
    assert all(xs and isinstance(flag, bool | None) for xs, flag in inputs)
    assert all(isinstance(text, str) and isinstance(number, int) for xs, _ in inputs for text, number in xs)


def test_the_same_request_draws_the_same_inputs() -> None:
    """Nothing but the target and the seed has a say, and another seed draws others."""
    source, examples = "def f(xs, k): return xs\n", ("f([3, 1, 2], 5) == 1", "f([5, 4], 10) == 1")
    assert drawn(source, *examples) == drawn(source, *examples)
    assert drawn(source, *examples) != drawn(source, *examples, seed=2)


def test_drawing_leaves_nothing_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypothesis's folder is made neither for examples nor for constants or characters."""
    monkeypatch.chdir(tmp_path)
    drawn("def f(s, n, x, b): return s\n", "f('one two', 1000000, 2.5, b'ab') == 1", "f('a', -70000, 1e9, b'') == 1")
    drawn("def f(s: str, n: int, x: float, b: bytes, m: dict[str, int]): return s\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "examples", "why"),
    [
        ("class f:\n    def __init__(self, x): pass\n", ["f(1) == 2"], "is a class"),
        ("async def f(x): return x\n", ["f(1) == 2"], "asynchronous"),
        ("def f(x):\n    yield x\n", ["list(f(1)) == [1]"], "generator"),
        ("import functools\n@functools.cache\ndef f(x): return x\n", ["f(1) == 1"], "decorated"),
        ("def f(x): return x\n", [], "neither examples nor type hints"),
        ("def f(): return 1\n", ["f() == 1"], "takes no arguments"),
        ("def f(x): return x\n", ["f(object) == 1"], "no plain literals"),
        ("f = abs\n", ["f(1) == 1"], "not defined by a `def`"),
        ("def f(x): return x\ndef g(x): return x\n", [], "no example names"),
    ],
)
def test_what_is_not_understood_is_said(source: str, examples: list[str], why: str) -> None:
    """No guess is made about classes, coroutines, generators, or functions that nothing tells of."""
    found = target_of(source, *examples)
    assert isinstance(found, Unfit)
    assert why.replace("no plain", "not plain") in found.why


def test_a_hint_that_says_too_little_is_said() -> None:
    """`list` alone does not tell of what."""
    target = target_of("def f(xs: list) -> int: return 1\n")
    assert isinstance(target, Target)
    unfit = draw(target, Observer(target, lambda call: Returned(value=None)), 1)
    assert isinstance(unfit, Unfit)
    assert "`list`" in unfit.why
