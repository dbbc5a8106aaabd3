"""Ruff over one source text: errors, likely bugs and its security rules, with a fixed selection.

No configuration file, environment variable or inline `noqa` of the code under review has a say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from genloom.state import Finding, Severity

__all__ = ["IGNORED", "RULES", "lint", "severity_of"]

RULES = ("E9", "F", "B", "S", "PLE", "ASYNC210", "ASYNC220", "ASYNC221", "ASYNC222", "ASYNC251", "BLE001")
IGNORED = ("S101", "B008", "B904", "B905", "S105", "S106", "S107", "S110", "S112", "S603", "S607")
"""Asserts, style, and guesses that are wrong more often than right; processes are the capability pass's affair."""

TIMEOUT_SECONDS = 20.0
MAX_OUTPUT = 4_000_000

_ERRORS = frozenset(
    "invalid-syntax F502 F503 F504 F505 F506 F507 F508 F509 F521 F522 F524 F525 F621 F622 F632 F633 F701 F702 F704 F706 "
    "F707 F821 F822 F823 F831 PLE2502 PLE2510 PLE2512 PLE2513 PLE2514 PLE2515 S323 S501 S502 S503 S504 S612".split()
)
"""What is certainly wrong. A likely bug in code whose checks hold is a warning: it is shown and sends nothing back."""

_NOTES = frozenset("F401 F841 F541 S311 B007 B011 B028 BLE001 S104 S108".split())


async def lint(source: str, path: str = "draft.py", *, more: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Return ruff's findings on a module's text, in the order of their lines.

    `more` are rules, or beginnings of rules, to look for beside the fixed selection. Where ruff cannot be run or does not
    answer in time, the one finding `ruff:not-run` says so: nothing was looked at. Where it does not know one of `more`,
    that finding is an error, and the fixed selection was looked at.
    """
    try:
        return _findings(await _run(source, more), path)
    except (OSError, ValueError, TimeoutError) as error:
        said = str(error) or type(error).__name__
    severity: Severity = "error" if more else "warning"
    what = f"for {', '.join(more)}" if more else "at the code"
    message = f"ruff could not look {what}: {said}"
    problem = Finding(rule="ruff:not-run", severity=severity, message=" ".join(message.split())[:500], path=path)
    return (problem, *(await lint(source, path) if more else ()))


@lru_cache(maxsize=1)
def _find_ruff() -> str:
    from ruff import find_ruff_bin  # imported here: it looks through the disk

    return str(find_ruff_bin())


async def _run(source: str, more: Sequence[str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *_command(await asyncio.to_thread(_find_ruff), more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},
    )
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            output, complaint = await process.communicate(source.encode("utf-8", "replace"))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode not in (0, 1) or len(output) > MAX_OUTPUT:
        raise ValueError(complaint.decode("utf-8", "replace").strip() or f"exit code {process.returncode}")
    return output.decode("utf-8", "replace")


def _command(program: str, more: Sequence[str]) -> Sequence[str]:
    ignored = [rule for rule in IGNORED if not rule.startswith(tuple(more))] if more else IGNORED
    options = ["check", "--isolated", "--no-cache", "--ignore-noqa", "--quiet", "--output-format", "json"]
    rules = ["--select", ",".join((*RULES, *more)), "--ignore", ",".join(ignored), "--target-version", "py311"]
    return [program, *options, *rules, "--stdin-filename", "draft.py", "-"]


def _findings(output: str, path: str) -> tuple[Finding, ...]:
    items: list[dict[str, Any]] = json.loads(output or "[]")  # Any: ruff's own JSON
    return tuple(_finding(item, path) for item in items)


def _finding(item: dict[str, Any], path: str) -> Finding:
    rule = item.get("code") or "invalid-syntax"
    line = (item.get("location") or {}).get("row") or 0
    return Finding(rule=rule, severity=severity_of(rule), message=str(item.get("message", "")), path=path, line=line)


def severity_of(rule: str) -> Severity:
    """Return what a rule of ruff's weighs by itself."""
    return "error" if rule in _ERRORS else "note" if rule in _NOTES else "warning"
