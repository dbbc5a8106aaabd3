"""genloom's side of `codegen_client.py`, a process of its own.

Arguments: base URL, token, runs, runs at a time, `Agent` or `AsyncCodegen`. Prints one JSON object: seconds of the import of
httpx and of the client over it, and for each run its number (or null), when it was delivered, and how it ended.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

STARTED = time.perf_counter()
import httpx  # noqa: E402, F401  # told apart: whoever asks anything over HTTP pays for it

AFTER_HTTPX = time.perf_counter()
from genloom.tools.codegen import Agent, AsyncCodegen, Pacing  # noqa: E402  # its import is what is timed

IMPORTED = time.perf_counter()
from genloom.tools.codegen.traffic import UNLIMITED  # noqa: E402

PACING = Pacing(limits=UNLIMITED)
DEADLINE = 120.0

Told = tuple[int | None, float, str]


def deliver_by_agent(base_url: str, token: str, runs: int, at_once: int) -> list[Told]:
    """Run all by the drop-in, a thread for each that is in flight."""

    def one(number: int) -> Told:
        try:
            agent = Agent(token=token, org_id=1, base_url=base_url, pacing=PACING)
            task = agent.run(f"job {number}", deadline=DEADLINE).wait(deadline=DEADLINE)
        except Exception as error:
            return None, time.time(), type(error).__name__
        return (task.id if task.status == "completed" else None), time.time(), task.status

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, range(runs)))


async def deliver_by_client(base_url: str, token: str, runs: int, at_once: int) -> list[Told]:
    """Run all by one client."""
    gate = asyncio.Semaphore(at_once)
    async with AsyncCodegen(token=token, org_id=1, base_url=base_url, pacing=PACING) as client:

        async def one(number: int) -> Told:
            async with gate:
                try:
                    run = await client.run(f"job {number}", deadline=DEADLINE)
                except Exception as error:
                    return None, time.time(), type(error).__name__
                return (run.id if run.status == "completed" else None), time.time(), run.status

        return list(await asyncio.gather(*(one(number) for number in range(runs))))


def main() -> None:
    """Run all and print."""
    base_url, token, *numbers, client = sys.argv[1:]
    runs, at_once = map(int, numbers)
    if client == "Agent":
        told = deliver_by_agent(base_url, token, runs, at_once)
    else:
        told = asyncio.run(deliver_by_client(base_url, token, runs, at_once))
    times = {"httpx_seconds": AFTER_HTTPX - STARTED, "import_seconds": IMPORTED - AFTER_HTTPX}
    print(json.dumps({**times, "runs": told}))


if __name__ == "__main__":
    main()
