"""Starts the launcher for one job and sees it through to the end of its whole tree."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import BinaryIO, TypeVar

from genloom.tools.sandbox.dialogue import Dialogue
from genloom.tools.sandbox.job import Ending, Job, Refused
from genloom.tools.sandbox.planning import make_plan, memory_file, plan_file, scratch_inside
from genloom.tools.sandbox.start import start_command
from genloom.tools.sandbox.warm_pool import Lease, lease_server

__all__ = ["Conversation", "run_job"]

T = TypeVar("T")

Conversation = Callable[[Dialogue], Awaitable[None]]
"""Talks to the worker over the private pipe; when it returns there is nothing more to ask. It handles
`BrokenDialogueError` itself: the run is then stopped."""

_PIPES = ("control", "status", "stdout", "stderr", "calls", "records")
_SENT = ("control", "status", "plan", "stdin", "stdout", "stderr", "calls", "records")
"""What a warm server wants, in its order."""

_ACCEPTED = b"accepted\n"
_ACCEPT_SECONDS = 30.0
_READ = ("status", "stdout", "stderr", "records")
_Pipes = dict[str, BinaryIO]

_GRACE_SECONDS = 15.0
_LAST_WORDS_SECONDS = 0.5
_CHUNK = 65536


async def run_job(job: Job, conversation: Conversation | None = None) -> Ending | Refused:
    """Run a job to its end; when this returns or raises, no process of it is left.

    Cancelling the task ends the whole tree first. A job that a warm server did not take is run the cold way.
    """
    try:
        return await _run_once(job, conversation)
    except _NotServedError:
        return await _run_once(replace(job, warm=False), conversation)


class _NotServedError(Exception):
    """The warm server is gone, and has not begun the run."""


async def _run_once(job: Job, conversation: Conversation | None) -> Ending | Refused:
    run = _Run(job)
    try:
        return await run.see_through(conversation)
    finally:
        if run.scratch:
            await asyncio.shield(asyncio.to_thread(_remove, run.scratch))


async def _to_its_end(work: Callable[[], T]) -> T:
    """Do blocking work in a thread; when this is cancelled, the cancellation waits until the work is done."""
    doing = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait([doing])
        raise


def _remove(folder: str) -> None:
    """Remove a folder that hostile code filled: too deep for recursion, or with its permissions taken away."""
    if not os.path.lexists(folder):
        return  # the supervisor did it
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            arguments = [*command, "--", folder]
            subprocess.run(arguments, check=False, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)  # noqa: S603 - fixed commands


class _Run:
    """One start of the launcher, or one order to a warm server: its pipes, and what came out of them."""

    def __init__(self, job: Job) -> None:
        self.scratch = ""
        """The scratch folder, where there is one outside."""
        self._job = job
        self._process: subprocess.Popen[bytes] | None = None
        self._lease: Lease | None = None
        self._pipes: _Pipes = {}
        self._status: asyncio.StreamReader | None = None
        self._line = b""
        self._cap = job.limits.output_kilobytes * 1024
        self._overflow = False
        self._control: BinaryIO | None = None
        self._over = asyncio.Event()
        self._callers_error: Exception | None = None

    async def see_through(self, conversation: Conversation | None) -> Ending | Refused:
        started = time.monotonic()
        async with contextlib.AsyncExitStack() as stack:
            try:
                pipes = await _to_its_end(partial(self._start, stack))
                if isinstance(pipes, Refused):
                    return pipes
                async with asyncio.timeout(self._job.limits.wall_seconds + _GRACE_SECONDS):
                    stdout, stderr = await self._attend(stack, pipes, conversation)
            except TimeoutError:
                return Refused(stage="supervisor", why="it did not end the run in time")
            finally:
                self._stop()
                if self._process:
                    await _wait_until_gone(self._process)
                if self._lease and self._pipes:
                    await self._give_back(stack, self._lease, self._pipes["status"])
                elif self._lease:
                    self._lease.release()  # nothing was sent
        if self._callers_error:
            raise self._callers_error
        return self._ending(self._line.decode(errors="replace"), stdout, stderr, time.monotonic() - started)

    def _start(self, stack: contextlib.AsyncExitStack) -> _Pipes | Refused:
        """Start the launcher or turn to a warm server; this reads, writes and forks, so it runs in a thread."""
        try:
            self._lease = lease_server(self._job)
            if not self._lease and not self._job.bubblewrap:  # which makes one inside
                self.scratch = tempfile.mkdtemp(prefix="genloom-")
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
        role, scratch = "run", self.scratch
        if self._lease:
            role, scratch = "forked", self._lease.server.scratch
        plan = make_plan(
            self._job,
            role=role,
            scratch=scratch or scratch_inside(self._job),
            channel=[ends["calls"], ends["records"]] if self._job.channel else [],
        )
        ends["plan"] = plan_file(plan, theirs)
        if self._lease:
            self._lease.server.send([ends[name] for name in _SENT])  # one that is gone does not accept it
            return
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

    async def _attend(
        self, stack: contextlib.AsyncExitStack, pipes: _Pipes, conversation: Conversation | None
    ) -> tuple[bytes, bytes]:
        """Take in all that comes until the supervisor has ended; return the output and the errors."""
        readers = {name: await _reader(stack, pipes[name], self._cap) for name in _PIPES if name in _READ}
        self._status = readers["status"]
        if self._lease:
            await self._wait_until_accepted(self._lease, self._status)
        async with asyncio.TaskGroup() as tasks:
            stdout = tasks.create_task(self._collect(readers["stdout"], self._job.on_line))
            stderr = tasks.create_task(self._collect(readers["stderr"], None))
            if conversation:
                writer = await _writer(stack, pipes["calls"])
                dialogue = Dialogue(readers["records"], writer, self._cap)
                tasks.create_task(self._converse(conversation, dialogue))
            self._line = await self._status.readline()
            await self._status.read()
            self._over.set()
        return stdout.result(), stderr.result()

    async def _wait_until_accepted(self, lease: Lease, status: asyncio.StreamReader) -> None:
        """Nothing of the conversation has begun before: until then, the job can still be run another way."""
        try:
            async with asyncio.timeout(_ACCEPT_SECONDS):
                accepted = await status.readline() == _ACCEPTED
        except TimeoutError:
            accepted = False
        if not accepted:
            raise _NotServedError
        lease.confirm()

    async def _give_back(self, stack: contextlib.AsyncExitStack, lease: Lease, pipe: BinaryIO) -> None:
        """Wait for the supervisor's word that the run's whole tree is gone; a server whose word fails goes with its runs."""
        try:
            async with asyncio.timeout(_GRACE_SECONDS):
                status = self._status or await _reader(stack, pipe, self._cap)
                while line := await status.readline():
                    self._line = line
        except TimeoutError:
            pass
        if self._line.startswith((b"ended ", b"refused ")):
            lease.release()
        else:
            await asyncio.shield(asyncio.to_thread(lease.discard))

    async def _collect(self, reader: asyncio.StreamReader, on_line: Callable[[bytes], None] | None) -> bytes:
        """Keep what comes, up to the cap; whoever writes more is stopped."""
        kept = bytearray()
        told = 0
        while chunk := await reader.read(_CHUNK):
            if len(kept) + len(chunk) > self._cap:
                self._overflow = True
                self._stop()
            kept += chunk[: self._cap - len(kept)]
            while on_line and not self._callers_error and (end := kept.find(b"\n", told)) >= 0:
                self._tell(on_line, bytes(kept[told:end]))
                told = end + 1
        return bytes(kept)

    def _tell(self, on_line: Callable[[bytes], None], line: bytes) -> None:
        try:
            on_line(line)
        except Exception as error:  # noqa: BLE001 - the caller's own, raised again when the tree is gone
            self._callers_error = error
            self._stop()

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

    def _ending(self, status: str, stdout: bytes, stderr: bytes, seconds: float) -> Ending | Refused:
        match status.split():
            case ["refused", stage, *why]:
                return Refused(stage=stage, why=" ".join(why))
            case ["ended", cause, wait_status, peak]:
                return Ending(
                    cause="output" if self._overflow else cause,
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
        ours[name] = stack.enter_context(os.fdopen(mine, "wb" if mine == write else "rb", buffering=0))
        theirs.callback(os.close, ends[name])
    return ours, ends


async def _reader(stack: contextlib.AsyncExitStack, pipe: BinaryIO, cap: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=cap)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        partial(asyncio.StreamReaderProtocol, reader), pipe
    )
    stack.callback(transport.close)
    return reader


async def _writer(stack: contextlib.AsyncExitStack, pipe: BinaryIO) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    nothing = asyncio.StreamReader()
    transport, protocol = await loop.connect_write_pipe(partial(asyncio.StreamReaderProtocol, nothing), pipe)
    stack.callback(transport.close)
    return asyncio.StreamWriter(transport, protocol, None, loop)


async def _wait_until_gone(process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _GRACE_SECONDS
    while process.poll() is None:
        if time.monotonic() > deadline:
            process.kill()
        await asyncio.sleep(0.001)
