"""The Codegen client alone: runs delivered, requests and delays, under faults, under limits and in great number.

Command:

    python benchmarks/codegen_runs.py [faults] [limits] [many] [--speed 1] [--seeds 1] [--json]

Every scenario runs against the server of `genloom.testing.codegen` in a process of its own.
`faults`: 200 runs of 3 s, 25 at a time, once with 10 % and once with 30 % of all requests going wrong, no limits.
`limits`: 100 runs of 30 s, all begun at once, under all documented limits (10 minutes; `--speed 10` makes server, limits
and the client's own waits ten times as fast, the network stays as it is), then with creation unlimited.
`many`: 1,000 runs of 60 s, all in flight at once, with creation unlimited.
Orphaned: runs at the server that no caller got. Detection: from the end of a run to the moment its caller has it; times
are the server's seconds. Requests a run: everything that the server was asked, over the runs that were wanted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

from conditions import conditions, progress

from genloom.testing.codegen import DOCUMENTED_LIMITS, CodegenServer, RateLimit, RunPlan, ServerClock
from genloom.testing.fault_rate import FaultRate
from genloom.tools.codegen import AsyncCodegen, Pacing
from genloom.tools.codegen.traffic import DOCUMENTED, UNLIMITED, Limits, Rate, request_class

UNLIMITED_CREATION = {name: limit for name, limit in DOCUMENTED_LIMITS.items() if name != "create"}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`at_once` callers share `runs` runs of `seconds`; that share of all requests is spoilt."""

    name: str
    runs: int
    at_once: int
    seconds: float
    faults: float = 0.0
    server_limits: Mapping[str, RateLimit] | None = None
    client_limits: Limits = UNLIMITED
    seed: int = 0


SCENARIOS: dict[str, tuple[Scenario, ...]] = {
    "faults": tuple(
        Scenario(
            name=f"200 runs of 3 s, 25 at a time, {share:.0%} faults", runs=200, at_once=25, seconds=3, faults=share
        )
        for share in (0.1, 0.3)
    ),
    "limits": (
        Scenario(
            name="100 runs of 30 s, all limits",
            runs=100,
            at_once=100,
            seconds=30,
            server_limits=DOCUMENTED_LIMITS,
            client_limits=DOCUMENTED,
        ),
        Scenario(
            name="100 runs of 30 s, creation unlimited",
            runs=100,
            at_once=100,
            seconds=30,
            server_limits=UNLIMITED_CREATION,
            client_limits=replace(DOCUMENTED, creation=None),
        ),
    ),
    "many": (
        Scenario(
            name="1,000 runs of 60 s in flight, creation unlimited",
            runs=1_000,
            at_once=1_000,
            seconds=60,
            server_limits=UNLIMITED_CREATION,
            client_limits=replace(DOCUMENTED, creation=None),
        ),
    ),
}


def serve(scenario: Scenario, speed: float, pipe: Connection) -> None:
    """Be the server: tell where it is, and when asked, what came."""
    server = CodegenServer(
        RunPlan(seconds=scenario.seconds),
        faults=FaultRate(scenario.faults, seed=scenario.seed),
        limits=scenario.server_limits,
        clock=ServerClock(speed),
    )
    with server:
        pipe.send((server.base_url, server.token))
        while pipe.recv() == "report":
            ends = {run.id: server.clock.real_time(run.ends_at or 0.0) for run in server.runs}
            asked = Counter(request_class(request.method, request.path) for request in server.requests)
            pipe.send((ends, dict(asked), dict(server.statuses)))


@contextmanager
def served(scenario: Scenario, speed: float) -> Iterator[Connection]:
    """Run the server in a process of its own for the length of a `with` block."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(scenario, speed, theirs), daemon=True)
    process.start()
    try:
        yield ours
        ours.send("stop")
        process.join(10)
    finally:
        process.kill()


def pacing_of(scenario: Scenario, speed: float) -> Pacing:
    """The default pacing, so many times faster."""
    usual = Pacing()
    return replace(
        usual,
        poll_first=usual.poll_first / speed,
        poll_cap=usual.poll_cap / speed,
        retry_base=usual.retry_base / speed,
        retry_cap=usual.retry_cap / speed,
        retry_after_cap=usual.retry_after_cap / speed,
        settle=tuple(pause / speed for pause in usual.settle),
        resting=usual.resting / speed,
        limits=faster(scenario.client_limits, speed),
    )


def faster(limits: Limits, speed: float) -> Limits:
    """Return the limits of a server whose clock runs so many times faster."""
    rates = {name: rate for name in Limits.__dataclass_fields__ if isinstance(rate := getattr(limits, name), Rate)}
    return replace(limits, **{name: Rate(rate.requests, rate.seconds / speed) for name, rate in rates.items()})


async def deliver(scenario: Scenario, base_url: str, token: str, pacing: Pacing) -> tuple[dict[int, float], list[str]]:
    """Run everything; returns when each run was delivered, by its number, and what went wrong."""
    delivered: dict[int, float] = {}
    failed: list[str] = []
    gate = asyncio.Semaphore(scenario.at_once)
    async with AsyncCodegen(token=token, org_id=1, base_url=base_url, pacing=pacing) as client:

        async def one(number: int) -> None:
            async with gate:
                try:
                    run = await client.run(f"job {number}")
                except Exception as error:
                    failed.append(repr(error))
                else:
                    if run.status == "completed":
                        delivered[run.id] = time.time()

        await asyncio.gather(*(one(number) for number in range(scenario.runs)))
    return delivered, failed


def measure(scenario: Scenario, *, speed: float = 1.0) -> dict[str, Any]:
    """Return the figures of one scenario."""
    with served(scenario, speed) as pipe:
        base_url, token = pipe.recv()
        before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        delivered, failed = asyncio.run(deliver(scenario, base_url, token, pacing_of(scenario, speed)))
        took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
        pipe.send("report")
        ends, kinds, statuses = pipe.recv()
    delays = sorted((at - ends[number]) * speed for number, at in delivered.items())
    share = statistics.quantiles(delays, n=20) if len(delays) > 1 else [0.0] * 19
    return {
        "scenario": scenario.name,
        "seed": scenario.seed,
        "delivered_percent": 100 * len(delivered) / scenario.runs,
        "orphaned": len(ends.keys() - delivered.keys()),
        "created": len(ends),
        "requests_a_run": sum(kinds.values()) / scenario.runs,
        "requests": kinds,
        "answers_429": statuses.get(429, 0),
        "detection_p50": share[9],
        "detection_p95": share[18],
        "detection_max": delays[-1] if delays else None,
        "makespan": took * speed,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_mb": after.ru_maxrss / 1024,
        "start_mb": before.ru_maxrss / 1024,
        "errors": failed[:3],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The Codegen client under faults, limits and in great number.")
    parser.add_argument("scenarios", nargs="*", default=["faults"], choices=[*SCENARIOS, []], metavar="scenario")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster all clocks run")
    parser.add_argument("--seeds", type=int, default=1, help="repeat with so many seeds of the faults")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = []
    chosen = [scenario for name in options.scenarios for scenario in SCENARIOS[name]]
    for scenario in (replace(each, seed=seed) for each in chosen for seed in range(options.seeds)):
        progress(f"{scenario.name}, seed {scenario.seed}")
        figures.append(measure(scenario, speed=options.speed))
        if not options.json:
            print(json.dumps(figures[-1], indent=2), flush=True)
    if options.json:
        print(json.dumps({"conditions": conditions(), "figures": figures}, indent=2))


if __name__ == "__main__":
    main()
