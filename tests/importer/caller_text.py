"""A caller's text, as the tests of what it shows start from."""

from __future__ import annotations

import textwrap

from genloom.interfaces.importer.caller.assertions import CallerChecks, caller_checks
from genloom.interfaces.importer.caller.caller import Caller, parse_caller
from genloom.interfaces.importer.caller.repeatable import Repeatable

__all__ = ["MODULE", "caller", "checks"]

MODULE = "myapp.gen.text"


def caller(text: str, *, package: str = "myapp", names: tuple[str, ...] = ("slugify",)) -> Caller:
    parsed = parse_caller(textwrap.dedent(text), MODULE, package=package, names=names)
    assert parsed is not None
    return parsed


def checks(
    text: str, *, asked: tuple[str, ...] = ("slugify",), defined: tuple[str, ...] = (), line: int = 0
) -> CallerChecks:
    repeatable = Repeatable(asked=frozenset(asked), defined=frozenset(defined))
    return caller_checks(caller(text, names=asked), MODULE, repeatable, line=line)
