"""Bandit over one source text, in this process, where it is installed (the extra `bandit`).

No configuration file and no inline `nosec` of the code under review has a say. What bandit tells like ruff's `S` rules
(S602 is B602) weighs the same.
"""

from __future__ import annotations

import io
import logging
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from genloom.state import Finding
from genloom.tools.checks.reviewing.static.lint import IGNORED, severity_of

__all__ = ["BanditFinding", "has_bandit", "scan"]

SECONDS = 10.0
MAX_FOUND = 500
ATTEMPTS = 5

_STYLE = frozenset(f"B{rule[1:]}" for rule in IGNORED if rule[0] == "S")
"""The same guesses that are left out of ruff's."""

_IMPORTS = frozenset(f"B{number}" for number in range(401, 412))
"""Modules that can be used well or badly: what is done with them has rules of its own."""


@dataclass(frozen=True)
class BanditFinding:
    """A finding, and the lines that its statement covers."""

    finding: Finding
    lines: range

    @property
    def ruff_rule(self) -> str:
        """The name that ruff gives to the same rule."""
        return f"S{self.finding.rule.removeprefix('bandit:B')}"


def has_bandit() -> bool:
    """Whether bandit is installed; it is not imported for this."""
    try:
        return find_spec("bandit") is not None
    except (ImportError, ValueError):
        return False


def scan(source: str, path: str = "draft.py") -> tuple[BanditFinding, ...]:
    """Return bandit's findings on the text of a module that parses, by line; none where bandit is not installed.

    Safe from several threads at once. Where bandit breaks off (time, nesting, an error of its own), the finding
    `bandit:not-run` says so beside those that it made.
    """
    if not has_bandit():
        return ()
    issues, problem = _issues(source)
    found = [_finding(issue, path) for issue in issues[:MAX_FOUND] if issue.test_id not in _STYLE]
    if problem:
        message = f"bandit did not look at all of the code: {problem}"
        told = Finding(rule="bandit:not-run", severity="warning", message=message[:500], path=path)
        found.append(BanditFinding(told, range(0)))
    return tuple(sorted(found, key=lambda each: (each.finding.line, each.finding.rule)))


def _issues(source: str) -> tuple[list[Any], str]:  # Any: bandit's own issues, which have no types
    """Return what bandit found, and why it did not find more ("" when it came to the end). It parses by itself, and as
    `genloom.syntax` tells, that fails by chance among threads: then it looks again."""
    for _ in range(ATTEMPTS - 1):
        found, problem = _looked(source)
        if not problem.startswith("SystemError"):
            return found, problem
    return _looked(source)


def _looked(source: str) -> tuple[list[Any], str]:  # Any: as above
    try:
        visitor = _visitor(source)
    except Exception as error:  # noqa: BLE001 - another project's start-up, whatever goes wrong with it
        return [], f"it could not be loaded: {error or type(error).__name__}"
    try:
        visitor.process(source)
    except _OutOfTimeError:
        problem = f"it took more than {SECONDS:g} s"
    except RecursionError:
        problem = "it is nested too deeply"
    except Exception as error:  # noqa: BLE001 - another project's code over hostile text
        problem = f"{type(error).__name__}: {error}"
    else:
        problem = visitor.tester.problem
    return list(visitor.tester.results), problem


class _OutOfTimeError(Exception):
    """The scan took too long."""


def _visitor(source: str) -> Any:  # Any: bandit has no types
    """Return bandit's visitor over one source, with a clock, that logs nothing and knows of no `nosec`."""
    with _loading:
        classes, tests = _loaded()
    nothing_suppressed: dict[int, set[str]] = {}
    visitor = classes.visitor("/draft.py", io.BytesIO(source.encode()), None, tests, False, nothing_suppressed, None)
    visitor.tester = classes.tester(tests, False, nothing_suppressed, None)
    visitor.ends = time.monotonic() + SECONDS
    return visitor


_loading = threading.Lock()
"""Bandit keeps the settings of its tests in the tests themselves: they are set once."""


@dataclass(frozen=True)
class _Classes:
    visitor: Any  # Any: bandit has no types
    tester: Any


@lru_cache(maxsize=1)
def _loaded() -> tuple[_Classes, Any]:
    """Load bandit and its own tests; those that other installed packages add are left out."""
    with _quietly():
        from bandit.core.config import BanditConfig  # imported here: it takes 0.3 s, and is not always installed
        from bandit.core.node_visitor import BanditNodeVisitor
        from bandit.core.test_set import BanditTestSet
        from bandit.core.tester import BanditTester

    class Visitor(BanditNodeVisitor):  # type: ignore[misc]  # bandit has no types
        ends = 0.0

        def pre_visit(self, node: object) -> Any:
            if time.monotonic() > self.ends:
                raise _OutOfTimeError
            return super().pre_visit(node)

    class Tester(BanditTester):  # type: ignore[misc]  # bandit has no types
        problem = ""

        def report_error(self, test: str, context: object, error: Exception) -> None:
            self.problem = f"its test {test} failed: {error or type(error).__name__}"

    tests = BanditTestSet(BanditConfig(), {"exclude": sorted(_STYLE)})
    tests.tests = {
        kind: [test for test in some if test.__module__.startswith("bandit.")] for kind, some in tests.tests.items()
    }
    return _Classes(visitor=Visitor, tester=Tester), tests


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep from the process what loading bandit does to it: words about output forms that need more packages, and another
    form of warnings."""
    shown, log = warnings.formatwarning, logging.getLogger("stevedore.extension")
    log.disabled, before = True, log.disabled
    try:
        yield
    finally:
        log.disabled = before
        warnings.formatwarning = shown


def _finding(issue: Any, path: str) -> BanditFinding:  # Any: bandit has no types
    lines = issue.linerange or [issue.lineno or 0]
    finding = Finding(
        rule=f"bandit:{issue.test_id}",
        severity="note" if issue.test_id in _IMPORTS else severity_of(f"S{issue.test_id[1:]}"),
        message=" ".join(str(issue.text).split())[:500],
        path=path,
        line=max(issue.lineno or 0, 0),
    )
    return BanditFinding(finding, range(min(lines), max(lines) + 1))
