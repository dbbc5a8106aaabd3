"""The engine's parts, by themselves."""

from __future__ import annotations

import copy
import datetime
import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine_runs import answered
from hypothesis import given, settings
from hypothesis import strategies as st

from genloom.tools.synthesis.engine.equivalence import frozen, key_of
from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.grammar import all_operators
from genloom.tools.synthesis.engine.kinds import join_kinds, kind_of, parts, unify
from genloom.tools.synthesis.engine.ledger import Exhausted, Ledger, work_of
from genloom.tools.synthesis.engine.probes import draw_probes
from genloom.tools.synthesis.engine.problem import annotation_kind, read_literal
from genloom.tools.synthesis.engine.prompt_kinds import told_kind, with_told
from genloom.tools.synthesis.engine.rendering import tidied
from genloom.tools.synthesis.engine.vocabulary import numbers_in, stem, words_in
from genloom.tools.synthesis.protocol import read_line

ENGINE = Path(__file__).parents[2] / "genloom" / "tools" / "synthesis" / "engine"
scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.0, 1.0, 2.5]) | st.text("ab1", max_size=3)
keys = st.integers(-3, 3) | st.text("ab", max_size=2)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


def same(one: Any, other: Any) -> bool:
    """Equality that keeps `True` and `1` apart, at any depth."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


@given(values, values)
def test_frozen_values_are_equal_exactly_when_the_values_are(one: Any, other: Any) -> None:
    """The key of a value tells what `==` tells, and `True` from `1`."""
    assert (frozen(one) == frozen(other)) == same(one, other)


@given(values)
def test_a_key_can_be_hashed_and_is_the_same_for_a_copy(value: Any) -> None:
    """Equal values meet in a table, whatever their kind."""
    kind = kind_of(value)
    copy = read_literal(repr(value))
    assert hash(key_of(kind, (value, value))) == hash(key_of(kind, (copy, copy)))
    assert key_of(kind, (value,)) == key_of(kind, (copy,))


@given(values, values)
def test_joining_kinds_does_not_depend_on_the_order(one: Any, other: Any) -> None:
    """The kind of a parameter is that of all its values together."""
    assert join_kinds(kind_of(one), kind_of(other)) == join_kinds(kind_of(other), kind_of(one))


def test_a_kind_comes_apart_and_matches_a_pattern() -> None:
    """Variables are bound, and bound once."""
    assert parts("dict[str,list[int]]") == ("dict", ("str", "list[int]"))
    bound: dict[str, str] = {}
    assert unify("dict[K,T]", "dict[str,list[int]]", bound)
    assert bound == {"K": "str", "T": "list[int]"}
    assert not unify("tuple[T,T]", "tuple[int,str]", {})


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("list[int]", "list[int]"),
        ("List[str]", "list[str]"),
        ("Optional[int]", "int"),
        ("dict[str, float]", "dict[str,float]"),
        ("tuple[int, ...]", "list[int]"),
        ("collections.abc.Sequence[str]", "list[str]"),
        ("Widget", ""),
        ("not python (", ""),
    ],
)
def test_annotations_are_read(annotation: str, kind: str) -> None:
    """What the engine does not know it leaves open."""
    assert annotation_kind(annotation) == kind


@given(
    st.lists(st.tuples(st.text("ab 1:", max_size=6), st.lists(st.integers(-9, 9), max_size=4)), min_size=1, max_size=4)
)
def test_probes_are_new_and_always_the_same(rows: list[tuple[Any, ...]]) -> None:
    """The same examples give the same probes, none of them an example."""
    probes = draw_probes(rows, 6)
    assert probes == draw_probes(rows, 6)
    known = [frozen(list(row)) for row in rows]
    assert all(frozen(list(probe)) not in known for probe in probes)
    assert all(isinstance(text, str) and isinstance(items, list) for text, items in probes)


def test_every_block_does_what_its_code_says() -> None:
    """A block's code is an expression once its arguments stand in it."""
    for op in all_operators():
        code = op.code.format(*(f"(x{place})" for place in range(len(op.takes))))
        compile(code, "<block>", "eval")
        assert all(f"x{place}" in code for place in range(len(op.takes))), op.code


