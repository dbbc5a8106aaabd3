"""A run of a repository's tests, with the names of those that passed and failed."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from genloom.state.feature import StepVerdict, SuiteRun
from genloom.tools.coding.workspace import Workspace
from genloom.tools.sandbox import Limits, ProgramReport, Sandbox
from genloom.tools.sandbox.lent_pytest import lent_pytest
from genloom.tools.security import clean

__all__ = ["MOST_TESTS", "judge_suite", "run_suite"]

MOST_TESTS = 10_000
MAX_ID = 500
NO_FILES: Mapping[str, str | None] = MappingProxyType({})
MAX_OUTPUT = 12_000
SUITE_LIMITS = Limits(wall_seconds=600, cpu_seconds=1200, memory_megabytes=4096, output_kilobytes=4096)

_ALL = "--continue-on-collection-errors"  # else one file that cannot be loaded is all that is told
_PROGRAM = """
import json, sys
sys.path.append({folder})  # a pytest of the interpreter's own goes before the one that is lent
import pytest


class Seen:
    def __init__(self):
        self.passed, self.failed = [], []

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed.append(report.nodeid or "(collection)")

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed.append(report.nodeid)
        elif report.when == "call" and report.passed:
            self.passed.append(report.nodeid)


seen = Seen()
code = int(pytest.main({arguments}, plugins=[seen]))
failed = list(dict.fromkeys(seen.failed))
passed = sorted(set(seen.passed) - set(failed))
sys.stdout.flush()
told = [[name[:{length}] for name in names[:{most}]] for names in (passed, failed)]
print("\\n" + {mark} + json.dumps([code, *told]), flush=True)
raise SystemExit(code)
"""


async def run_suite(
    sandbox: Sandbox,
    workspace: Workspace,
    paths: Sequence[str] = (),
    *,
    files: Mapping[str, str | None] = NO_FILES,
    secret_values: Sequence[str] = (),
) -> SuiteRun:
    """Run the tests under these paths (or ids), all of the repository's if there are none, in the sandbox.

    `files` stand in place of the repository's own (`None`: there is none). Nothing that the tests write stays. What they
    report is a claim of the code under test: at most 10,000 names of each kind (with more there are none, and `reason` says
    so), and the end of what pytest wrote, without secrets. Raises `UsageError` for a path that leads out of the repository.
    """
    chosen = ["/".join(workspace.parts(path.partition("::")[0])) for path in paths]
    ids = [f"{path}{given[len(given.partition('::')[0]) :]}" for path, given in zip(chosen, paths, strict=True)]
    folder, lent = await asyncio.to_thread(lent_pytest)
    mark = f"genloom-{secrets.token_hex(8)} "
    program = _PROGRAM.format(
        folder=json.dumps(folder),
        arguments=json.dumps(["-q", "--no-header", "--tb=short", "-p", "no:cacheprovider", _ALL, "--", *ids]),
        length=MAX_ID,
        most=MOST_TESTS + 1,
        mark=json.dumps(mark),
    )
    report = await sandbox.arun_program(
        program, files=files, readable=[Path(part) for part in lent], limits=SUITE_LIMITS
    )
    if report.not_run:
        return SuiteRun(ran=False, reason=clean(report.not_run, secrets=secret_values).text, hint=report.hint)
    return _run_of(report, mark, secret_values)


def judge_suite(run: SuiteRun, before: SuiteRun) -> StepVerdict:
    """Return what a run of the tests shows against the run before the change.

    No test may fail that did not fail then, and none may be gone that passed then. Where there are no tests at all, nothing
    is shown, and nothing is wrong.
    """
    if not run.ran:
        return StepVerdict(result="not_run", reason=f"The tests could not run: {run.reason}", evidence=run.hint)
    worse = sorted(set(run.failed) - set(before.failed))
    gone = sorted(set(before.passed) - set(run.passed) - set(run.failed))
    if run.reason:
        reason = run.reason
    elif worse:
        reason = f"{len(worse)} tests fail, the first: {worse[0]}."
    elif gone:
        reason = f"{len(gone)} tests that passed before are not run any more, or are skipped, the first: {gone[0]}."
    elif run.exit_code not in (0, 5) and not run.failed:
        reason = f"pytest ended with the exit code {run.exit_code}."
    else:
        told = f"{len(run.passed)} tests pass." if run.passed else "There are no tests that ran."
        return StepVerdict(result="passed", reason=told, passed=len(run.passed), failed=run.failed)
    evidence = "\n".join((*(f"fails: {name}" for name in worse[:50]), *(f"gone: {name}" for name in gone[:50])))
    return StepVerdict(
        result="failed",
        reason=reason,
        passed=len(run.passed),
        failed=run.failed,
        evidence=f"{evidence}\n\n{run.output}".strip(),
    )


def _run_of(report: ProgramReport, mark: str, secret_values: Sequence[str]) -> SuiteRun:
    text, _, told = _text(report.stdout).rpartition(mark)
    names = _told(told) if text or told else None
    output = clean(
        _end(f"{text if names else _text(report.stdout)}\n{_text(report.stderr)}"), secrets=secret_values
    ).text
    if report.ended not in ("normal", "exit"):
        return SuiteRun(ran=True, output=output, reason=f"The tests were stopped: {report.ended} ({report.limits}).")
    if names is None:
        return SuiteRun(
            ran=True, exit_code=report.exit_code, output=output, reason="The tests ended without pytest's report."
        )
    if max(map(len, names)) > MOST_TESTS:
        reason = f"More than {MOST_TESTS:,} tests ran: too many to tell which of them are new and which are gone."
        hint = "Name the folders or files that matter, by the request's `tests`."
        return SuiteRun(ran=True, exit_code=report.exit_code, output=output, reason=reason, hint=hint)
    passed, failed = (tuple(clean(name, secrets=secret_values).text for name in part) for part in names)
    return SuiteRun(ran=True, exit_code=report.exit_code, passed=passed, failed=failed, output=output)


def _told(line: str) -> tuple[list[str], list[str]] | None:
    """The names of the tests that passed and failed; `None` where it is no such report."""
    try:
        _, passed, failed = json.loads(line)
    except ValueError:
        return None
    lists = (passed, failed)
    return lists if all(isinstance(n, list) and all(isinstance(each, str) for each in n) for n in lists) else None


def _text(written: Any) -> str:  # Any: bytes or text, as reports have it
    return written.decode(errors="replace") if isinstance(written, bytes) else str(written)


def _end(text: str) -> str:
    text = text.strip()
    more = len(text) - MAX_OUTPUT
    return text if more <= 0 else f"[… {more:,} characters left out …]\n{text[-MAX_OUTPUT:]}"
