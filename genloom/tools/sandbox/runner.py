"""Starts the launcher for one job and sees it through to the end of its whole tree."""

from __future__ import annotations

import asyncio
import contextlib
import marshal
import math
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeVar

from genloom.tools.sandbox.bubblewrap import free_scratch, own_namespaces
from genloom.tools.sandbox.dialogue import Dialogue
from genloom.tools.sandbox.job import Ending, Job, Refused
from genloom.tools.sandbox.launcher.plan import Plan
from genloom.tools.sandbox.start import start_command

__all__ = ["Conversation", "run_job"]

T = TypeVar("T")

Conversation = Callable[[Dialogue], Awaitable[None]]
"""Talks to the worker over the private pipe; when it returns there is nothing more to ask. It handles
`BrokenDialogueError` itself: the run is then stopped."""

WORKER_FOLDER = str(Path(__file__).parent / "worker")
_WORKER = str(Path(WORKER_FOLDER) / "__main__.py")

_PIPES = ("control", "status", "stdout", "stderr", "calls", "records")
_READ = ("status", "stdout", "stderr", "records")
_Pipes = dict[str, BinaryIO]

_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "USER": "sandbox",
    "LOGNAME": "sandbox",
    "NO_COLOR": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    # each reserves address space for every core or thread, which is bounded here
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}

_GRACE_SECONDS = 15.0
_LAST_WORDS_SECONDS = 0.5
_CHUNK = 65536

_SYSTEM = (
    *("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/nix/store"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime"),
    *("/etc/timezone", "/etc/mime.types", "/etc/ssl/openssl.cnf", "/etc/ssl/certs"),
)
"""What programs on this system need besides the interpreter; all of it is open to every user anyway."""


async def run_job(job: Job, conversation: Conversation | None = None) -> Ending | Refused:
    """Run a job to its end; when this returns or raises, no process of it is left.

    Cancelling the task ends the whole tree first.
    """
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
    """One start of the launcher: its pipes, and what came out of them."""

    def __init__(self, job: Job) -> None:
        self.scratch = ""
        """The scratch folder, where there is one outside."""
        self._job = job
        self._process: subprocess.Popen[bytes] | None = None
        self._cap = job.limits.output_kilobytes * 1024
        self._overflow = False
        self._control: BinaryIO | None = None
        self._over = asyncio.Event()
        self._callers_error: Exception | None = None

    async def see_through(self, conversation: Conversation | None) -> Ending | Refused:
        started = time.monotonic()
        status = b""
        async with contextlib.AsyncExitStack() as stack:
            try:
                pipes = await _to_its_end(partial(self._start, stack))
                if isinstance(pipes, Refused):
                    return pipes
                async with asyncio.timeout(self._job.limits.wall_seconds + _GRACE_SECONDS):
                    status, stdout, stderr = await self._attend(stack, pipes, conversation)
            except TimeoutError:
                return Refused(stage="supervisor", why="it did not end the run in time")
            finally:
                self._stop()
                if self._process:
                    await _wait_until_gone(self._process)
        if self._callers_error:
            raise self._callers_error
        return self._ending(status.decode(errors="replace"), stdout, stderr, time.monotonic() - started)

    def _start(self, stack: contextlib.AsyncExitStack) -> _Pipes | Refused:
        """Make the scratch folder and start the launcher; this reads, writes and forks, so it runs in a thread."""
        try:
            if not self._job.bubblewrap:  # which makes one inside
                self.scratch = tempfile.mkdtemp(prefix="genloom-")
        except OSError as error:
            return Refused(stage="scratch", why=str(error))
        try:
            return self._launch(stack)
        except OSError as error:
            return Refused(stage="start", why=str(error))

    def _launch(self, stack: contextlib.AsyncExitStack) -> _Pipes:
        with contextlib.ExitStack() as theirs:
            ends: dict[str, int] = {}
            ours: dict[str, BinaryIO] = {}
            for name in _PIPES:
                read, write = os.pipe()
                mine, ends[name] = (write, read) if name in ("control", "calls") else (read, write)
                ours[name] = stack.enter_context(os.fdopen(mine, "wb" if mine == write else "rb", buffering=0))
                theirs.callback(os.close, ends[name])
            ends["stdin"] = _memory_file(self._job.stdin, theirs)
            plan = self._plan(ends)
            ends["plan"] = _memory_file(marshal.dumps(dict(plan)), theirs)
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
        self._control = ours["control"]
        return ours

    def _plan(self, ends: dict[str, int]) -> Plan:
        job, limits = self._job, self._job.limits
        readable = list(dict.fromkeys([*job.interpreter.readable, WORKER_FOLDER, *job.readable]))
        scratch = self.scratch or free_scratch(f"genloom-{secrets.token_hex(8)}", [*readable, *_SYSTEM])
        return Plan(
            confined=job.confined,
            namespaces=job.namespaces,
            outside=own_namespaces() if job.bubblewrap else {},
            executable=job.interpreter.executable,
            arguments=[job.interpreter.command, "-s", "-B", _WORKER, *job.task],
            environment={**_ENVIRONMENT, "HOME": scratch, "TMPDIR": scratch},
            scratch=scratch,
            files=dict(job.files),
            view=list(job.view),
            readable=readable,
            system_readable=list(_SYSTEM),
            channel=[ends["calls"], ends["records"]] if job.channel else [],
            wall_seconds=limits.wall_seconds,
            cpu_seconds=math.ceil(limits.cpu_seconds),
            memory=limits.memory_megabytes << 20,
            processes=limits.processes,
            file_size=limits.file_megabytes << 20,
        )

    async def _attend(
        self, stack: contextlib.AsyncExitStack, pipes: _Pipes, conversation: Conversation | None
    ) -> tuple[bytes, bytes, bytes]:
        """Take in all that comes until the supervisor has ended; return its status, the output and the errors."""
        readers = {name: await _reader(stack, pipes[name], self._cap) for name in _PIPES if name in _READ}
        async with asyncio.TaskGroup() as tasks:
            stdout = tasks.create_task(self._collect(readers["stdout"], self._job.on_line))
            stderr = tasks.create_task(self._collect(readers["stderr"], None))
            if conversation:
                writer = await _writer(stack, pipes["calls"])
                dialogue = Dialogue(readers["records"], writer, self._cap)
                tasks.create_task(self._converse(conversation, dialogue))
            status = await readers["status"].read()
            self._over.set()
        return status, stdout.result(), stderr.result()

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


def _memory_file(content: bytes, stack: contextlib.ExitStack) -> int:
    number = os.memfd_create("genloom")
    stack.callback(os.close, number)
    view = memoryview(content)
    while view:
        view = view[os.write(number, view) :]
    os.lseek(number, 0, os.SEEK_SET)
    return number


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
