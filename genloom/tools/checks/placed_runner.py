"""A runner whose runs lie in the repository: files that a draft deletes are gone, tests stand where they belong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from genloom.tools.checks.check_runner import CheckRunner
from genloom.tools.checks.copies import copies_of_tests
from genloom.tools.sandbox.conversation.call_conversation import Ask
from genloom.tools.sandbox.grants import Grants
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.report import CallReport, Raised, TestReport
from genloom.tools.sandbox.repository.repository_view import RepositoryView
from genloom.tools.sandbox.sandbox import Sandbox

__all__ = ["PlacedRunner", "placed_runner", "view_of"]


def view_of(runner: CheckRunner) -> RepositoryView | None:
    """Return the repository that a sandbox's runs work in; `None` without one, and for any other runner."""
    return runner.view if isinstance(runner, Sandbox) else None


def placed_runner(
    runner: CheckRunner,
    *,
    deleted: Sequence[str] = (),
    laid: Mapping[str, str] | None = None,
    tests: str = "",
    tests_path: str = "",
) -> CheckRunner:
    """Return a runner that does the same with some of the repository's files gone, others replaced (`laid`), and the tests
    at their own path. `tests` is their original text: no copy of it is to be seen.

    Without a repository there is nothing to delete and no place for tests, and the runner comes back as it is.
    """
    if not isinstance(runner, Sandbox) or runner.view is None:
        return runner
    return PlacedRunner(runner, {**(laid or {}), **dict.fromkeys(deleted)}, tests, tests_path)


@dataclass(frozen=True)
class PlacedRunner:
    """A sandbox with a repository, for one draft and one test file in it."""

    sandbox: Sandbox
    changed: Mapping[str, str | None]
    original: str
    tests_path: str

    @property
    def limits(self) -> Limits:
        """What a run may use that is given no limits of its own."""
        return self.sandbox.limits

    def granting(self, grants: Grants) -> PlacedRunner:
        """Return a runner like this one, whose runs have the grants."""
        return replace(self, sandbox=self.sandbox.granting(grants))

    async def acall(
        self,
        files: Mapping[str, str],
        module: str,
        calls: Sequence[str],
        *,
        limits: Limits | None = None,
        record_lines: Sequence[str] = (),
    ) -> CallReport:
        """Evaluate each expression in the namespace of the module, in order."""
        report = await self.sandbox.acall(
            {**self.changed, **files}, module, calls, limits=limits, record_lines=record_lines
        )
        messages = [each.message for each in (report.loading, *report.results) if isinstance(each, Raised)]
        await self._look_for_imports(messages)
        return report

    async def aexplore(
        self,
        files: Mapping[str, str],
        module: str,
        questions: Callable[[Ask], Awaitable[None]],
        *,
        limits: Limits | None = None,
    ) -> CallReport:
        """Evaluate expressions that `questions` asks for one after the other."""
        return await self.sandbox.aexplore({**self.changed, **files}, module, questions, limits=limits)

    async def atest(
        self,
        files: Mapping[str, str],
        tests: str,
        *,
        limits: Limits | None = None,
        record_lines: Sequence[str] = (),
    ) -> TestReport:
        """Run the text of a pytest file at its own place in the repository, where no copy of the original is left: beside
        one the draft could tell by comparing which text was changed for a control."""
        copies = await asyncio.to_thread(lambda: self.copies)
        hidden = dict.fromkeys(path for path in copies if path not in files)
        report = await self.sandbox.atest(
            {**self.changed, **files, **hidden},
            tests,
            tests_path=self.tests_path,
            limits=limits,
            record_lines=record_lines,
        )
        await self._look_for_imports([report.stderr, *(case.detail for case in report.cases)])
        return report

    @cached_property
    def copies(self) -> tuple[str, ...]:
        """The files of the repository that hold the tests. Reads the disk, once."""
        view = self.sandbox.view
        return copies_of_tests(self.original, self.tests_path, view) if view is not None else ()

    async def _look_for_imports(self, messages: Sequence[str]) -> None:
        """Read what the repository imports, where that will be asked: in a thread, for there may be many files."""
        view = self.sandbox.view
        if view is not None and any("No module named" in message for message in messages):
            await asyncio.to_thread(lambda: view.imported)
