"""The sandbox: runs untrusted Python and reports what came of it."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from genloom.errors import UsageError
from genloom.portal import run_sync
from genloom.state import SandboxTier
from genloom.tools.sandbox.conversation.call_conversation import Ask, CallConversation, OpenConversation
from genloom.tools.sandbox.conversation.pytest_conversation import TestConversation
from genloom.tools.sandbox.file_names import check_names, check_recorded, free_name
from genloom.tools.sandbox.grants import NO_GRANTS, Grants
from genloom.tools.sandbox.interpreter import Unavailable, find_with
from genloom.tools.sandbox.job import Job
from genloom.tools.sandbox.lent_pytest import lent_pytest
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.ran import Ran
from genloom.tools.sandbox.report import CallReport, ProgramReport, SandboxStatus, TestReport
from genloom.tools.sandbox.repository.repository_view import RepositoryView
from genloom.tools.sandbox.runner import Conversation
from genloom.tools.sandbox.tier_memory import TierMemory
from genloom.tools.sandbox.tier_status import TierStatus, try_tiers, why_none
from genloom.tools.sandbox.tiered_run import run_in_tier
from genloom.tools.sandbox.tiers import allowed_tiers

__all__ = ["Sandbox"]

_TEST_FILE = "test_genloom_checks.py"
_PROGRAM_FILE = "genloom_program.py"
_NO_FILES: Mapping[str, str | None] = MappingProxyType({})


class Sandbox:
    """Runs Python code that nobody has checked, in a process of its own for each run.

    `python` is the interpreter (default: the one that runs now); it is never started outside the sandbox. Code may read
    `readable` and import from `import_from`, write only to a scratch folder that is gone afterwards, and reach no
    network. The best tier that a live self-test finds is taken, or just `tier`, and none below `least`; resource limits
    alone are no sandbox and need `allow_weak`. Where nothing holds, reports say so in `not_run`; nothing is ever run as
    root. In the folder `memory`, if one is given, later processes find which tier held.

    With a `repository` each run works in a view of that folder, in which files can be added, replaced and removed; the
    folder itself stays as it is, and secrets that are known by name are not to be seen.

    With `warm`, a server that is up already makes the runs where the tier allows it; else each is started for itself.

    Methods that start with `a` are coroutines; cancelling one ends its processes first. Each has a synchronous face.
    """

    def __init__(
        self,
        *,
        python: str | Path | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        readable: Sequence[Path] = (),
        import_from: Sequence[Path] = (),
        repository: Path | None = None,
        allow_weak: bool = False,
        tier: SandboxTier | None = None,
        least: SandboxTier = "landlock",
        memory: Path | None = None,
        warm: bool = True,
    ) -> None:
        self._python = str(Path(python or sys.executable).expanduser().absolute())
        self._limits = limits
        self._import_from = _folders(import_from)
        self._readable = _folders(readable)
        self._view = RepositoryView(os.path.realpath(repository.expanduser())) if repository else None
        self._tiers = TierStatus(
            python=self._python,
            allowed=allowed_tiers(tier, "rlimits" if allow_weak else least),
            memory=TierMemory(memory) if memory else None,
        )
        self._grants = NO_GRANTS
        self._warm = warm

    def status(self) -> SandboxStatus:
        """Return which tier holds here, found by a self-test at first use and then remembered."""
        return run_sync(self.astatus())

    async def astatus(self) -> SandboxStatus:
        """Return which tier holds here, found by a self-test at first use and then remembered."""
        found = await self._tiers.find()
        return replace(found, limits=self._limits.text, interpreter=self._python)

    async def atiers(self) -> tuple[SandboxStatus, ...]:
        """Return how each tier of this operating system stands, strongest first, each tried by running in it now.

        Nothing is taken from memory, and what is found is not remembered. `allow_weak` and `least` are left aside: that
        resource limits work does not say that they may be used.
        """
        tried = await try_tiers(self._python)
        return tuple(replace(status, limits=self._limits.text, interpreter=self._python) for status in tried)

    def granting(self, grants: Grants) -> Sandbox:
        """Return a sandbox like this one, whose runs have these grants."""
        other = copy(self)
        other._grants = grants
        return other

    @property
    def view(self) -> RepositoryView | None:
        """The repository that runs work in, if they do."""
        return self._view

    @property
    def limits(self) -> Limits:
        """The bounds on a run that is given none of its own."""
        return self._limits

    async def acall(
        self,
        files: Mapping[str, str | None],
        module: str,
        calls: Sequence[str],
        *,
        limits: Limits | None = None,
        record_lines: Sequence[str] = (),
    ) -> CallReport:
        """Import `module` from `files` (relative path -> text) and evaluate each call, an expression in the module's
        own namespace.

        Each call is handed over when its turn comes, and its value comes out on a private pipe: results hold plain
        values to be compared here. Whatever is not exactly one well-formed record is `NoRecord`. `limits` replace the
        sandbox's own for this run. Of the files that `record_lines` names, the report's `coverage` tells which lines the
        calls ran: a claim, which nothing else in the report depends on.
        """
        if any("\0" in text for text in (module, *calls)):
            raise UsageError("A call or module name holds a NUL.", hint="Write calls as Python expressions.")
        check_recorded(record_lines, files)
        conversation = CallConversation(module, await self._roots(), calls, record_lines)
        return await self._converse(conversation, files, limits)

    async def aexplore(
        self,
        files: Mapping[str, str | None],
        module: str,
        questions: Callable[[Ask], Awaitable[None]],
        *,
        limits: Limits | None = None,
    ) -> CallReport:
        """As `acall`, for calls that depend on what the ones before gave: `questions` is awaited, once the module has
        loaded, with a coroutine function that evaluates one expression. The report holds all that were asked, in order.

        That function raises `BrokenDialogueError` when the run ended before a valid record; `questions` need not catch it.
        """
        return await self._converse(OpenConversation(module, await self._roots(), questions), files, limits)

    async def _converse(
        self, conversation: CallConversation, files: Mapping[str, str | None], limits: Limits | None
    ) -> CallReport:
        ran = await self._run(("calls",), files, conversation=conversation, limits=limits)
        return ran.call_report(conversation)

    def call(
        self,
        files: Mapping[str, str | None],
        module: str,
        calls: Sequence[str],
        *,
        limits: Limits | None = None,
        record_lines: Sequence[str] = (),
    ) -> CallReport:
        """Do what `acall` does, from synchronous code."""
        return run_sync(self.acall(files, module, calls, limits=limits, record_lines=record_lines))

    async def atest(
        self,
        files: Mapping[str, str | None],
        tests: str,
        *,
        tests_path: str = "",
        limits: Limits | None = None,
        record_lines: Sequence[str] = (),
    ) -> TestReport:
        """Run the text of a pytest file beside `files`, by the interpreter's own pytest, or genloom's where it has none
        and that fits.

        No configuration, cache or third-party plugin is loaded, and a conftest.py only when it is in `files` or in the
        repository, around the place that `tests_path` (relative) says the file has. The records share the draft's
        interpreter: they are claims. `limits` and `record_lines` are as in `acall`.
        """
        check_recorded(record_lines, files)
        # a name of its own for each run: a draft cannot tell one run from another by it
        place = PurePosixPath(tests_path)
        name = free_name(str(place.parent / f"test_{secrets.token_hex(8)}.py"), files)
        lender, lent = await asyncio.to_thread(lent_pytest)
        conversation = TestConversation(
            name,
            lender,
            self._view is not None or "conftest.py" in files,
            await self._roots(),
            shown_as=place.name or free_name(_TEST_FILE, files),
            recorded=record_lines,
        )
        ran = await self._run(
            ("tests",),
            {**files, name: tests},
            readable=lent,
            preload=(lender,),
            conversation=conversation,
            limits=limits,
        )
        return ran.test_report(conversation, self._python)

    def test(
        self,
        files: Mapping[str, str | None],
        tests: str,
        *,
        tests_path: str = "",
        limits: Limits | None = None,
        record_lines: Sequence[str] = (),
    ) -> TestReport:
        """Do what `atest` does, from synchronous code."""
        return run_sync(self.atest(files, tests, tests_path=tests_path, limits=limits, record_lines=record_lines))

    async def arun_program(
        self,
        program: Path | str,
        *,
        stdin: bytes = b"",
        files: Mapping[str, str | None] = _NO_FILES,
        readable: Sequence[Path] = (),
        on_line: Callable[[bytes], None] | None = None,
        limits: Limits | None = None,
    ) -> ProgramReport:
        """Run a program as `__main__`: a `Path` is a file, a `str` is source text.

        `on_line` is called in the event loop's thread with each line of standard output as it comes, without its end;
        what it raises ends the run. `limits` replace the sandbox's own for this run.
        """
        laid_out = dict(files)
        extra = await asyncio.to_thread(_folders, [program]) if isinstance(program, Path) else ()
        name = extra[0] if extra else free_name(_PROGRAM_FILE, files)
        if isinstance(program, str):
            laid_out[name] = program
        ran = await self._run(
            ("program", name, *await self._roots()),
            laid_out,
            readable=(*extra, *await asyncio.to_thread(_folders, readable)),
            stdin=stdin,
            on_line=on_line,
            limits=limits,
        )
        return ran.program_report()

    def run_program(
        self,
        program: Path | str,
        *,
        stdin: bytes = b"",
        files: Mapping[str, str | None] = _NO_FILES,
        readable: Sequence[Path] = (),
        on_line: Callable[[bytes], None] | None = None,
        limits: Limits | None = None,
    ) -> ProgramReport:
        """Do what `arun_program` does, from synchronous code; `on_line` is then called in another thread."""
        return run_sync(
            self.arun_program(program, stdin=stdin, files=files, readable=readable, on_line=on_line, limits=limits)
        )

    async def _roots(self) -> tuple[str, ...]:
        """Return the folders to import from; relative ones lie in the working directory."""
        inner = await asyncio.to_thread(lambda view: view.roots, self._view) if self._view else ()
        return (*(root for root in inner if root), *self._import_from)

    async def _run(
        self,
        task: tuple[str, ...],
        files: Mapping[str, str | None],
        *,
        readable: tuple[str, ...] = (),
        stdin: bytes = b"",
        on_line: Callable[[bytes], None] | None = None,
        limits: Limits | None = None,
        preload: tuple[str, ...] = (),
        conversation: Conversation | None = None,
    ) -> Ran:
        check_names(files)
        limits = limits or self._limits
        status = await self._tiers.find()
        if status.tier is None:
            return Ran.refused(why_none(status), limits)
        needed = (*self._readable, *self._import_from, *readable)
        lent = len(readable) if task[0] == "tests" else 0
        interpreter = await asyncio.to_thread(find_with, self._python, needed)
        if isinstance(interpreter, Unavailable):
            return Ran.refused(interpreter, limits)
        job = Job(
            interpreter=interpreter,
            task=task,
            limits=limits,
            files=files,
            readable=needed,
            stdin=stdin,
            grants=self._grants,
            # one in a folder that can be read could be connected to, and somebody outside may be listening there
            unix_sockets=self._grants.loopback and not self._view and len(needed) == lent,
            channel=conversation is not None,
            on_line=on_line,
            warm=self._warm,
            preload=preload,
        )
        return await run_in_tier(job, self._tiers, status, view=self._view, conversation=conversation)


def _folders(paths: Sequence[Path]) -> tuple[str, ...]:
    return tuple(str(path.absolute()) for path in paths)
