"""Starts the launcher for one job and sees it through to the end of its whole tree."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from io import FileIO
from typing import BinaryIO, TypeVar

from genloom.tools.sandbox.conversation.dialogue import Dialogue
from genloom.tools.sandbox.conversation.pipes import PipeCollector, PipeReader, PipeWriter
from genloom.tools.sandbox.job import Ending, Job, Refused
from genloom.tools.sandbox.launcher.wire import ACCEPTED
from genloom.tools.sandbox.output import Output
from genloom.tools.sandbox.planning import make_plan, memory_file, plan_file, run_of_server, scratch_inside
from genloom.tools.sandbox.scratch_folder import make_scratch, remove_scratch
from genloom.tools.sandbox.start import start_command
from genloom.tools.sandbox.warm.warm_pool import Lease, lease_server

__all__ = ["Conversation", "run_job"]

T = TypeVar("T")

Conversation = Callable[[Dialogue], Awaitable[None]]
"""Talks to the worker over the private pipe; when it returns there is nothing more to ask. It handles
`BrokenDialogueError` itself: the run is then stopped."""

_PIPES = ("control", "status", "stdout", "stderr", "calls", "records")
_ACCEPT_SECONDS = 30.0
_LAST = (b"ended ", b"refused ")
"""How the supervisor's last line begins."""

_Pipes = dict[str, BinaryIO]

_GRACE_SECONDS = 15.0
_LAST_WORDS_SECONDS = 0.5


async def run_job(job: Job, conversation: Conversation | None = None) -> Ending | Refused:
    """Run a job to its end; when this returns or raises, no process of it is left.

    Cancelling the task ends the whole tree first. A job that no warm server took, tried twice, is run the cold way.
    """
    for _ in range(2):
        with contextlib.suppress(_NotServedError):
            return await _run_once(job, conversation)
    return await _run_once(replace(job, warm=False), conversation)


class _NotServedError(Exception):
    """The warm server is gone, or lost the copy that took the order, and has not begun the run."""


async def _run_once(job: Job, conversation: Conversation | None) -> Ending | Refused:
    run = _Run(job)
    try:
        return await run.see_through(conversation)
    finally:
        if run.scratch:
            await asyncio.shield(asyncio.to_thread(remove_scratch, run.scratch))


async def _to_its_end(work: Callable[[], T]) -> T:
    """Do blocking work in a thread; when this is cancelled, the cancellation waits until the work is done."""
    doing = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise


