"""Speed of the sandbox: what a run and a verification cost by each path, and whether anything is left behind.

Command:

    python benchmarks/sandbox_speed.py [--runs 40] [--verifications 5000] [--kills 5] [--json]

Latency: the paths take turns in one process, so that a busy machine slows all alike; p50 and p95 of `--runs` each. The
baseline is a plain `python -I` that evaluates the same calls of the same harmless module, without any protection. Paths that
this version or machine does not have say so.

Endurance: `--verifications` small drafts with examples, as many at once as there are cores; then the throughput, the growth
of this process, and what is left of processes, descriptors, mounts and temporary folders. Kills: a process that verifies
without pause is ended by SIGKILL, again and again; the same is counted two seconds later. Orphans are adopted, so that none
escapes the count. (The passes of the static review have a benchmark of their own, `static_review.py`.)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from conditions import conditions, progress
from endurance import endurance, kills
from remains import adopting_orphans, own_temporary_folder
from small_draft import CALLS, EXAMPLES, PLAIN, SOURCE, TESTS, WITH_EXAMPLES, WITH_TESTS, verify

from genloom.tools.sandbox import Sandbox

# the tests run in the same sandboxes
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from sandbox_variants import VARIANTS, unavailable

Timed = Callable[[], Awaitable[None]]


async def plain_subprocess() -> None:
    """Evaluate the calls without a sandbox: the module is this file's own."""
    done = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", PLAIN, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    out, _ = await done.communicate()
    assert len(out.splitlines()) == len(CALLS)


async def call(sandbox: Sandbox) -> None:
    """Evaluate the calls in the sandbox."""
    report = await sandbox.acall({"double.py": SOURCE}, "double", CALLS)
    assert report.ended == "normal", report
    assert len(report.results) == len(CALLS), report


async def pytest_alone(sandbox: Sandbox) -> None:
    """Run the tests once, without controls."""
    report = await sandbox.atest({"double.py": SOURCE}, TESTS)
    assert [case.result for case in report.cases] == ["passed"] * len(EXAMPLES), report


def paths(sandboxes: Mapping[str, Sandbox]) -> dict[tuple[str, str], Timed]:
    """Every path to be measured: (what, where) -> one run of it."""
    found: dict[tuple[str, str], Timed] = {("plain python -I", "no sandbox"): plain_subprocess}
    for where, sandbox in sandboxes.items():
        found["calls", where] = lambda s=sandbox: call(s)
        found["verify_draft, examples", where] = lambda s=sandbox: verify(s, WITH_EXAMPLES)
        found["pytest alone", where] = lambda s=sandbox: pytest_alone(s)
        found["verify_draft, pytest with controls", where] = lambda s=sandbox: verify(s, WITH_TESTS)
    return found


async def latencies(sandboxes: Mapping[str, Sandbox], runs: int) -> list[dict[str, Any]]:
    """Time all paths in turns."""
    measured = paths(sandboxes)
    times: dict[tuple[str, str], list[float]] = {key: [] for key in measured}
    for path in measured.values():
        await path()  # the first is for what is found out once
    for number in range(runs):
        progress(f"latency: turn {number + 1}/{runs}")
        for key, path in measured.items():
            began = time.perf_counter()
            await path()
            times[key].append(1000 * (time.perf_counter() - began))
    return [{"path": what, "sandbox": where, **quantiles(taken)} for (what, where), taken in times.items()]


def quantiles(milliseconds: list[float]) -> dict[str, float]:
    """Return p50 and p95."""
    cuts = statistics.quantiles(milliseconds, n=20, method="inclusive")
    return {"p50_ms": round(statistics.median(milliseconds), 2), "p95_ms": round(cuts[18], 2)}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything."""
    absent = {name: why for name in VARIANTS if (why := unavailable(name))}
    present = {name: variant for name, variant in VARIANTS.items() if name not in absent}
    if not present:
        raise SystemExit(f"No sandbox here: {absent}")
    best = next(iter(present))
    with own_temporary_folder(), adopting_orphans():
        sandboxes = {name: Sandbox(**variant) for name, variant in present.items()}
        found = {
            "latency": asyncio.run(latencies(sandboxes, options.runs)),
            "endurance": {best: asyncio.run(endurance(sandboxes[best], options.verifications))},
            "kills": {name: kills(variant, options.kills) for name, variant in present.items()},
        }
    reasons = {name: sandbox.status().reason for name, sandbox in sandboxes.items()}
    return {"conditions": conditions(sandboxes=reasons, absent=absent), **found}


def main() -> int:
    """Run the benchmark and print tables, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--verifications", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options)
    if options.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return 0
    sys.stdout.write("| path | sandbox | p50, ms | p95, ms |\n|---|---|---|---|\n")
    for row in found.pop("latency"):
        sys.stdout.write(f"| {row['path']} | {row['sandbox']} | {row['p50_ms']} | {row['p95_ms']} |\n")
    for name, value in found.items():
        sys.stdout.write(f"{name}: {json.dumps(value)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
