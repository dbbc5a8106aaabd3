"""Constants: the literals a search may use, taken from the prompt and from the shape of the examples.

A constant that only one example's result holds would be a table in disguise: it is not offered.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.expression import Expression, Operator
from genloom.tools.synthesis.engine.kinds import kind_of
from genloom.tools.synthesis.engine.problem import Case, Problem
from genloom.tools.synthesis.engine.vocabulary import Lexicon, numbers_in, stems

__all__ = ["constant", "constants_of", "separators_of"]

_MARKS = {
    ",": "comma", "-": "dash hyphen slug kebab", "_": "underscore snake", ".": "dot period point", ":": "colon",
    "/": "slash", "*": "star asterisk mask", "\n": "line newline row", "@": "email mail", "#": "hash", "+": "plus",
    ";": "semicolon", "|": "pipe", "!": "exclamation", "?": "question", "&": "ampersand", "=": "equal",
}  # fmt: skip
_WORDED = {
    "aeiou": "vowel consonant",
    "aeiouAEIOU": "vowel consonant",
    "abcdefghijklmnopqrstuvwxyz": "alphabet pangram letter shift caesar cipher",
    "0123456789": "digit",
}
MAX_CONSTANT = 40


def constant(value: Any, rows: int, *, cost: int = 1, mask: int = 0) -> Expression:
    """The expression of a literal."""
    kind = kind_of(value)
    code = repr(value).replace("{", "{{").replace("}", "}}")
    op = Operator(code=code, takes=(), gives=kind, call=_never, cost=cost)
    return Expression(op, (), kind, (value,) * rows, cost=cost, mask=mask, uses=0)


def _never(*_: Any) -> Any:
    raise TypeError("a constant is not called")


def constants_of(problem: Problem, lexicon: Lexicon, rows: int) -> list[Expression]:
    """The constants of a problem, cheapest first, each value once."""
    offered: dict[tuple[str, Any], tuple[int, int]] = {}

    def offer(value: Any, cost: int, mask: int = 0) -> None:
        key = (kind_of(value), value)
        if key not in offered or cost < offered[key][0]:
            offered[key] = (cost, mask)

    for value, cost in ((0, 1), (1, 1), (2, 2)):
        offer(value, cost)
    for number in numbers_in(problem.prompt):
        offer(number, 1)
    for text, cost, mask in _texts(problem, lexicon):
        offer(text, cost, mask)
    for result, cost in _results(problem):
        offer(result, cost)
    found = [constant(value, rows, cost=cost, mask=mask) for (_, value), (cost, mask) in offered.items()]
    return sorted(found, key=lambda expression: expression.cost)


def _texts(problem: Problem, lexicon: Lexicon) -> list[tuple[str, int, int]]:
    if not any("str" in kind for kind in (*problem.kinds, problem.gives)):
        return []
    found = [("", 2, 0), (" ", 1 if problem.gives == "str" else 2, 0)]
    found += [(quoted, 1, 0) for quoted in _quoted(problem.prompt)]
    found += [(mark, 1, mask) for mark, words in _MARKS.items() if (mask := lexicon.mask_of(stems(words)))]
    found += [(text, 1, mask) for text, words in _WORDED.items() if (mask := lexicon.mask_of(stems(words)))]
    found += [(text, 2, 0) for text in separators_of(problem.fit)]
    found += [(text, 2 + len(text) // 4, 0) for text in _shared_ends(problem.fit)]
    found += [(word, 2, 0) for word in re.findall(r"[A-Za-z]{2,}", problem.prompt) if _in_results(word, problem.fit)]
    return found


def _quoted(prompt: str) -> list[str]:
    return [text for text in re.findall(r"[\"'`]([^\"'`]{1,20})[\"'`]", prompt) if "(" not in text]


def _in_results(word: str, cases: Sequence[Case]) -> bool:
    return any(isinstance(case.expected, str) and word in case.expected for case in cases)


def separators_of(cases: Sequence[Case]) -> tuple[str, ...]:
    """Marks that divide the texts of most examples, in arguments or results, in a fixed order."""
    sides: list[str] = []
    for case in cases:
        sides += [" ".join(_strings(case.arguments)), " ".join(_strings(case.expected))]
    spoken = [text for text in sides if text.strip()]
    found = []
    for mark in sorted(
        {character for text in spoken for character in text if not character.isalnum() and character != " "}
    ):
        holders = sum(mark in text for text in spoken)
        if holders * 2 >= len(spoken) / 2:
            found.append(mark)
            if all(text.count(f"{mark} ") == text.count(mark) for text in spoken if mark in text) and mark in ",;:.":
                found.append(f"{mark} ")
    return tuple(found[:12])


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for text in _strings(list(pair))]
    if isinstance(value, list | tuple | set | frozenset):
        return [text for item in value for text in _strings(item)]
    return []


def _shared_ends(cases: Sequence[Case]) -> list[str]:
    """What all results start or end with, and what stands between an argument that they hold and the next."""
    results = [case.expected for case in cases if isinstance(case.expected, str)]
    if len(results) < 2 or len(set(results)) < 2:
        return []
    start, end = _common(results), _common([text[::-1] for text in results])[::-1]
    given = [" ".join(_strings(case.arguments)) for case in cases]
    return [text for text in (start, end) if 0 < len(text) <= MAX_CONSTANT and not _is_copied(text, given)]


def _is_copied(text: str, given: Sequence[str]) -> bool:
    """Whether part of a text comes from the arguments: then it is no constant."""
    return any(all(run in source for source in given) for run in re.findall(r"\w{2,}", text))


def _common(texts: Sequence[str]) -> str:
    shortest = min(texts, key=len)
    for length in range(len(shortest), 0, -1):
        if all(text.startswith(shortest[:length]) for text in texts):
            return shortest[:length]
    return ""


def _results(problem: Problem) -> list[tuple[Any, int]]:
    """Results that are natural in themselves, or that several examples share, or that the prompt names."""
    found: list[tuple[Any, int]] = []
    results = [case.expected for case in problem.fit if not case.error]
    for value in results:
        if isinstance(value, bool) or value is None:
            found.append((value, 1))
        elif isinstance(value, str) and value and len(value) <= MAX_CONSTANT:
            if re.search(rf"\b{re.escape(value)}\b", problem.prompt, re.IGNORECASE):
                found.append((value, 1))
            elif results.count(value) >= 2:
                found.append((value, 2))
        elif isinstance(value, int) and (abs(value) <= 1 or results.count(value) >= 2):
            found.append((value, 2 if value == -1 else 3))
    return found
