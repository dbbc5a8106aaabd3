"""Input that a search cannot use as it stands: each is handled, or told with its reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from genloom.tools.synthesis import Abstained, Found, SearchAnswer

Define = Callable[[SearchAnswer], dict[str, object]]


async def test_one_example_fits_and_proves_nothing(solve: Callable) -> None:
    """It is fitted to, shown as a doctest, and never held back."""
    answer = await solve("shout", "Upper case", "shout('ab') == 'AB'")
    assert isinstance(answer, Found)
    assert (answer.fitted, answer.held_out, answer.proven) == (("shout('ab') == 'AB'",), (), False)


async def test_the_same_example_twice_is_one_example(solve: Callable) -> None:
    """In other words, too: what was fitted to cannot surprise the program."""
    answer = await solve(
        "shout",
        "Upper case",
        *["shout('ab') == 'AB'"] * 3,
        "shout(text='ab') == 'AB'",
        signature="shout(text: str) -> str",
    )
    assert isinstance(answer, Found)
    assert answer.held_out == ()
    assert set(answer.fitted) == {"shout('ab') == 'AB'", "shout(text='ab') == 'AB'"}


@pytest.mark.parametrize(
    ("texts", "signature"),
    [
        (("f(1) == 2", "f(1) == 3"), None),
        (("f(1) == 2", "raises(ValueError, f(1))"), None),
        (("f(1) == 2", "f(n=1) == 3"), "f(n: int) -> int"),
        (("f(1) == 2", "f(1, 5) == 3"), "f(n: int, step: int = 5) -> int"),
    ],
)
async def test_examples_that_contradict_each_other_are_named(
    solve: Callable, texts: tuple[str, ...], signature: str | None
) -> None:
    """Also where the same call is written in two ways."""
    answer = await solve("f", "Something", *texts, signature=signature)
    assert isinstance(answer, Abstained)
    assert "contradict each other" in answer.reason
    assert all(text in answer.reason for text in texts)
    assert answer.candidates == 0


async def test_examples_that_raise_guard_what_is_found(solve: Callable, define: Define) -> None:
    """The program raises what the examples ask for, and its docstring says so."""
    answer = await solve(
        "first",
        "The first item",
        "first([3, 1]) == 3",
        "first([7]) == 7",
        "first([5, 5]) == 5",
        "raises(IndexError, first([]))",
    )
    assert isinstance(answer, Found)
    assert "`first([])` raises `IndexError`." in answer.source
    first = define(answer)["first"]
    assert callable(first)
    with pytest.raises(IndexError):
        first([])


async def test_only_errors_are_told(solve: Callable) -> None:
    """What a call gives nobody has said."""
    answer = await solve("f", "Refuse", "raises(ValueError, f(1))", "raises(ValueError, f(2))")
    assert isinstance(answer, Abstained)
    assert "all raise" in answer.reason


@pytest.mark.parametrize(
    ("name", "prompt", "texts"),
    [
        ("size", "How many items", ("size([1, 'a', None]) == 3", "size([]) == 0", "size([2.5, True]) == 2")),
        ("kept", "The same", ("kept(1) == 1", "kept('a') == 'a'", "kept([2]) == [2]", "kept(None) is None")),
    ],
)
async def test_mixed_types(solve: Callable, define: Define, name: str, prompt: str, texts: tuple[str, ...]) -> None:
    """Values of several types in one list, or from call to call."""
    space = define(await solve(name, prompt, *texts))
    assert all(eval(text, space) for text in texts)


@pytest.mark.parametrize(
    ("name", "prompt", "texts"),
    [
        (
            "mean",
            "The mean, rounded to two decimals",
            ("mean([1, 2, 2]) == 1.67", "mean([1, 2]) == 1.5", "mean([0, 0, 1]) == 0.33"),
        ),
        ("half", "Half", ("half(1.5) == 0.75", "half(3) == 1.5", "half(-2.5) == -1.25")),
        ("add", "The sum of two numbers", ("add(1.5, 2.25) == 3.75", "add(-1.0, 0.5) == -0.5", "add(3, 0.5) == 3.5")),
    ],
)
async def test_floats(solve: Callable, define: Define, name: str, prompt: str, texts: tuple[str, ...]) -> None:
    """Rounded or not, what is found gives the very values."""
    space = define(await solve(name, prompt, *texts))
    assert all(eval(text, space) for text in texts)


async def test_a_float_that_no_rule_gives_to_the_last_digit_is_told_or_met(solve: Callable, define: Define) -> None:
    """0.1 + 0.2 is not 0.3: no program is given that misses the example."""
    texts = ("add(0.1, 0.2) == 0.3", "add(1.5, 2.5) == 4.0", "add(2, 5) == 7")
    answer = await solve("add", "The sum of two numbers", *texts)
    if isinstance(answer, Found):
        space = define(answer)
        assert all(eval(text, space) for text in texts)
    else:
        assert answer.reason


@pytest.mark.parametrize(
    ("name", "prompt", "texts"),
    [
        (
            "union",
            "Union of two sets",
            ("union({1}, {2}) == {1, 2}", "union(set(), {3}) == {3}", "union({4}, {4}) == {4}"),
        ),
        ("size", "Number of entries", ("size({'a': 1}) == 1", "size({}) == 0", "size({1: 2, 3: 4}) == 2")),
        (
            "keys",
            "The keys, sorted",
            ("keys({'b': 1, 'a': 2}) == ['a', 'b']", "keys({}) == []", "keys({'z': 0, 'c': 1}) == ['c', 'z']"),
        ),
        (
            "frozen",
            "As a frozen set",
            ("frozen([1, 1]) == frozenset({1})", "frozen([]) == frozenset()", "frozen([2, 3]) == frozenset({2, 3})"),
        ),
        ("upper", "Upper case", ("upper('äö') == 'ÄÖ'", "upper('ñ') == 'Ñ'", "upper('日本 é') == '日本 É'")),
        ("length", "How many characters", ("length('🙂') == 1", "length('aé') == 2", "length('\\u202eabc') == 4")),
        ("plus", "Add two numbers", (f"plus({10**30}, 1) == {10**30 + 1}", "plus(2, 3) == 5", "plus(-4, 4) == 0")),
    ],
)
async def test_sets_dictionaries_unicode_and_huge_numbers(
    solve: Callable, define: Define, name: str, prompt: str, texts: tuple[str, ...]
) -> None:
    """They are values like others."""
    space = define(await solve(name, prompt, *texts))
    assert all(eval(text, space) for text in texts)


@pytest.mark.parametrize(
    "text",
    [
        f"f({'x' * 5000!r}) == 5000",
        f"f({[1] * 2000!r}) == 2000",
        f"f(3) == {10**4200}",
        f"f({'[' * 60}{']' * 60}) == 1",
    ],
    ids=["text", "list", "number", "nesting"],
)
async def test_huge_literals_are_told_or_searched_within_the_bounds(solve: Callable, text: str) -> None:
    """Nothing breaks off: the answer has a reason of its own."""
    answer = await solve("f", "Length", text, candidates=5_000)
    assert isinstance(answer, Found) or "broke off" not in answer.reason
    if len(text) > 4_100:
        assert isinstance(answer, Abstained)
        assert "4000 characters" in answer.reason


async def test_what_a_generator_yields_is_asked_for_as_a_list(solve: Callable, define: Define) -> None:
    """`list(f(3)) == […]` is met by a function that returns the items."""
    texts = ("list(upto(3)) == [0, 1, 2]", "list(upto(0)) == []", "list(upto(5)) == [0, 1, 2, 3, 4]")
    space = define(await solve("upto", "The numbers below n", *texts))
    assert all(eval(text, space) for text in texts)


@pytest.mark.parametrize(
    "text", ["f(x for x in [1, 2]) == 3", "f(iter([1])) == 1", "f(range(3)) == 3", "next(f(1)) == 2", "list(f(1)) == 2"]
)
async def test_generators_as_arguments_are_told(solve: Callable, text: str) -> None:
    """Only literals can be looked at; the reason names the example."""
    answer = await solve("f", "Something", text)
    assert isinstance(answer, Abstained)
    assert "not a plain call" in answer.reason


async def test_no_examples_are_told_with_what_to_give(solve: Callable) -> None:
    """There is nothing to search by."""
    answer = await solve("double", "Double a number")
    assert isinstance(answer, Abstained)
    assert "double(…) == …" in answer.reason


@pytest.mark.parametrize("text", ["f(1) == 2j", "f(1j) == 2", "f([1, ...]) == 2", "f(1) == (1, ...)"])
async def test_values_that_no_search_knows_are_told(solve: Callable, text: str) -> None:
    """Complex numbers and ellipses are literals of Python, too."""
    answer = await solve("f", "Something", "f(2) == 3", text)
    assert isinstance(answer, Abstained)
    assert text in answer.reason


async def test_whole_numbers_beyond_every_float_are_values(solve: Callable) -> None:
    """They are no reason to break off."""
    big = 10**400
    answer = await solve("same", "Add one", f"same({big}) == {big + 1}", "same(3) == 4", "same(9) == 10")
    assert not any("broke" in note for note in getattr(answer, "notes", ()))
    assert "broke" not in getattr(answer, "reason", "")


@pytest.mark.parametrize(
    "signature", ["f(", "g(n: int) -> int", "f(*n: int) -> int", "f(n: int, *, step: int = 1)", "f(n: int, /) -> int"]
)
async def test_a_signature_that_would_not_be_kept_is_told(solve: Callable, signature: str) -> None:
    """Rather than replaced by another one."""
    answer = await solve("f", "Add one", "f(1) == 2", "f(5) == 6", signature=signature)
    assert isinstance(answer, Abstained)
    assert signature in answer.reason
