"""Wrong expectations: what an assertion becomes in a control run."""

from __future__ import annotations

import ast
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.tools.checks.controls.assertions import test_functions as functions_of
from genloom.tools.checks.controls.controls import plan_controls
from genloom.tools.checks.controls.wrong_expectation import SourceText, other_value, wrong_expectation

LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


def changed(source: str, seed: int) -> str:
    statement = ast.parse(source).body[0]
    assert isinstance(statement, ast.Assert)
    text = SourceText(source)
    edit = wrong_expectation(statement, text, Random(seed))
    assert edit is not None
    return text.edited([edit])


@given(value=LITERALS, seed=st.integers(0, 99))
def test_another_value_never_equals_the_first(value: Any, seed: int) -> None:
    """Whatever the literal, the wrong one differs from it by `==` and can be written down."""
    other = other_value(value, Random(seed))
    assert other != value
    assert eval(repr(other), {"inf": float("inf"), "nan": float("nan")}) == other


@given(value=LITERALS, seed=st.integers(0, 99))
def test_an_assertion_that_holds_fails_when_put_wrong(value: Any, seed: int) -> None:
    """A comparison with a literal on either side, or with a name, fails for the value it was written for."""
    known = {"value": value, "inf": float("inf")}
    for source in (f"assert value == {value!r}", f"assert {value!r} == value", "assert value == value"):
        exec(source, dict(known))
        with pytest.raises(AssertionError):
            exec(changed(source, seed), dict(known))


@pytest.mark.parametrize(
    "source",
    [
        "assert x != 3, 'said'",
        "assert x < 5",
        "assert (x) >= (4)",
        "assert x is not None",
        "assert None is not x",
        "assert x in (1, 4)",
        "assert 'ä' in 'bär' and 'b' in 'bär'",
        "assert x not in {3}",
        "assert not x == 3",
        "assert x",
        "assert 1 < x < 9",
        "assert (y := x) == 4 and y",
        "assert (\n    x  # of two lines\n    == 2\n    + 2\n)",
        "assert all(each for each in [x, 'ü'])",
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_other_assertions_are_turned_round(source: str, seed: int) -> None:
    """Each holds as it is written, and fails once it is put wrong."""
    exec(source, {"x": 4})
    with pytest.raises(AssertionError):
        exec(changed(source, seed), {"x": 4})


def test_only_assertions_that_are_surely_reached_count_as_sure() -> None:
    """Branches, handlers, `raises`, what stands after a possible return, and loops over a result are not."""
    source = """
def test_it(x):
    assert x == 1
    with open(x):
        assert x == 2
    for y in [1]:
        assert x == 3
    if x:
        assert x == -1
    with raises(Error):
        assert x == -2
    for y in x():
        assert x == -3
    try:
        assert x == -4
    finally:
        pass
    assert x == 4
    def inner():
        return 1
    assert x == 5
    if x:
        return
    assert x == -5
"""
    (test,) = functions_of(ast.parse(source))
    sure: dict[bool, list[str]] = {True: [], False: []}
    for each in test.assertions:
        assert isinstance(each.node, ast.Assert)
        sure[each.sure].append(ast.unparse(each.node.test).removeprefix("x == "))
    assert sure == {True: list("12345"), False: ["-1", "-2", "-3", "-4", "-5"]}


def test_a_control_differs_from_the_tests_in_nothing_but_expectations() -> None:
    """Same names, lines and comments: code that reads the file cannot tell a control by its form."""
    tests = (
        "from m import f  # ours\n\n\ndef test_a():\n    assert f(1) == 4\n\n\ndef test_b():\n    assert f(2) == 'ab'\n"
    )
    controls = plan_controls(tests, {"m.py": "def f(x): return x\n"}, Random(1))
    wrong = [run for run in controls.runs if run.kind == "a wrong expectation"]
    assert len(wrong) == 2
    for run in wrong:
        pairs = list(zip(tests.splitlines(), run.tests.splitlines(), strict=True))
        assert [before.split("==")[0] for before, after in pairs if before != after] == [
            "    assert f(1) ",
            "    assert f(2) ",
        ]
        assert run.files == {"m.py": "def f(x): return x\n"}
    (stub,) = [run for run in controls.runs if run not in wrong]
    assert stub.tests == tests
    assert "return x" not in stub.files["m.py"]


@given(st.text(max_size=300))
def test_any_text_can_be_planned(text: str) -> None:
    """What is no Python has no controls, and nothing raises."""
    plan_controls(text, {"m.py": text}, Random(0))


def test_nesting_of_the_draft_takes_no_wrong_expectation_away() -> None:
    """A draft that cannot be stubbed is controlled by wrong expectations all the same."""
    deep = "def f(x): return x\ny = 1" + " + 1" * 3000 + "\n"
    controls = plan_controls("from m import f\ndef test_a(): assert f(1) == 1\n", {"m.py": deep}, Random(0))
    assert sum(run.kind == "a wrong expectation" for run in controls.runs) == 2
