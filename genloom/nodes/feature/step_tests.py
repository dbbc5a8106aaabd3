"""What the repository's tests show of a step: that nothing broke, and that new ones are about the feature's code."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from genloom.nodes.feature.suite_sandbox import suite_sandbox
from genloom.nodes.runtime import NodeRuntime
from genloom.state.feature import FeatureStep, StepVerdict, SuiteRun
from genloom.tools.checks.changed_files import is_test_file
from genloom.tools.coding import Workspace
from genloom.tools.coding.stubs import stubbed
from genloom.tools.coding.suite import NO_FILES, judge_suite, run_suite
from genloom.tools.scm.feature_branch import BranchWork, ChangedFile

__all__ = ["StepTests", "Tested", "demanded_paths", "run_tests"]

_NOTHING_OF_IT = "All {count} new tests pass {how}, too: they show nothing of it."
_NOT_TRIED = "Whether the new tests show anything of the feature's code could not be tried: {why}"


class Tested(NamedTuple):
    """The verdict, the run behind it, and what a person must be told of the tests."""

    verdict: StepVerdict
    run: SuiteRun
    told: tuple[str, ...] = ()


async def run_tests(
    work: BranchWork, paths: Sequence[str], runtime: NodeRuntime, files: Mapping[str, str | None] = NO_FILES
) -> SuiteRun:
    """Run tests in the sandbox over a branch's worktree, with these texts in place of its files."""
    sandbox = await suite_sandbox(runtime, work.worktree)
    workspace = await asyncio.to_thread(Workspace, work.worktree)
    return await run_suite(sandbox, workspace, paths, files=files, secret_values=runtime.settings.secrets)


async def demanded_paths(work: BranchWork, asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return which of the tests that were asked for are there, and which are not (yet)."""
    there = [await asyncio.to_thread((work.worktree / path.partition("::")[0]).exists) for path in asked]
    present = [path for path, is_there in zip(asked, there, strict=True) if is_there]
    return present, [path for path in asked if path not in present]


class StepTests:
    """The tests of one step, against those before the feature (`baseline`) and those of the step that wrote them."""

    def __init__(
        self,
        work: BranchWork,
        changed: Sequence[ChangedFile],
        *,
        asked: Sequence[str],
        baseline: SuiteRun,
        proved: SuiteRun | None,
        runtime: NodeRuntime,
    ) -> None:
        self._work, self._changed, self._asked = work, changed, asked
        self._baseline, self._proved, self._runtime = baseline, proved, runtime

    async def verdict(self, step: FeatureStep) -> Tested:
        """Run the tests and judge them. From the step of the tests on a new one must pass and show something."""
        run = await self._run()
        finished = step in ("tests", "docs")
        before = self._baseline
        if step == "docs" and self._proved is not None:
            before = before.model_copy(update={"passed": tuple(dict.fromkeys((*before.passed, *self._proved.passed)))})
        verdict = judge_suite(run, before)
        if verdict.result == "passed" and finished:
            new = sorted(set(run.passed) - set(self._baseline.passed))
            if not new:
                failed = verdict.model_copy(
                    update={"result": "failed", "reason": "No new test passes.", "evidence": run.output}
                )
                return Tested(failed, run)
            verdict = await self._controlled(verdict, new)
        told = await self._changed_tests() if verdict.result == "passed" else ()
        return Tested(verdict, run, told)

    async def _run(self) -> SuiteRun:
        if not self._asked:
            return await run_tests(self._work, [], self._runtime)
        present, _ = await demanded_paths(self._work, self._asked)
        modules = [
            file.path
            for file in self._changed
            if file.change != "deleted" and re.search(r"(^|/)(test_[^/]*|[^/]*_test)\.py$", file.path)
        ]
        paths = [*present, *modules]
        return await run_tests(self._work, paths, self._runtime) if paths else SuiteRun(ran=True, exit_code=5)

    async def _controlled(self, verdict: StepVerdict, new: Sequence[str]) -> StepVerdict:
        """Run the new tests against the code as it was: those that pass there, too, show nothing of the feature. Where they
        cannot even be loaded there, against the feature's functions with nothing in them."""
        files = await self._files_of(new)
        code = [file for file in self._changed if not is_test_file(file.path) and file.path not in files]
        if not code:
            return _failed(verdict, "The feature has no code beside its tests.")
        if not files:
            return _failed(verdict, _NOT_TRIED.format(why="the files of the new tests are not found."))
        before = {file.path: await self._work.text(self._work.branch.base, file.path) for file in code}
        control = await run_tests(self._work, files, self._runtime, before)
        how = "without the feature's code"
        if not _loaded(control):
            stubs = await self._stubs(before)
            if stubs is None:
                return _remarked(verdict, "they cannot be loaded without it.")
            control, how = await run_tests(self._work, files, self._runtime, stubs), "with functions that do nothing"
        if set(new) <= set(control.passed):
            return _failed(verdict, _NOTHING_OF_IT.format(count=len(new), how=how))
        if not control.ran or control.reason:
            return _remarked(verdict, control.reason or "the sandbox was not there.")
        if not set(new) & set(control.failed):
            return _remarked(verdict, "they cannot be loaded without it.")
        return verdict

    async def _files_of(self, new: Sequence[str]) -> list[str]:
        """The files of tests, which pytest names from its own root."""
        named = {name.partition("::")[0] for name in new}
        changed = [
            file.path
            for file in self._changed
            if file.change != "deleted" and any(f"/{file.path}".endswith(f"/{name}") for name in named)
        ]
        others = [name for name in sorted(named) if not any(f"/{path}".endswith(f"/{name}") for path in changed)]
        tree = self._work.branch.tree
        return [*changed, *[name for name in others if await self._work.text(tree, name) is not None]]

    async def _stubs(self, before: Mapping[str, str | None]) -> dict[str, str | None] | None:
        stubs = dict(before)
        for path, old in before.items():
            after = await self._work.text(self._work.branch.tree, path)
            if path.endswith(".py") and after is not None:
                stub = await asyncio.to_thread(stubbed, old, after)
                if stub is None:
                    return None
                stubs[path] = stub
        return stubs

    async def _changed_tests(self) -> tuple[str, ...]:
        """Tell of tests that were there and were changed, and which of them fail as they were."""
        held = {name.partition("::")[0] for name in self._baseline.passed}
        files = [file.path for file in self._changed if file.change != "added" and file.path in held]
        if not files:
            return ()
        base = {
            file.path: await self._work.text(self._work.branch.base, file.path)
            for file in self._changed
            if file.change != "added" and (file.path in files or is_test_file(file.path))
        }
        run = await run_tests(self._work, files, self._runtime, base)
        broken = sorted({name for name in self._baseline.passed if name.partition("::")[0] in files} - set(run.passed))
        told = f"It changes tests that were there: {', '.join(files[:5])}."
        if broken:
            told += (
                f" As they were, {len(broken)} of them fail or do not run with the new code, the first: {broken[0]}."
            )
        return (told,)


def _loaded(run: SuiteRun) -> bool:
    """Whether a run came to tests in every file."""
    return all("::" in name for name in run.failed) and run.exit_code in (0, 1) and not run.reason


def _failed(verdict: StepVerdict, reason: str) -> StepVerdict:
    return verdict.model_copy(update={"result": "failed", "reason": reason})


def _remarked(verdict: StepVerdict, why: str) -> StepVerdict:
    return verdict.model_copy(update={"reason": f"{verdict.reason} {_NOT_TRIED.format(why=why)}"})
