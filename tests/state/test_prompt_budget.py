"""What looking for examples in a prompt may cost: no text, however it is made, takes more than a bounded number of tries."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genloom.state import GenerationRequest, examples_in_text, prompt_examples, request
from genloom.state.example import Example, parse_example

PIECES = [
    "f(1)==",
    "f(1) == [1, ",
    "f((1 == [0];, ",
    "f('",
    "f(1) == 1 + - , ; ",
    "`",
    "f(,() ",
    "g(2) is None, ",
    "\n",
    " # ",
]


class Parsing:
    """The real parser, which counts what it is given."""

    def __init__(self) -> None:
        self.texts = 0
        self.characters = 0

    def __call__(self, text: str) -> Example:
        self.texts += 1
        self.characters += len(text)
        return parse_example(text)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6))
def test_no_text_is_parsed_without_end(pieces: list[str]) -> None:
    """A few characters, repeated, once had the parser tried tens of millions of times."""
    line = "".join(pieces)
    text = (f"{line * (1_990 // len(line))}\n" * 100)[:199_000]
    parsing = Parsing()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prompt_examples, "parse_example", parsing)
        examples_in_text(text)
    assert parsing.texts <= prompt_examples.MAX_PARSES
    assert parsing.characters <= prompt_examples.MAX_PARSED_CHARACTERS


def test_the_budget_reaches_for_far_more_examples_than_people_write() -> None:
    """Sixty lines of twenty examples, and remarks full of brackets among them: all are found."""
    lines = [", ".join(f"f({20 * line + place}) == [{place}, ({line})]" for place in range(20)) for line in range(60)]
    prose = "\nNote (see x = y(z(1)), and don't [so] -- `other(1)` is none); it holds.\n"
    assert len(examples_in_text(prose.join(lines))) == 1_200


def test_what_stands_after_the_budget_is_left_alone() -> None:
    """The first ones count, in the order of the text."""
    found = examples_in_text("".join(f">>> f({number})\n{number}\n" for number in range(5_000)))
    assert [example.expected for example in found] == [str(number) for number in range(prompt_examples.MAX_PARSES)]


def test_texts_with_brackets_and_signs_in_them_are_read_whole() -> None:
    """What looks like an end inside a text, a bracket or a remark is none."""
    texts = [
        "f('a, b; c) and (d') == \"it's, so\"",
        "f('''x\"y, z''') == [1, (2, {'k': 'v; w'})]",
        "f(4) == 5",
    ]
    prompt = f"Such as {texts[0]}, {texts[1]}, or {texts[2]} # but, f(9) == (1"
    assert [example.text for example in examples_in_text(prompt)] == [parse_example(text).text for text in texts]


def test_a_request_parses_its_tests_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be long, and several things about them are asked."""
    parsed = []

    def parse(source: str) -> ast.Module:
        parsed.append(source)
        return ast.parse(source)

    monkeypatch.setattr(request, "parse_module", parse)
    tests = "import here.it\nif True:\n    try:\n        from mine import made\n    except ImportError: import late\n"
    made = GenerationRequest(prompt="Make it.", tests=tests)
    assert (made.target_name, made.module_name) == ("made", "mine")
    assert parsed.count(tests) == 1


def test_a_signature_is_no_book() -> None:
    """It is parsed in more than one way."""
    with pytest.raises(ValueError, match="longer than"):
        GenerationRequest(prompt="x", signature=f"f({'a, ' * 5_000})")
