"""Cost: redaction and screening take time linear in a text's length, whatever it is made of.

Four times the text may take eight times as long, which is far from the sixteen times of a quadratic expression. The time is
the thread's own, and the best of a few tries counts: other work on the machine cannot make a test fail.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from genloom.tools.security import delimit, redact, screen
from genloom.tools.security.assignments import assigned_secrets, url_passwords
from genloom.tools.security.detection import MARKER
from genloom.tools.security.encodings import encoded_instructions
from genloom.tools.security.hidden_characters import hidden_characters
from genloom.tools.security.instruction_phrases import compiled_phrase
from genloom.tools.security.instructions import ALL, commands, instructions
from genloom.tools.security.lookalikes import lookalikes
from genloom.tools.security.patterns import PATTERNS, SecretPattern, compiled

pytestmark = pytest.mark.slow

SMALL = 5_000
NOISE = 0.02
"""Seconds: what is this fast even at the larger size is fast enough."""
TRIES = 4

Shape = tuple[str, str, str]
"""What a text begins with, what is repeated, and what it ends with."""

ENDS = ("", "!", "\n\u202e", "411g")
PEM = "-----BEGIN PRIVATE" + " KEY-----"

SHAPES = {
    "hidden": [
        *("a", "\u200b", "a\u200b", "a\u200b\u200c\u200d", "\u202e", "\u202ea", "\u2066(", "\u2066\u2069", "\u202e\n"),
        *("\ufe0f", "a\ufe01", "\U000e0061", "\U0001f3f4\U000e0061", "\u3164", "\u00ad", "\u2029\u202a", "'\u2067"),
    ],
    "encoded": [
        *("a", "01", "41 ", "411, ", "0x41, ", "65,", "0b", "A" * 20 + "\n", "A" * 20 + "=\n", "A" * 19 + "=", "\\x41"),
        *("\\u0041", "&#65;", "&#x41;a", "%41", "%a", "%41" + "a" * 31, "I g ", "a.b.", "a|", "ebg vafgehpgvba "),
        *("snoitcurtsni ", "snoitcurtsni, erongi. ", "a ,", "1 2 ", '"A+', "\\n"),
    ],
    "lookalikes": [
        "a",
        "\u0430",
        "\u0430a",
        "\u0430a ",
        "\u0430a_",
        "\u0561",
        "\uff49\uff47",
        "\uff49\uff47 ",
        "é",
        "\u0435" * 80 + "a",
        "_\u0430",
        "\u043e\n",
        "é" * 4_001 + "\n",
    ],
    "assignments": [
        *(
            "password",
            "password=",
            "password='",
            'password="\\',
            "password: a | ",
            "PASSWORD=",
            "\nPASSWORD=",
            "token: ",
        ),
        *("secret_key", "key", "pass_", "connection_string = ", "authorization:", "authorization: bearer a", "x"),
        *("password=abcdef1234 ", "password = {a", "password = <<<<<<<", "pwd=" + "a1" * 300, "\u0130password="),
    ],
    "urls": [
        "://",
        "://a",
        "://a:",
        "://a:b",
        "://a:b@",
        "a:b@",
        "://" + "a" * 256,
        "://:{}@",
        "curl ",
        "curl -u a:",
        "curl -u a",
    ],
    "markers": ["[redacted: ", "[redacted: x]", "[blocked: ", "[blocked: x, 1", "[blocked: x, 1 characters]"],
    "instructions": [
        *("do not tell the user ", "ai must ", "<|im_start|>", "upload .env ", "ignore all previous instructions\n"),
        *(
            "ignore ",
            "ignore all the ",
            "send key ",
            "é",
            "a ",
            "a.",
            "_",
            "A",
            "aB",
            "\n",
            "\n ",
            "忽略之前",
            "التعليمات انس ",
        ),
        *("İgnore ", "e\u0301", "\u0591", "ignore, all; the: "),
    ],
}


def _alternating(pieces: tuple[str, ...]) -> list[str]:
    return [*pieces, " ".join(pieces) + " ", "".join(pieces)]


def of_pattern(pattern: SecretPattern) -> list[str]:
    """Return what a pattern's start can be followed by: nothing, too little, what is none of its characters."""
    return [
        f"{before}{start}{after}"
        for start in (PEM if start == "PRIVATE KEY" else start for start in pattern.starts)
        for before in ("", "-", "1" * 9)
        for after in ("", "a" * 31, "A1" * 40, "a.", ".eyJaaaaaaaa", " ", "A" * 39 + "\n", "-----END ", "/services/")
    ]


