"""The sandbox: runs untrusted Python and reports what came of it."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TypedDict

from genloom.errors import UsageError
from genloom.portal import run_sync
from genloom.state import Grant, SandboxTier
from genloom.tools.sandbox.conversation.call_conversation import Ask, CallConversation, OpenConversation
from genloom.tools.sandbox.conversation.pytest_conversation import TestConversation
from genloom.tools.sandbox.grants import NO_GRANTS, Grants
from genloom.tools.sandbox.interpreter import Interpreter, Unavailable, find_interpreter
from genloom.tools.sandbox.job import Ending, Job, Refused
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.report import CallReport, Ended, NotRunCause, ProgramReport, SandboxStatus, TestReport
from genloom.tools.sandbox.repository.placement import placed
from genloom.tools.sandbox.repository.repository_view import RepositoryView
from genloom.tools.sandbox.runner import Conversation, run_job
from genloom.tools.sandbox.selftest import explain_refusal, find_tier, try_tier
from genloom.tools.sandbox.tier_memory import TierMemory, circumstances
from genloom.tools.sandbox.tiers import tier_suffices, tiers_of_this_system
from genloom.tools.sandbox.worker.pytest_run import BORROWED

__all__ = ["Sandbox"]

_TEST_FILE = "test_genloom_checks.py"
_PROGRAM_FILE = "genloom_program.py"
_NO_FILES: Mapping[str, str | None] = MappingProxyType({})
_MOST_FOUND = 64
_OF_THE_TIER = ("bubblewrap", "namespaces", "mounts", "user", "landlock", "seccomp")
"""Stages of the set-up that hang on the tier and not on the single run."""


class _Common(TypedDict):
    """The fields that every report has."""

    tier: SandboxTier | None
    limits: str
    grants: tuple[Grant, ...]
    seconds: float
    ended: Ended
    stdout: str
    stderr: str
    not_run: str
    not_run_cause: NotRunCause
    hint: str


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
        self._allowed = _allowed_tiers(tier, "rlimits" if allow_weak else least)
        self._grants = NO_GRANTS
        self._memory = TierMemory(memory) if memory else None
        self._warm = warm

    def status(self) -> SandboxStatus:
        """Return which tier holds here, found by a self-test at first use and then remembered."""
        return run_sync(self.astatus())

    async def astatus(self) -> SandboxStatus:
        """Return which tier holds here, found by a self-test at first use and then remembered."""
        key = (self._python, self._allowed)
        found = _found.get(key)
        if found is None:
            found = await self._look(recall=True)
            if found.tier and len(_found) < _MOST_FOUND:
                _found[key] = found
        return replace(found, limits=self._limits.text, interpreter=self._python)

    async def atiers(self) -> tuple[SandboxStatus, ...]:
        """Return how each tier of this operating system stands, strongest first, each tried by running in it now.

        Nothing is taken from memory, and what is found is not remembered. `allow_weak` and `least` are left aside: that
        resource limits work does not say that they may be used.
        """
        interpreter = await asyncio.to_thread(find_interpreter, self._python)
        found = []
        for tier in tiers_of_this_system():
            tried = interpreter if isinstance(interpreter, Unavailable) else await try_tier(interpreter, tier)
            if isinstance(tried, Unavailable):
                tried = SandboxStatus(tier=None, reason=tried.reason, cause=tried.cause, hint=tried.hint)
            found.append(replace(tried, tried=tier, limits=self._limits.text, interpreter=self._python))
        return tuple(found)

    def granting(self, grants: Grants) -> Sandbox:
        """Return a sandbox like this one, whose runs have these grants unless they are given others."""
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
        grants: Grants | None = None,
        record_lines: Sequence[str] = (),
    ) -> CallReport:
        """Import `module` from `files` (relative path -> text) and evaluate each call, an expression in the module's
        own namespace.

        Each call is handed over when its turn comes, and its value comes out on a private pipe: results hold plain
        values to be compared here. Whatever is not exactly one well-formed record is `NoRecord`. `limits` replace the
        sandbox's own for this run, which has `grants`. Of the files that `record_lines` names, the report's `coverage`
        tells which lines the calls ran: a claim, which nothing else in the report depends on.
        """
        if any("\0" in text for text in (module, *calls)):
            raise UsageError("A call or module name holds a NUL.", hint="Write calls as Python expressions.")
        _check_recorded(record_lines, files)
        conversation = CallConversation(module, await self._roots(), calls, record_lines)
        return await self._converse(conversation, files, limits, grants)

    async def aexplore(
        self,
        files: Mapping[str, str | None],
        module: str,
        questions: Callable[[Ask], Awaitable[None]],
        *,
        limits: Limits | None = None,
        grants: Grants | None = None,
    ) -> CallReport:
        """As `acall`, for calls that depend on what the ones before gave: `questions` is awaited, once the module has
        loaded, with a coroutine function that evaluates one expression. The report holds all that were asked, in order.

        That function raises `BrokenDialogueError` when the run ended before a valid record; `questions` need not catch it.
        """
        return await self._converse(OpenConversation(module, await self._roots(), questions), files, limits, grants)

    async def _converse(
        self,
        conversation: CallConversation,
        files: Mapping[str, str | None],
        limits: Limits | None,
        grants: Grants | None,
    ) -> CallReport:
        ran = await self._run(("calls",), files, conversation=conversation, limits=limits, grants=grants)
        if not ran.ending:
            return CallReport(**ran.common)
        return CallReport(
            **ran.common,
            results=conversation.results(ran.ending),
            loading=conversation.loading(ran.ending),
            coverage=conversation.coverage,
        )

    def call(
        self,
        files: Mapping[str, str | None],
        module: str,
        calls: Sequence[str],
        *,
        limits: Limits | None = None,
        grants: Grants | None = None,
        record_lines: Sequence[str] = (),
    ) -> CallReport:
        """Do what `acall` does, from synchronous code."""
        return run_sync(self.acall(files, module, calls, limits=limits, grants=grants, record_lines=record_lines))

    async def atest(
        self,
        files: Mapping[str, str | None],
        tests: str,
        *,
        tests_path: str = "",
        limits: Limits | None = None,
        grants: Grants | None = None,
        record_lines: Sequence[str] = (),
    ) -> TestReport:
        """Run the text of a pytest file beside `files`, by the interpreter's own pytest, or genloom's where it has none
        and that fits.

        No configuration, cache or third-party plugin is loaded, and a conftest.py only when it is in `files` or in the
        repository, around the place that `tests_path` (relative) says the file has. The records share the draft's
        interpreter: they are claims. `limits`, `grants` and `record_lines` are as in `acall`.
        """
        _check_recorded(record_lines, files)
        # a name of its own for each run: a draft cannot tell one run from another by it
        place = PurePosixPath(tests_path)
        name = _free_name(str(place.parent / f"test_{secrets.token_hex(8)}.py"), files)
        lender, lent = await asyncio.to_thread(_own_pytest)
        conversation = TestConversation(
            name,
            lender,
            self._view is not None or "conftest.py" in files,
            await self._roots(),
            shown_as=place.name or _free_name(_TEST_FILE, files),
            recorded=record_lines,
        )
        ran = await self._run(
            ("tests",),
            {**files, name: tests},
            readable=lent,
            preload=(lender,),
            conversation=conversation,
            limits=limits,
            grants=grants,
        )
        if not ran.ending:
            return TestReport(**ran.common)
        if conversation.no_pytest:
            reason = f"{self._python} has no pytest, and genloom's own does not fit it: {conversation.no_pytest}"
            report = TestReport(**ran.common)
            return replace(
                report, not_run=reason, not_run_cause="no_pytest", hint=f"{self._python} -m pip install pytest"
            )
        complete = conversation.closed and ran.ending.ended == "normal"
        cases, coverage = tuple(conversation.cases), conversation.coverage
        return TestReport(**ran.common, cases=cases, complete=complete, coverage=coverage)

    def test(
        self,
        files: Mapping[str, str | None],
        tests: str,
        *,
        tests_path: str = "",
        limits: Limits | None = None,
        grants: Grants | None = None,
        record_lines: Sequence[str] = (),
    ) -> TestReport:
        """Do what `atest` does, from synchronous code."""
        return run_sync(
            self.atest(files, tests, tests_path=tests_path, limits=limits, grants=grants, record_lines=record_lines)
        )

    async def arun_program(
        self,
        program: Path | str,
        *,
        stdin: bytes = b"",
        files: Mapping[str, str | None] = _NO_FILES,
        readable: Sequence[Path] = (),
        on_line: Callable[[bytes], None] | None = None,
        limits: Limits | None = None,
        grants: Grants | None = None,
    ) -> ProgramReport:
        """Run a program as `__main__`: a `Path` is a file, a `str` is source text.

        `on_line` is called in the event loop's thread with each line of standard output as it comes, without its end;
        what it raises ends the run. `limits` replace the sandbox's own for this run, which has `grants`.
        """
        laid_out = dict(files)
        extra = await asyncio.to_thread(_folders, [program]) if isinstance(program, Path) else ()
        name = extra[0] if extra else _free_name(_PROGRAM_FILE, files)
        if isinstance(program, str):
            laid_out[name] = program
        ran = await self._run(
            ("program", name, *await self._roots()),
            laid_out,
            readable=(*extra, *await asyncio.to_thread(_folders, readable)),
            stdin=stdin,
            on_line=on_line,
            limits=limits,
            grants=grants,
        )
        exit_code = ran.ending.exit_code if ran.ending else None
        return ProgramReport(**ran.common, exit_code=exit_code)

    def run_program(
        self,
        program: Path | str,
        *,
        stdin: bytes = b"",
        files: Mapping[str, str | None] = _NO_FILES,
        readable: Sequence[Path] = (),
        on_line: Callable[[bytes], None] | None = None,
        limits: Limits | None = None,
        grants: Grants | None = None,
    ) -> ProgramReport:
        """Do what `arun_program` does, from synchronous code; `on_line` is then called in another thread."""
        return run_sync(
            self.arun_program(
                program, stdin=stdin, files=files, readable=readable, on_line=on_line, limits=limits, grants=grants
            )
        )

    async def _roots(self) -> tuple[str, ...]:
        """Return the folders to import from; relative ones lie in the working directory."""
        inner = await asyncio.to_thread(lambda view: view.roots, self._view) if self._view else ()
        return (*(root for root in inner if root), *self._import_from)

    async def _look(self, *, recall: bool) -> SandboxStatus:
        interpreter = await asyncio.to_thread(find_interpreter, self._python)
        if isinstance(interpreter, Unavailable):
            why = interpreter
            return SandboxStatus(tier=None, reason=why.reason, cause=why.cause, hint=why.hint)
        if self._memory is None:
            return await find_tier(interpreter, self._allowed)
        key = await asyncio.to_thread(circumstances, interpreter, self._allowed)
        remembered = await asyncio.to_thread(self._memory.recall, key, self._allowed) if recall else None
        if remembered:
            return remembered
        found = await find_tier(interpreter, self._allowed)
        keep = partial(self._memory.remember, key, found) if found.tier else partial(self._memory.forget, key)
        await asyncio.to_thread(keep)
        return found

    async def _run(
        self,
        task: tuple[str, ...],
        files: Mapping[str, str | None],
        *,
        readable: tuple[str, ...] = (),
        stdin: bytes = b"",
        on_line: Callable[[bytes], None] | None = None,
        limits: Limits | None = None,
        grants: Grants | None = None,
        preload: tuple[str, ...] = (),
        conversation: Conversation | None = None,
    ) -> _Ran:
        _check_names(files)
        limits = limits or self._limits
        grants = grants or self._grants
        status = await self.astatus()
        if status.tier is None:
            return _Ran.refused(_why_none(status), limits)
        needed = (*self._readable, *self._import_from, *readable)
        lent = len(readable) if task[0] == "tests" else 0
        interpreter = await asyncio.to_thread(_find_all, self._python, needed)
        if isinstance(interpreter, Unavailable):
            return _Ran.refused(interpreter, limits)
        job = Job(
            interpreter=interpreter,
            task=task,
            limits=limits,
            files=files,
            readable=needed,
            stdin=stdin,
            grants=grants,
            # one in a folder that can be read could be connected to, and somebody outside may be listening there
            unix_sockets=grants.loopback and not self._view and len(needed) == lent,
            channel=conversation is not None,
            on_line=on_line,
            warm=self._warm,
            preload=preload,
        )
        ran = await self._attempt(job, status, conversation)
        if isinstance(ran, Unavailable) and ran.stage in _OF_THE_TIER:
            # the tier held once, and does not any more
            status = await self._look_again()
            ran = await self._attempt(job, status, conversation) if status.tier else _why_none(status)
        return _Ran.refused(ran, limits) if isinstance(ran, Unavailable) else _Ran.ended(ran, status, job)

    async def _look_again(self) -> SandboxStatus:
        _found.pop((self._python, self._allowed), None)
        found = await self._look(recall=False)
        if found.tier:
            _found[(self._python, self._allowed)] = found
        return found

    async def _attempt(
        self, job: Job, status: SandboxStatus, conversation: Conversation | None
    ) -> Ending | Unavailable:
        """Run a job under the tier that the status names."""
        job = replace(
            job,
            unix_sockets=job.unix_sockets and status.tier == "bubblewrap",
            confined=status.tier != "rlimits",
            namespaces=status.namespaces,
            bubblewrap=status.bubblewrap,
        )
        there = await placed(job, self._view) if self._view else job
        if isinstance(there, Unavailable):
            return there
        ending = await run_job(there, conversation)
        return explain_refusal(ending) if isinstance(ending, Refused) else ending


def _why_none(status: SandboxStatus) -> Unavailable:
    return Unavailable(reason=status.reason, cause=status.cause or "no_sandbox", hint=status.hint)


def _allowed_tiers(tier: SandboxTier | None, least: SandboxTier) -> tuple[SandboxTier, ...]:
    tried = (tier,) if tier else tiers_of_this_system()
    allowed = tuple(each for each in tried if tier_suffices(each, least))
    if tier == "rlimits" and not allowed:
        raise UsageError(
            "Resource limits alone are not a sandbox.", hint="Pass allow_weak=True to run untrusted code with them."
        )
    if tier and not allowed:
        raise UsageError(f"The sandbox {tier} is below {least}.", hint="Ask for a stronger tier, or for less.")
    return allowed


_found: dict[tuple[str, tuple[SandboxTier, ...]], SandboxStatus] = {}
"""What the self-test showed in this process; only what holds is remembered."""


@dataclass(frozen=True, kw_only=True)
class _Ran:
    """One run, or why there was none."""

    common: _Common
    ending: Ending | None = None

    @classmethod
    def ended(cls, ending: Ending, status: SandboxStatus, job: Job) -> _Ran:
        common = _Common(
            tier=status.tier,
            limits=job.limits.text,
            grants=job.grants.names,
            seconds=ending.seconds,
            ended=ending.ended,
            stdout=ending.stdout.decode(errors="replace"),
            stderr=ending.stderr.decode(errors="replace"),
            not_run="",
            not_run_cause="",
            hint="",
        )
        return cls(common=common, ending=ending)

    @classmethod
    def refused(cls, why: Unavailable, limits: Limits) -> _Ran:
        return cls(
            common=_Common(
                tier=None,
                limits=limits.text,
                grants=(),
                seconds=0.0,
                ended="killed",
                stdout="",
                stderr="",
                not_run=why.reason,
                not_run_cause=why.cause,
                hint=why.hint,
            )
        )


def _find_all(python: str, needed: Sequence[str]) -> Interpreter | Unavailable:
    """Find the interpreter, and whether every path that the run needs is there; this reads the disk."""
    for path in needed:
        if not os.path.exists(path):  # noqa: PTH110 - made for each run
            return Unavailable(reason=f"{path} does not exist.", hint="Give a folder that is there.")
    return find_interpreter(python)


def _folders(paths: Sequence[Path]) -> tuple[str, ...]:
    return tuple(str(path.absolute()) for path in paths)


def _check_names(files: Mapping[str, str | None]) -> None:
    for name in files:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\0" in name:
            raise UsageError(
                f"{name!r} is not a relative path inside the scratch folder.",
                hint="Name files as in `package/module.py`.",
            )


def _check_recorded(record_lines: Sequence[str], files: Mapping[str, str | None]) -> None:
    for name in record_lines:
        if name not in files:
            raise UsageError(f"{name!r} is not among the files.", hint="Name files whose lines are to be recorded.")


def _free_name(name: str, files: Mapping[str, str | None]) -> str:
    while name in files:
        name = name.replace(".py", "_.py")
    return name


def _own_pytest() -> tuple[str, tuple[str, ...]]:
    """Return the folder that genloom's own pytest is installed in and the parts that it needs; empty without one."""
    from importlib.util import find_spec  # imported here: only test runs pay for it

    spec = find_spec("pytest")
    if not spec or not spec.origin:
        return "", ()
    folder = Path(spec.origin).parent.parent
    parts = (folder / f"{name}{end}" for name in BORROWED for end in ("", ".py"))
    return str(folder), tuple(str(part) for part in parts if part.exists())