class _Run:
    """One start of the launcher, or one order to a warm server: its pipes, and what came out of them."""

    def __init__(self, job: Job) -> None:
        self.scratch = ""
        """The scratch folder, where there is one outside."""
        self._job = job
        self._process: subprocess.Popen[bytes] | None = None
        self._lease: Lease | None = None
        self._pipes: _Pipes = {}
        self._status: PipeReader | None = None
        self._accepted = False
        self._line = b""
        self._cap = job.limits.output_kilobytes * 1024
        self._stdout = Output(self._stop, self._cap, job.on_line)
        self._stderr = Output(self._stop, self._cap)
        self._overflow = False
        self._control: BinaryIO | None = None
        self._over = asyncio.Event()

    async def see_through(self, conversation: Conversation | None) -> Ending | Refused:
        started = time.monotonic()
        async with contextlib.AsyncExitStack() as stack:
            try:
                pipes = await _to_its_end(partial(self._start, stack))
                if isinstance(pipes, Refused):
                    return pipes
                async with asyncio.timeout(self._job.limits.wall_seconds + _GRACE_SECONDS):
                    await self._attend(stack, pipes, conversation)
            except TimeoutError:
                return Refused(stage="supervisor", why="it did not end the run in time")
            finally:
                self._stop()
                if self._process:
                    await _wait_until_gone(self._process)
                if self._lease and self._pipes:
                    await self._give_back(self._lease, self._pipes["status"], stack)
                elif self._lease:
                    self._lease.release()  # nothing was sent
        if self._stdout.callers_error:
            raise self._stdout.callers_error
        return self._ending(self._line.decode(errors="replace"), time.monotonic() - started)

    def _start(self, stack: contextlib.AsyncExitStack) -> _Pipes | Refused:
        """Start the launcher or turn to a warm server; this reads, writes and forks, so it runs in a thread."""
        try:
            self._lease = lease_server(self._job)
            if not self._lease and not self._job.bubblewrap:  # which makes one inside
                self.scratch = make_scratch()
        except OSError as error:
            return Refused(stage="scratch", why=str(error))
        try:
            with contextlib.ExitStack() as theirs:
                ours, ends = _make_pipes(stack, theirs)
                ends["stdin"] = memory_file(self._job.stdin, theirs)
                self._begin(ends, theirs)
        except OSError as error:
            return Refused(stage="start", why=str(error))
        self._control = ours["control"]
        self._pipes = ours
        return ours

    def _begin(self, ends: dict[str, int], theirs: contextlib.ExitStack) -> None:
        channel = [ends["calls"], ends["records"]] if self._job.channel else []
        if self._lease:
            server = self._lease.server
            plan = run_of_server(server.common, self._job, channel=channel)
            ends["plan"] = plan_file(plan, theirs)
            server.send(ends, plan)  # one that is gone does not accept it
            return
        plan = make_plan(self._job, role="run", scratch=self.scratch or scratch_inside(self._job), channel=channel)
        ends["plan"] = plan_file(plan, theirs)
        self._process = subprocess.Popen(  # noqa: S603 - our own launcher
            start_command(
                self._job, plan, control=ends["control"], status=ends["status"], plan_descriptor=ends["plan"]
            ),
            stdin=ends["stdin"],
            stdout=ends["stdout"],
            stderr=ends["stderr"],
            pass_fds=[ends[name] for name in ("control", "status", "plan", "calls", "records")],
            env={},
            cwd="/",
            start_new_session=True,
        )

    async def _attend(self, stack: contextlib.AsyncExitStack, pipes: _Pipes, conversation: Conversation | None) -> None:
        """Take in all that comes until the supervisor has ended."""
        outputs = [
            PipeCollector(pipes[name].fileno(), output.take)
            for name, output in (("stdout", self._stdout), ("stderr", self._stderr))
        ]
        records = PipeReader(pipes["records"].fileno(), self._cap)
        self._status = PipeReader(pipes["status"].fileno(), self._cap)
        for reader in (*outputs, records, self._status):
            stack.callback(reader.close)
        if self._lease:
            await self._wait_until_accepted(self._lease, self._status)
        async with asyncio.TaskGroup() as tasks:
            if conversation:
                writer = PipeWriter(pipes["calls"])
                stack.callback(writer.close)
                tasks.create_task(self._converse(conversation, Dialogue(records, writer, self._cap)))
            self._line = await self._status.last_words()
            self._over.set()
            for output in outputs:
                output.take_rest()
                await output.wait()

    async def _wait_until_accepted(self, lease: Lease, status: PipeReader) -> None:
        """Nothing of the conversation has begun before: until then, the job can still be run another way."""
        try:
            async with asyncio.timeout(_ACCEPT_SECONDS):
                accepted = await status.last_words() == ACCEPTED
        except TimeoutError:
            accepted = False
        if not accepted:
            raise _NotServedError
        self._accepted = True
        lease.confirm()

    async def _give_back(self, lease: Lease, pipe: BinaryIO, stack: contextlib.AsyncExitStack) -> None:
        """Wait for the supervisor's word that the run's whole tree is gone; a server whose word fails goes with its runs."""
        try:
            async with asyncio.timeout(_GRACE_SECONDS):
                if not self._status:
                    self._status = PipeReader(pipe.fileno(), self._cap)
                    stack.callback(self._status.close)
                while not self._line.startswith(_LAST) and (line := await self._status.last_words()):
                    self._line = line
        except TimeoutError:
            pass
        never_begun = not (self._accepted or self._line) and self._status is not None and self._status.ended
        if never_begun or self._line.startswith(_LAST):
            lease.release()
        else:
            await asyncio.shield(asyncio.to_thread(lease.discard))

    async def _converse(self, conversation: Conversation, dialogue: Dialogue) -> None:
        try:
            await conversation(dialogue)
        finally:
            dialogue.close()
        if dialogue.broken is None:
            return
        self._overflow |= dialogue.broken.kind == "too_large"
        if dialogue.broken.kind == "ended":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), _LAST_WORDS_SECONDS)
        self._stop()

    def _stop(self) -> None:
        """Ask the supervisor to end the tree; it does the same when this process dies."""
        if self._control:
            self._control.close()

    def _ending(self, status: str, seconds: float) -> Ending | Refused:
        stdout, stderr = bytes(self._stdout.kept), bytes(self._stderr.kept)
        match status.split():
            case ["refused", stage, *why]:
                return Refused(stage=stage, why=" ".join(why))
            case ["ended", cause, wait_status, peak]:
                return Ending(
                    cause="output" if self._overflow or self._stdout.overflow or self._stderr.overflow else cause,
                    wait_status=int(wait_status),
                    peak=int(peak),
                    seconds=seconds,
                    stdout=stdout,
                    stderr=stderr,
                )
        return Refused(
            stage="bubblewrap" if self._job.bubblewrap and stderr.startswith(b"bwrap:") else "supervisor",
            why=stderr.decode(errors="replace").strip()[-400:] or "it ended unexpectedly",
        )


def _make_pipes(stack: contextlib.AsyncExitStack, theirs: contextlib.ExitStack) -> tuple[_Pipes, dict[str, int]]:
    """Return our ends, which `stack` closes, and those of the run."""
    ends: dict[str, int] = {}
    ours: dict[str, BinaryIO] = {}
    for name in _PIPES:
        read, write = os.pipe()
        mine, ends[name] = (write, read) if name in ("control", "calls") else (read, write)
        ours[name] = stack.enter_context(FileIO(mine, "wb" if mine == write else "rb"))
        theirs.callback(os.close, ends[name])
    return ours, ends


async def _wait_until_gone(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _GRACE_SECONDS
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
        await asyncio.sleep(0.001)
