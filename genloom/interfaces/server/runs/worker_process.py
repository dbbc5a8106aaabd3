"""Workers as processes of their own, so that graph work never holds up whoever answers requests.

A worker is told its settings on its standard input, which stays open: when it closes, the server is gone and the worker
gives its runs back and ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from types import TracebackType
from typing import Self

from genloom.errors import GenloomError
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.supervision import Supervision

__all__ = ["WorkerProcesses", "main"]

REST_SECONDS = 0.2
GRACE_SECONDS = 15.0
NICENESS = 5
MAX_SETTINGS_BYTES = 10_000_000


class WorkerProcesses:
    """An async context manager: inside it `settings.workers` workers run. One that ends is started again, later each time
    that it ends soon. At the end they are given `drain_seconds` to give their runs back, and killed after that."""

    def __init__(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._fare = {number: Supervision("a worker") for number in range(settings.workers)}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    @property
    def alive(self) -> bool:
        """Whether any worker runs that does not end again and again."""
        running = [number for number, process in self._processes.items() if process.returncode is None]
        return any(self._fare[number].well for number in running)

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes' ids."""
        return tuple(process.pid for process in self._processes.values() if process.returncode is None)

    async def __aenter__(self) -> Self:
        self._keepers = [asyncio.create_task(self._keep(number)) for number in range(self._settings.workers)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        running = [process for process in self._processes.values() if process.returncode is None]
        for process in running:
            _signal(process, signal.SIGTERM)
        if running:
            ends = [asyncio.create_task(process.wait()) for process in running]
            await asyncio.wait(ends, timeout=self._settings.drain_seconds + GRACE_SECONDS)
        for process in running:
            if process.returncode is None:
                _signal(process, signal.SIGKILL)
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)

    async def _keep(self, number: int) -> None:
        """Have one worker run, whatever becomes of it."""
        while not self._stopping.is_set():
            wait = await self._fare[number].turn(lambda: self._run(number))
            await asyncio.sleep(REST_SECONDS + wait)

    async def _run(self, number: int) -> None:
        """Have one worker run until it ends. Raises `GenloomError` when it was not told to."""
        process = await self._start()
        self._processes[number] = process
        code = await process.wait()
        if not self._stopping.is_set():
            raise GenloomError(f"It ended ({code}).", hint="Another is started.")

    async def _start(self) -> asyncio.subprocess.Process:
        # -P: what lies in the folder that the server was started in is not imported
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "genloom.interfaces.server.runs.worker_process"),
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin is not None
        try:
            process.stdin.write(self._settings.model_dump_json().encode() + b"\n")
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has ended already, as its keeper is about to see
        return process


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        return  # it has ended meanwhile


async def _serve() -> None:
    from genloom.interfaces.server.runs.worker import Worker  # LangGraph: only the worker itself pays for it
    from genloom.interfaces.server.storage import Storage

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    reader = asyncio.StreamReader(limit=MAX_SETTINGS_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    settings = ServerSettings.model_validate_json(await reader.readline())
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)

    async def end_with_the_server() -> None:
        while await reader.read(65_536):
            pass
        stop.set()

    watching = asyncio.create_task(end_with_the_server())
    async with Storage.open(settings.database) as storage:
        await Worker(storage, settings).run(stop)
    watching.cancel()


def main() -> int:
    """Work until told to stop; return the process's exit code."""
    os.nice(NICENESS)  # whoever asks for a run waits for milliseconds, the run itself for seconds
    try:
        asyncio.run(_serve())
    except GenloomError as error:
        print(f"genloom serve: a worker cannot go on: {error.message} {error.hint}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
