"""`None`: as the result of some examples, inside of values, and as an argument."""

from __future__ import annotations

from typing import Any

import pytest
from engine_runs import answered

BUDGET = 20_000


def _function(found: dict[str, Any], name: str, parameter: str) -> Any:
    assert found["type"] == "found", found
    lines = [*found["imports"], f"def {name}({parameter}):", *(f"    {line}" for line in found["body"])]
    space: dict[str, Any] = {}
    exec("\n".join(lines), space)
    return space[name]


@pytest.mark.parametrize(
    ("prompt", "examples", "parameter", "argument", "expected"),
    [
        (
            "The longest of the words",
            ["f(['a', 'bcd']) == 'bcd'", "f([]) == None", "f(['xy', 'z']) == 'xy'", "f(['q']) == 'q'"],
            "texts", ["to", "see"], "see",
        ),
        (
            "Words in reverse",
            ["f(['a', 'bcd']) == ['bcd', 'a']", "f([]) == None", "f(['xy', 'z']) == ['z', 'xy']"],
            "texts", ["k", "l"], ["l", "k"],
        ),
        (
            "Largest and smallest of the numbers",
            ["f([3, 1, 2]) == (3, 1)", "f([]) == None", "f([5, 9]) == (9, 5)", "f([4]) == (4, 4)"],
            "numbers", [7, 8, 6], (8, 6),
        ),
        ("Is it even", ["f(2) == True", "f(0) == None", "f(3) == False", "f(5) == False"], "n", 8, True),
    ],
)  # fmt: skip
def test_some_examples_may_give_none(
    prompt: str, examples: list[str], parameter: str, argument: Any, expected: Any
) -> None:
    """What gives `None` gets a guard; the rest is found as if it were not there."""
    found = answered("f", prompt, examples, candidates=BUDGET)
    function = _function(found, "f", parameter)
    assert found["gives"].endswith("|none")
    assert function(argument) == expected
    assert all(eval(example, {"f": function}) for example in examples)


def test_an_argument_may_be_none() -> None:
    """Then the guard asks for that, not for a type."""
    found = answered("f", "Upper case", ["f('ab') == 'AB'", "f(None) == None", "f('xyz') == 'XYZ'"], candidates=BUDGET)
    assert found["body"][0] == "if text is None:"


@pytest.mark.parametrize(
    "examples",
    [
        ["f([[1, 2], [3]]) == [[1, 4], [9]]", "f([None, [3]]) == [None, [9]]", "f([[4, 5, 6]]) == [[16, 25, 36]]"],
        ["f([1, 2]) == ([2], [1])", "f([]) == (None, None)", "f([4, 5, 6]) == ([4, 6], [5])"],
        ["f('aab') == {'a': 2, 'b': None}", "f('') == {}", "f('xx') == {'x': 2}"],
        ["f([(1, 2), None]) == [3, None]", "f([(4, 5)]) == [9]", "f([None]) == [None]"],
        ["f(2) == None", "f(0) == None", "f(3) == None"],
    ],
)
def test_none_anywhere_breaks_no_strategy(examples: list[str]) -> None:
    """Found or not, the search comes to its end, and every strategy to its own."""
    found = answered("f", "Something of each", examples, candidates=6_000)
    assert "broke off" not in found.get("reason", "") + " ".join(found.get("notes", []))