SAMPLES: dict[str, list[Any]] = {
    "int": [7, 0, 3, -2],
    "float": [2.5, -1.0, 0.0],
    "bool": [True, False],
    "str": ["ab Ca", "", "2024-02-29", "7"],
    "bytes": [b"ab"],
    "date": [datetime.date(2024, 2, 29)],
    "list[int]": [[3, 1, 3], []],
    "list[str]": [["b", "a", "b"], []],
    "list[bool]": [[True, False]],
    "list[list[int]]": [[[1, 2], [3, 4]]],
    "list[tuple[int,str]]": [[(1, "x"), (2, "y")]],
    "tuple[int,str]": [(1, "x")],
    "set[int]": [{1, 2}, {2, 3}, set()],
    "set[str]": [{"a"}],
    "dict[int,str]": [{1: "x", 2: "y"}],
    "dict[str,int]": [{"a": 2, "b": 1}],
}


def outcome(call: Callable[..., Any], *arguments: Any) -> Any:
    """What a call gives, or that it raised."""
    try:
        return call(*copy.deepcopy(arguments))
    except Exception:
        return "raised"


@pytest.mark.parametrize("op", all_operators(), ids=lambda op: f"{op.code} of {','.join(op.takes)}")
def test_a_block_gives_what_its_code_gives(op: Operator) -> None:
    """What the engine calls and what stands in the program are the same; only what is too large may be refused."""
    space = {"datetime": datetime}
    for line in {op.imports} - {""}:
        exec(line, space)
    names = [f"x{place}" for place in range(len(op.takes))]
    function = eval(f"lambda {', '.join(names)}: {op.code.format(*names)}", space)
    tried = 0
    for kinds in itertools.product(SAMPLES, repeat=len(op.takes)):
        bound: dict[str, str] = {}
        if not all(unify(pattern, kind, bound) for pattern, kind in zip(op.takes, kinds, strict=True)):
            continue
        for arguments in itertools.product(*(SAMPLES[kind] for kind in kinds)):
            given, written = outcome(op.call, *arguments), outcome(function, *arguments)
            if given != "raised":
                assert type(given) is type(written)
                assert given == written
            tried += 1
    assert tried


@pytest.mark.parametrize(
    ("code", "tidy"),
    [
        ("(sum(([(f(x)) for x in (list(range((3))))])))", "sum(f(x) for x in range(3))"),
        ("([x for x in ([x for x in (xs) if (x)])])", "[x for x in xs if x]"),
        ("(max((xs), key=lambda w: (len(w))))", "max(xs, key=len)"),
        ("(0 + ((a) / ((b) / 100)))", "a / (b / 100)"),
        ("(1 + (-(sum(xs))))", "1 - sum(xs)"),
        ("((len(xs)) * 1)", "len(xs)"),
    ],
)
def test_code_is_tidied(code: str, tidy: str) -> None:
    """Needless brackets, lists and lambdas go."""
    assert tidied(code) == tidy


def test_the_budget_ends_a_search_and_the_clock_says_so() -> None:
    """Only a cut by the clock is marked as one."""
    by_budget = Ledger(3, deadline=100.0, clock=lambda: 0.0)
    by_budget.spend()
    by_budget.spend()
    with pytest.raises(Exhausted):
        by_budget.spend()
    assert (by_budget.candidates, by_budget.cut_by_clock) == (3, False)
    by_clock = Ledger(10**6, deadline=1.0, clock=lambda: 2.0)
    with pytest.raises(Exhausted):
        by_clock.look()
    assert by_clock.cut_by_clock


