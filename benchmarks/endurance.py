"""Endurance: thousands of verifications, and verifications whose process is killed. What is left behind is counted."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conditions import progress
from remains import reap, remains, resident
from small_draft import WITH_EXAMPLES, verify

from genloom.tools.sandbox import Sandbox

__all__ = ["endurance", "kills", "without_pause"]


async def endurance(sandbox: Sandbox, count: int) -> dict[str, Any]:
    """Verify `count` drafts, as many at once as there are cores."""
    workers = os.cpu_count() or 1
    for _ in range(min(count, 50)):  # what is set up once is set up
        await verify(sandbox, WITH_EXAMPLES)
    before, memory = remains(), {"before": resident()}
    numbers, done = iter(range(count)), itertools.count(1)

    async def work() -> None:
        for _ in numbers:
            await verify(sandbox, WITH_EXAMPLES)
            finished = next(done)
            if finished % max(1, count // 10) == 0:
                memory[f"after {finished}"] = resident()
                progress(f"endurance: {finished}/{count}")

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    seconds = time.perf_counter() - began
    return {
        "verifications": count,
        "at_once": workers,
        "per_second": round(count / seconds, 1),
        "resident_mib": memory,
        "left": {name: number - before[name] for name, number in remains().items()},
    }


DRIVER = """
import asyncio, sys
sys.path.insert(0, {folder!r})
import endurance
asyncio.run(endurance.without_pause({options!r}))
"""
_SETTLE_SECONDS = 2.0


async def without_pause(options: Mapping[str, Any]) -> None:
    """Verify until killed, as many at once as there are cores; a line on standard output for each verdict."""
    sandbox = Sandbox(**options)

    async def work() -> None:
        while True:
            await verify(sandbox, WITH_EXAMPLES)
            os.write(1, b"verified\n")

    await asyncio.gather(*(work() for _ in range(os.cpu_count() or 1)))


def kills(options: Mapping[str, Any], count: int) -> dict[str, Any]:
    """Kill a process that verifies, at different moments, and count what it leaves behind."""
    before = remains()
    for number in range(count):
        progress(f"kill {number + 1}/{count}")
        code = DRIVER.format(folder=str(Path(__file__).resolve().parent), options=dict(options))
        environment = {**os.environ, "TMPDIR": tempfile.gettempdir()}
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as driver:
            assert driver.stdout
            assert driver.stdout.readline() == b"verified\n"
            time.sleep(0.05 + 0.013 * number)
            driver.send_signal(signal.SIGKILL)
        time.sleep(_SETTLE_SECONDS)
    reap()
    return {"kills": count, "left": {name: number - before[name] for name, number in remains().items()}}
