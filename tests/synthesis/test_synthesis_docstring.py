"""The docstring of a found program: its doctests hold whatever equal value the program gives."""

from __future__ import annotations

import doctest
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.state import parse_example
from genloom.tools.synthesis.calls import Call, read_calls
from genloom.tools.synthesis.docstring import write_docstring


def calls_of(*texts: str) -> tuple[Call, ...]:
    read = read_calls("f", "", None, tuple(map(parse_example, texts)))
    assert isinstance(read, tuple)
    return read[1]


def run_doctests(text: str, **names: object) -> doctest.TestResults:
    """Run the doctests of a docstring as it stands in source."""
    test = doctest.DocTestParser().get_doctest(eval(text), names, "f", None, None)
    return doctest.DocTestRunner(verbose=False).run(test, out=lambda _: None)


@pytest.mark.parametrize(
    ("expected", "gives", "given_back"),
    [
        ("2", "float", 2.0),
        ("2.0", "float", 2),
        ("[1, 2]", "list[float]", [1.0, 2]),
        ("1", "any", True),
        ("{'b', 'a', 'c'}", "set[str]", {"c", "b", "a"}),
        ("{'a': 1, 'b': 2}", "dict[str,int]", {"b": 2, "a": 1}),
        ("[{1, 2}]", "list[set[int]]", [{2, 1}]),
        ("None", "int|none", None),
        ("'it\\'s \"so\"\\n'", "str", 'it\'s "so"\n'),
        ("'\\\\d'", "str", "\\d"),
        ("1.5", "float", Fraction(3, 2).__float__()),
        ("{}", "dict[str,int]", {}),
        ("'ä\\u202e'", "str", "ä\u202e"),
    ],
)
def test_doctests_hold_for_equal_values_of_other_types_and_orders(
    expected: str, gives: str, given_back: object
) -> None:
    """A search looks for equal values: 2.0 for 2 is right, and must not fail the doctest."""
    text = write_docstring("Something", calls_of(f"f(1) == {expected}"), gives)
    result = run_doctests(text, f=lambda _: given_back)
    assert (result.attempted, result.failed) == (1, 0)


def test_what_is_sure_is_shown_plainly() -> None:
    """Values that print in one way stand under the call."""
    text = write_docstring("Double", calls_of("f(1) == 2", "f(2) == 4"), "int")
    assert text == '"""Double.\n\n>>> f(1)\n2\n>>> f(2)\n4\n"""'


def test_errors_are_said_in_words() -> None:
    """Which subclass is raised with which message is not known: a doctest could not tell."""
    text = write_docstring("Double", calls_of("f(1) == 2", "raises(ValueError, f(-1))"), "int")
    assert "`f(-1)` raises `ValueError`." in text


@given(st.text(), st.text())
def test_any_prompt_and_text_make_a_docstring(prompt: str, value: str) -> None:
    """Whatever stands in them, the docstring parses, and its doctests are those of the examples."""
    try:
        calls = calls_of(f"f({value!r}) == {value!r}")
    except AssertionError:  # too long for a search
        return
    result = run_doctests(write_docstring(prompt, calls, "str"), f=lambda text: text)
    assert result.failed == 0