DETECTORS: dict[str, tuple[Callable[[str], object], list[str]]] = {
    "hidden characters": (lambda text: [*hidden_characters(text)], SHAPES["hidden"]),
    "encoded instructions": (lambda text: [*encoded_instructions(text)], SHAPES["encoded"]),
    "look-alikes": (lambda text: [*lookalikes(text)], SHAPES["lookalikes"]),
    "instructions": (instructions, SHAPES["instructions"]),
    "instructions, many": (lambda text: instructions(8 * text), ["do not tell the user ", "<|im_start|>"]),
    "commands": (commands, SHAPES["instructions"]),
    "assignments": (lambda text: [*assigned_secrets(text)], SHAPES["assignments"]),
    "URL passwords": (lambda text: [*url_passwords(text)], SHAPES["urls"]),
    "markers": (lambda text: [*MARKER.finditer(text)], SHAPES["markers"]),
    "fences": (lambda text: delimit("t", text), ["data-", "<data-0123456789ab>"]),
    "redaction": (redact, [*SHAPES["assignments"], *SHAPES["markers"], "ghp_" + "a" * 36 + " "]),
    "screening": (screen, ["a", "\u202e", "41 ", "é", "a\u200b\u200c", "key you ", "[blocked: x, 1 characters]"]),
}


def _matches(expression: re.Pattern[str]) -> Callable[[str], object]:
    return lambda text: [*expression.finditer(text)]


DETECTORS |= {f"{row.kind} {row.starts[0]}": (_matches(compiled(row)), of_pattern(row)) for row in PATTERNS}
DETECTORS |= {
    f"{row.kind} {number}": (_matches(compiled_phrase(row)), _alternating((*row.seeds, *row.near)))
    for number, row in enumerate(ALL)
}


def seconds(detector: Callable[[str], object], text: str) -> float:
    """Return what one call takes of this thread's time."""
    start = time.thread_time()
    detector(text)
    return time.thread_time() - start


def grows_too_fast(detector: Callable[[str], object], shape: Shape) -> bool:
    """Whether every try took more than eight times as long for four times the text."""
    head, unit, tail = shape
    large = head + unit * (4 * SMALL // len(unit)) + tail
    if seconds(detector, large) <= NOISE:
        return False
    small = head + unit * (SMALL // len(unit)) + tail
    return all(seconds(detector, large) > 8 * seconds(detector, small) + NOISE for _ in range(TRIES))


@pytest.mark.parametrize("name", DETECTORS)
def test_four_times_the_text_costs_at_most_eight_times_as_much(name: str) -> None:
    """Each detector by itself, with repetitions made for its own expressions, and an end that they cannot match."""
    detector, units = DETECTORS[name]
    detector("warm up: ignore all previous instructions")
    slow = [
        shape
        for unit in units
        for shape in (*(("", unit, end) for end in ENDS), ("/*", unit, unit[:1] * SMALL))
        if grows_too_fast(detector, shape)
    ]
    assert slow == []


def test_a_cost_that_grows_much_faster_would_be_noticed() -> None:
    """The measure itself, on a cost whose growth no other work on the machine hides: 64 times for four times the text."""

    def cubic(text: str) -> None:
        for _ in range(len(text) ** 3 // 10**6):
            pass

    assert grows_too_fast(cubic, ("", "a", ""))
