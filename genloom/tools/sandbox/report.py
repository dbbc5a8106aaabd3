"""What a sandboxed run reported: raw observations, not yet judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from genloom.state import Grant, SandboxTier
from genloom.tools.sandbox.conversation.line_coverage import LineCoverage

__all__ = [
    "CallReport",
    "Ended",
    "NoRecord",
    "NotRunCause",
    "Opaque",
    "ProgramReport",
    "Raised",
    "Returned",
    "SandboxStatus",
    "TestCase",
    "TestReport",
]

Ended = Literal["normal", "exit", "timeout", "memory", "output", "killed"]
"""How the process ended: by itself after all its work, by exiting early, or stopped at a limit."""


NotRunCause = Literal["", "no_sandbox", "no_interpreter", "no_pytest"]
"""Why nothing could be run: no tier holds here (or a folder that the run needs is missing), the interpreter is missing or
does not start, or it has no pytest that fits. Empty where something ran."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Opaque:
    """A value of no plain type: all that is known of it is its type's name and a shortened `repr`. Equal to nothing."""

    type_name: str
    text: str

    __hash__ = None  # type: ignore[assignment]  # never a key: two of them are never the same

    def __eq__(self, other: object) -> bool:
        return False


@dataclass(frozen=True, kw_only=True)
class Returned:
    """The call returned. `value` is decoded from plain encodings only (None, bool, int, float, complex, str, bytes, list,
    tuple, set, frozenset, dict, Decimal, Fraction), else `Opaque`; a subclass counts as its plain base."""

    value: Any  # Any: whatever plain value the call gave


@dataclass(frozen=True, kw_only=True)
class Raised:
    """The call raised. `types` are the names of the exception's classes, most derived first; `line` is where in the
    draft it came from (0 when elsewhere)."""

    types: tuple[str, ...]
    message: str
    line: int = 0


@dataclass(frozen=True, kw_only=True)
class NoRecord:
    """No valid record of the call came out: the run was killed or left early, or the record is malformed."""

    why: str


@dataclass(frozen=True, kw_only=True)
class _Report:
    tier: SandboxTier | None
    limits: str
    seconds: float
    ended: Ended
    stdout: str = ""
    stderr: str = ""
    grants: tuple[Grant, ...] = ()
    """What the run was granted beyond computing."""
    not_run: str = ""
    """Why nothing could be run at all, in a sentence; empty where something ran."""
    not_run_cause: NotRunCause = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class CallReport(_Report):
    """What each call gave, in order. `loading` is `None` when the module loaded, else what went wrong."""

    results: tuple[Returned | Raised | NoRecord, ...] = ()
    loading: Raised | NoRecord | None = None
    coverage: LineCoverage | None = None


@dataclass(frozen=True, kw_only=True)
class TestCase:
    """One test as pytest reported it from inside the sandbox: a claim, for it shares the draft's interpreter."""

    __test__: ClassVar[bool] = False  # pytest is not to collect it

    name: str
    result: Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class TestReport(_Report):
    """What pytest reported. `complete` says that every collected test has a report and the session closed properly."""

    __test__: ClassVar[bool] = False  # pytest is not to collect it

    cases: tuple[TestCase, ...] = ()
    complete: bool = False
    coverage: LineCoverage | None = None


@dataclass(frozen=True, kw_only=True)
class ProgramReport(_Report):
    """What a program wrote and how it ended. `exit_code` is `None` when it was stopped; `peak_megabytes` is the most memory
    that its processes were seen to hold together, looked at some times a second."""

    exit_code: int | None = None
    peak_megabytes: float = 0.0


@dataclass(frozen=True, kw_only=True)
class SandboxStatus:
    """What a live self-test showed. `tier` is `None` when nothing can be run; `reason` and `cause` then say why, and `hint`
    what to do. With a tier, `reason` says in a sentence what it stands on. `python` is the interpreter's version."""

    tier: SandboxTier | None
    reason: str
    cause: NotRunCause = ""
    hint: str = ""
    limits: str = ""
    interpreter: str = ""
    python: str = ""
    namespaces: bool = False
    """Whether runs get private namespaces (inside those of bubblewrap, where that is the tier)."""
    tried: SandboxTier | None = None
    """The one tier that was tried, where only one was."""
    bubblewrap: str = ""
    """The program that makes the outer view; empty in other tiers."""
