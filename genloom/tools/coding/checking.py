"""The tools that check a repository and change nothing: `run_tests`, `lint` and `security_scan`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from genloom.errors import UsageError
from genloom.state import Finding
from genloom.tools.checks import review_source
from genloom.tools.coding.answering import AnsweringTool, Core, demand_names
from genloom.tools.coding.workspace import Workspace
from genloom.tools.sandbox import Sandbox
from genloom.tools.sandbox.lent_pytest import lent_pytest
from genloom.tools.sandbox.limits import Limits

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["CheckingToolName", "checking_tools"]

CheckingToolName = Literal["run_tests", "lint", "security_scan"]

MAX_SHOWN = 16_000
MAX_FINDINGS = 200
TEST_LIMITS = Limits(wall_seconds=300, cpu_seconds=300, memory_megabytes=2048)

Paths = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=4_000)]],
    Field(min_length=1, max_length=100, description="Files, relative to the repository's root"),
]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RunTestsArguments(_Arguments):
    """What a model fills in to run tests."""

    paths: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=4_000)]],
        Field(max_length=100, description="Test files, folders or ids such as tests/test_a.py::test_one; all if empty"),
    ] = []
    keyword: Annotated[str, Field(max_length=500, description="pytest's -k: only tests whose names fit")] = ""


class FilesArguments(_Arguments):
    """What a model fills in to have files looked at."""

    paths: Paths


def checking_tools(
    workspace: Workspace,
    *,
    sandbox: Sandbox | None = None,
    limits: Limits = TEST_LIMITS,
    secrets: Sequence[str] = (),
    only: Sequence[CheckingToolName] | None = None,
) -> list[BaseTool]:
    """Return the tools that check a repository, for `invoke` and `ainvoke`; `only` picks some.

    Tests run in the sandbox, in a copy-on-write view of the repository, without network: nothing of a run stays. Their
    output is a claim of the code under test. `lint` gives ruff's findings, `security_scan` those of the capability pass
    and of bandit where it is installed. Whatever goes wrong is an answer that says what to do.
    """
    demand_names(only, list(_DESCRIPTIONS))
    box = sandbox or Sandbox(repository=workspace.root)
    checks = _Checks(workspace, box, limits)
    cores: dict[CheckingToolName, tuple[Core, type[BaseModel]]] = {
        "run_tests": (checks.run_tests, RunTestsArguments),
        "lint": (checks.lint, FilesArguments),
        "security_scan": (checks.security_scan, FilesArguments),
    }

    return [
        AnsweringTool(
            name=name,
            description=_DESCRIPTIONS[name],
            core=core,
            arguments=arguments,
            effect="read",
            title=name,
            failed="Not checked",
            secrets=secrets,
        ).made()
        for name, (core, arguments) in cores.items()
        if only is None or name in only
    ]


class _Checks:
    """The cores, over one repository."""

    def __init__(self, workspace: Workspace, sandbox: Sandbox, limits: Limits) -> None:
        self.workspace, self.sandbox, self.limits = workspace, sandbox, limits

    async def run_tests(self, paths: Sequence[str] = (), keyword: str = "") -> str:
        chosen = ["/".join(self.workspace.parts(path.partition("::")[0])) for path in paths]
        ids = [f"{path}{given[len(given.partition('::')[0]) :]}" for path, given in zip(chosen, paths, strict=True)]
        folder, lent = await asyncio.to_thread(lent_pytest)
        arguments = ["-q", "--no-header", "-p", "no:cacheprovider", *(["-k", keyword] if keyword else []), "--", *ids]
        program = _PYTEST.format(folder=json.dumps(folder), arguments=json.dumps(arguments))
        report = await self.sandbox.arun_program(program, readable=[Path(part) for part in lent], limits=self.limits)
        if report.not_run:
            raise UsageError(f"The tests could not run: {report.not_run}", hint=report.hint)
        ended = "" if report.ended in ("normal", "exit") else f"stopped: {report.ended} ({report.limits})\n"
        return _cut(f"{ended}exit code: {report.exit_code}\n{report.stdout}\n{report.stderr}".strip())

    async def lint(self, paths: Sequence[str]) -> str:
        return _cut(_listed(await self._findings(paths, security=False)))

    async def security_scan(self, paths: Sequence[str]) -> str:
        return _cut(_listed(await self._findings(paths, security=True)))

    async def _findings(self, paths: Sequence[str], *, security: bool) -> list[Finding]:
        found: list[Finding] = []
        for path in paths:
            text = await asyncio.to_thread(self.workspace.read, path)
            review = await review_source(text, "/".join(self.workspace.parts(path)))
            found += [finding for finding in review.findings if _is_of_security(finding) == security]
        return found


_PYTEST = """
import sys
sys.path.append({folder})  # a pytest of the interpreter's own goes before the one that is lent
import pytest
raise SystemExit(pytest.main({arguments}))
"""

_DESCRIPTIONS: dict[CheckingToolName, str] = {
    "run_tests": "Run tests of the repository with pytest, as the files stand now; nothing that they write stays.",
    "lint": "Look at Python files with ruff.",
    "security_scan": "Look for what Python files could do that they should not: network, processes, secrets, unsafe calls.",
}


def _is_of_security(finding: Finding) -> bool:
    rule = finding.rule
    return rule.startswith(("capability", "bandit", "combination")) or (rule[:1] == "S" and rule[1:].isdigit())


def _listed(findings: Sequence[Finding]) -> str:
    if not findings:
        return "nothing found"
    rows = [f"{f.path}:{f.line}: {f.severity}: {f.rule}: {f.message}" for f in findings[:MAX_FINDINGS]]
    more = len(findings) - len(rows)
    return "\n".join([*rows, *([f"… and {more} more"] if more else [])])


def _cut(text: str) -> str:
    """Shorten in the middle: tests tell their failures at the end."""
    more = len(text) - MAX_SHOWN
    if more <= 0:
        return text
    half = MAX_SHOWN // 2
    return f"{text[:half]}\n[… {more:,} characters left out …]\n{text[-half:]}"
