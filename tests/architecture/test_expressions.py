"""Regular expressions mean the same on every Python that genloom supports."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import genloom
from genloom.tools.security.patterns import PATTERNS, compiled

_PARSER = importlib.import_module("re._parser")
SINGLE = {_PARSER.LITERAL, _PARSER.NOT_LITERAL, _PARSER.ANY, _PARSER.IN}


def _possessive(parsed: object) -> Iterator[object]:
    """Yield what each possessive quantifier of a parsed expression repeats."""
    if isinstance(parsed, _PARSER.SubPattern):
        for operator, argument in parsed:
            if operator is _PARSER.POSSESSIVE_REPEAT:
                yield argument[2]
            yield from _possessive(argument)
    elif isinstance(parsed, (tuple, list)):
        for part in parsed:
            yield from _possessive(part)


def _is_single(repeated: object) -> bool:
    parts = list(repeated)  # type: ignore[call-overload]
    return len(parts) == 1 and parts[0][0] in SINGLE


def _expressions() -> Iterator[re.Pattern[str] | re.Pattern[bytes]]:
    for found in pkgutil.walk_packages(genloom.__path__, "genloom."):
        if not found.name.endswith("__main__"):
            yield from (
                value for value in vars(importlib.import_module(found.name)).values() if isinstance(value, re.Pattern)
            )
    yield from (compiled(pattern) for pattern in PATTERNS)


def test_only_single_characters_are_repeated_possessively() -> None:
    """Python 3.11.0 to 3.11.4 mismatch possessive quantifiers after a group that can backtrack; `(?>(?:…)*)` says the same
    and works there, too."""
    wrong = {
        expression.pattern
        for expression in _expressions()
        for repeated in _possessive(_PARSER.parse(expression.pattern, expression.flags & ~re.UNICODE))
        if not _is_single(repeated)
    }
    assert not wrong


def test_a_possessive_group_would_be_seen() -> None:
    """The check above finds what it looks for."""
    parsed = _PARSER.parse(r"x(?:a|(?!b)c){2,9}+[abc]*+")
    assert [_is_single(repeated) for repeated in _possessive(parsed)] == [False, True]