@pytest.mark.parametrize("code", ["0 + (a < b)", "[] + xs", "'' + text", "0 + flag", "2 * len(xs)", "0 - len(xs)"])
def test_only_arithmetic_that_changes_nothing_goes(code: str) -> None:
    """A truth value becomes a number by it, a list a copy; other numbers matter."""
    assert tidied(code) == code


def test_work_counts_beside_candidates() -> None:
    """One candidate on many or large rows takes as much of the budget as several small ones."""
    assert work_of(5, 40) == 1
    assert work_of(150) > work_of(60) > 1
    assert work_of(5, 5_000) > 1
    ledger = Ledger(10, deadline=100.0, clock=lambda: 0.0)
    ledger.spend(4)
    ledger.charge(20)
    assert (ledger.candidates, ledger.work) == (1, 24)
    with pytest.raises(Exhausted):
        ledger.spend()


def test_large_arguments_take_more_of_the_budget() -> None:
    """With the same budget fewer candidates are tried on large values than on small ones."""
    small = answered("f", "Something", ["f([1, 5]) == 917", "f([7, 2]) == 443"], candidates=6_000)
    large = answered(
        "f", "Something", [f"f({list(range(600))}) == 917", f"f({list(range(7, 1200, 2))}) == 443"], candidates=6_000
    )
    assert large["candidates"] < small["candidates"] * 0.7


def test_one_letter_guides_nothing() -> None:
    """Functions of examples are called `f`, and numbers `n`; that says nothing of what they do."""
    assert words_in("Combine two numbers n and m", "f") == tuple(map(stem, ("combine", "two", "numbers")))


@pytest.mark.parametrize(
    ("prompt", "kind", "expected"),
    [
        ("Reverse a list of words", "list[?]", "list[str]"),
        ("Add up the numbers", "list[?]", "list[int]"),
        ("Add up the numbers", "list[str]", "list[str]"),
        ("The rows of a list of lists of integers", "list[list[?]]", "list[list[int]]"),
        ("Turn it around", "list[?]", "list[?]"),
    ],
)
def test_the_prompt_tells_what_empty_lists_hold(prompt: str, kind: str, expected: str) -> None:
    """What the examples show counts more."""
    assert with_told(kind, told_kind(prompt)) == expected


def test_words_are_compared_by_stem() -> None:
    """Endings do not matter, and numbers in words count."""
    assert stem("counting") == stem("counts") == stem("count")
    assert numbers_in("the last four of 12") == (4, 12)


@settings(max_examples=50)
@given(
    st.text(max_size=60)
    | st.sampled_from(['{"type":"found"}', '{"type":"progress","size":-1,"candidates":0}', "[]", "null"])
)
def test_a_malformed_line_of_the_worker_is_no_answer(line: str) -> None:
    """What does not follow the protocol exactly is dropped."""
    assert read_line(line) is None


def test_a_found_line_must_be_python() -> None:
    """Statements that break out of the function are refused."""
    line = (
        '{"type":"found","body":["return 1","","x = 2\\nimport os"],"imports":["IMPORT"],"expression":"1",'
        '"kinds":[],"gives":"int","cost":1,"held_back":false,"rivals":[],"candidates":1,"cut_by_clock":false,"notes":[]}'
    )
    assert read_line(line.replace("IMPORT", "import math")) is None
    assert read_line(line.replace("IMPORT", "print(1)")) is None


def test_the_worker_imports_nothing_else_of_genloom() -> None:
    """The engine's folder alone is enough to run it, in isolated mode."""
    check = (
        "import runpy, sys, io, json; sys.argv=['worker']; sys.stdin=io.StringIO('{}');"
        f"m=runpy.run_path({str(ENGINE / 'worker.py')!r}); m['_stand_in']();"
        "import genloom.tools.synthesis.engine.session;"
        "names=[n for n in sys.modules if n.startswith('genloom') and '.engine' not in n];"
        "third=[n for n in ('pydantic','langgraph','httpx') if n in sys.modules];"
        "print(json.dumps([names, third]))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[["genloom", "genloom.tools", "genloom.tools.synthesis"], []]'
