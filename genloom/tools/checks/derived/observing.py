"""Observing: what one drawn input showed of a function, judged by values alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from genloom.tools.checks.comparison import Comparison, values_agree
from genloom.tools.checks.derived.rendering import call_text, render
from genloom.tools.checks.derived.target import Target
from genloom.tools.checks.excerpt import exception_text, value_text
from genloom.tools.sandbox.report import Opaque, Raised, Returned

__all__ = ["KINDS", "EnoughError", "Evaluate", "Kind", "Observer", "Outcome", "Seen", "agree", "outcome_text"]

Kind = Literal["crash", "nondeterminism", "mutation"]
KINDS: tuple[Kind, ...] = ("crash", "nondeterminism", "mutation")

Outcome = Returned | Raised
Evaluate = Callable[[str], Outcome]
"""Evaluates one expression in the sandbox; raises where nothing more can be asked."""

_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_EXACT = Comparison(exact_type=True)
_REFUSALS = frozenset({"OSError", "SystemExit", "KeyboardInterrupt", "MemoryError", "NotImplementedError"})
"""Left to the draft: what a sandbox brings about (files, memory), an exit, and what says of itself that it is missing."""


class EnoughError(BaseException):
    """Ends the drawing at once. No `Exception`, since Hypothesis would take that for a finding of its own."""


@dataclass(frozen=True)
class Seen:
    """A finding: the call with its smallest input so far, what it gave and what was expected."""

    call: str
    expected: str
    actual: str


@dataclass
class Observer:
    """Puts inputs to a target and keeps what they showed: the smallest input for each kind of finding."""

    target: Target
    evaluate: Evaluate
    found: dict[Kind, Seen] = field(default_factory=dict)
    first: dict[str, Outcome] = field(default_factory=dict)
    """What each expression gave when it was first evaluated, in order."""
    calls: dict[str, str] = field(default_factory=dict)
    """The call in each expression, as one would write it."""
    asked: str = ""
    """The call under way."""
    comparable: int = 0
    returned: int = 0
    _kinds: dict[str, Kind | None] = field(default_factory=dict)

    @property
    def inputs(self) -> int:
        """How many inputs were seen through."""
        return len(self._kinds)

    def observe(self, arguments: tuple[Any, ...]) -> Kind | None:
        """Call the target twice with an input and return what is wrong, the gravest first."""
        expression = self.expression(arguments)
        if expression not in self._kinds:
            self.asked = self.calls[expression] = self.written(arguments)
            one = self.evaluate(expression)
            self.first[expression] = one
            other = self.evaluate(expression)
            self._kinds[expression] = self._judge(arguments, one, other)
            self.asked = ""
        return self._kinds[expression]

    def expression(self, arguments: tuple[Any, ...]) -> str:
        """Return what evaluates to the result and to the arguments as they are after the call."""
        names = [f"_{place}" for place in range(len(arguments))]
        pairs = zip(names, self.target.parameters, strict=True)
        call = ", ".join(f"{p.name}={name}" if p.by_name else name for name, p in pairs)
        sent = ", ".join(map(render, arguments))
        return f"(lambda {', '.join(names)}: ({self.target.name}({call}), {', '.join(names)}))({sent})"

    def written(self, arguments: tuple[Any, ...]) -> str:
        """Return the call as one would write it."""
        by_place = sum(not each.by_name for each in self.target.parameters)
        values = {each.name: value for each, value in zip(self.target.parameters, arguments, strict=True)}
        return call_text(self.target.name, values, by_place)

    def note(self, kind: Kind, call: str, expected: str, actual: str) -> None:
        """Keep a finding if it is the smallest of its kind."""
        seen = Seen(call, expected, actual)
        kept = self.found.get(kind)
        if kept is None or (len(seen.call), seen.call) < (len(kept.call), kept.call):
            self.found[kind] = seen

    def _judge(self, arguments: tuple[Any, ...], one: Outcome, other: Outcome) -> Kind | None:
        call = self.written(arguments)
        kinds: list[Kind] = []
        if isinstance(one, Raised) and self._is_crash(one) and not _refuses(one, arguments):
            kinds.append("crash")
            self.note("crash", call, "a result, or an exception that is raised deliberately", exception_text(one))
        self.comparable += is_comparable(one)
        if not self.target.chance and not agree(one, other):
            kinds.append("nondeterminism")
            self.note("nondeterminism", call, f"{outcome_text(one)} again", outcome_text(other))
        after = _arguments_after(one, len(arguments))
        self.returned += after is not None
        changed = after is not None and not self.target.changing and not values_agree(arguments, after, _EXACT)
        if changed and not any(map(_is_opaque, after or ())):
            kinds.append("mutation")
            self.note("mutation", call, _listed(arguments), _listed(after or ()))
        return kinds[0] if kinds else None

    def _is_crash(self, raised: Raised) -> bool:
        names = {name.rpartition(".")[2] for name in raised.types}
        deliberate = raised.line in self.target.deliberate
        return not deliberate and not names & (self.target.contracts | _REFUSALS)


def _refuses(raised: Raised, arguments: tuple[Any, ...]) -> bool:
    """Whether an exception speaks of a part of its input, as `int('x')` and a look-up do: it may refuse what lies outside
    of a vocabulary or form that the examples cannot tell."""
    parts = list(_parts(arguments))
    if raised.types[:1] == ("KeyError",) and any(raised.message == repr(part) for part in parts):
        return True
    texts = [
        part if isinstance(part, str) else part.decode("latin-1") for part in parts if isinstance(part, str | bytes)
    ]
    quoted = [one or other for one, other in _QUOTED.findall(raised.message)]
    return any(quote and any(quote in text for text in texts) for quote in quoted)


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _parts(each)
    else:
        yield value


def outcome_text(outcome: Outcome) -> str:
    """Return what a call gave, without its arguments."""
    if isinstance(outcome, Raised):
        return exception_text(outcome)
    value = outcome.value
    return value_text(value[0] if isinstance(value, tuple) and value else value)


def is_comparable(outcome: Outcome) -> bool:
    """Whether a call's result is a plain value, so that another call's can be compared with it."""
    return isinstance(outcome, Returned) and isinstance(outcome.value, tuple) and not _is_opaque(outcome.value[0])


def agree(one: Outcome, other: Outcome) -> bool:
    """Whether two calls with one input gave the same. What is no plain value is given the benefit of the doubt."""
    if isinstance(one, Raised) or isinstance(other, Raised):
        return isinstance(one, Raised) and isinstance(other, Raised) and one.types[:1] == other.types[:1]
    if not (is_comparable(one) and is_comparable(other)):
        return True
    return values_agree(one.value[0], other.value[0], _EXACT)


def _arguments_after(outcome: Outcome, count: int) -> tuple[Any, ...] | None:
    value = outcome.value if isinstance(outcome, Returned) else None
    return value[1:] if isinstance(value, tuple) and len(value) == count + 1 else None


def _is_opaque(value: Any) -> bool:
    if isinstance(value, Opaque):
        return True
    if isinstance(value, Mapping):
        return any(_is_opaque(key) or _is_opaque(item) for key, item in value.items())
    return isinstance(value, list | tuple | set | frozenset) and any(map(_is_opaque, value))


def _listed(values: tuple[Any, ...]) -> str:
    return ", ".join(map(value_text, values))
