"""What is held back from a search, and what meeting it proves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.state import parse_example
from genloom.tools.synthesis.calls import read_calls
from genloom.tools.synthesis.holdout import hold_back, proves


def _calls(*examples: str):
    read = read_calls("f", "", None, [parse_example(example) for example in examples])
    assert isinstance(read, tuple)
    return read[1]


@pytest.mark.parametrize(
    "examples",
    [
        ("f('miss') == 2", "f('') == 0", "f('abc') == 0"),
        ("f([1, 2, 3, 4]) == 6", "f([]) == 0", "f([5]) == 0"),
        ("f('hello World') == 'Hello World'", "f('') == ''", "f('a') == 'A'"),
        ("f('same') == 'same'", "f('ab') == 'AB'"),
        ("f(5) == 25",),
    ],
)
def test_a_trivial_example_is_never_held_back_as_the_only_proof(examples):
    """Almost any program gives nothing for nothing, or the input itself for one input."""
    fit, held = hold_back(_calls(*examples))
    assert held == ()
    assert len(fit) == len(examples)


def test_a_telling_example_is_held_back_and_another_is_fitted():
    """The empty input stays with what is fitted."""
    fit, held = hold_back(_calls("f('a b') == 'a-b'", "f('c d e') == 'c-d-e'", "f('') == ''"))
    assert len(held) == 1
    assert held[0].example.expected != "''"
    assert any(call.example.expected != "''" for call in fit)


def test_a_larger_program_needs_more_proof():
    """One more example is met by chance by some of many large programs."""
    _, held = hold_back(_calls("f('a b') == 'a-b'", "f('c d e') == 'c-d-e'", "f('') == ''"))
    assert proves(held, 5)
    assert not proves(held, 40)
    assert not proves((), 1)


@given(st.lists(st.tuples(st.lists(st.integers(-3, 3), max_size=3), st.integers(-3, 3)), min_size=1, max_size=9))
def test_every_example_is_either_fitted_or_held_back(rows):
    """Nothing is lost, and something is always left to fit."""
    calls = _calls(*(f"f({numbers!r}) == {result}" for numbers, result in rows))
    fit, held = hold_back(calls)
    assert sorted(map(id, (*fit, *held))) == sorted(map(id, calls))
    assert fit


def test_yes_and_no_are_held_back_both():
    """Nearly any wrong test gives the commoner result: meeting only that proves nothing."""
    fit, held = hold_back(_calls("f(2) == True", "f(4) == True", "f(9) == False", "f(7) == False", "f(8) == True"))
    assert {call.example.expected for call in held} == {"True", "False"}
    assert {call.example.expected for call in fit} == {"True", "False"}
    assert proves(held, 5)
    assert not proves([call for call in held if call.example.expected == "True"] * 2, 5)


def test_a_larger_test_is_proven_by_two_of_each():
    """Of many tests one in four meets one yes and one no by chance."""
    yes, no = _calls("f(2) == True", "f(9) == False")
    assert proves([yes, no], 8)
    assert not proves([yes, no], 9)
    assert not proves([yes, yes, no], 9)
    assert proves([yes, yes, no, no], 9)


def test_without_two_of_each_a_yes_or_no_is_fitted_to_all():
    """One `False` among many `True` is needed where it can teach something."""
    _, held = hold_back(_calls("f(2) == True", "f(4) == True", "f(6) == True", "f(8) == True", "f(9) == False"))
    assert held == ()
