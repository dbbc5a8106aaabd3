"""The official Codegen SDK and genloom's client side by side, while requests go wrong.

Command:

    python benchmarks/codegen_client.py [--runs 200] [--at-once 25] [--seconds 3] [--faults 0.1 0.3]
        [--clients SDK Agent …] [--json]

One server (`genloom.testing.codegen`) for each line, in this process; each client in a process of its own, one after the
other. The share of requests that go wrong do so in the twelve ways of `TRANSIENT_FAULTS`, by the same seed for all. The SDK
stands in an environment of its own (made when missing, see `tests/sdk_environment.py`).

- `SDK`: the loop of its guide, a look every 2 s; the status is compared without case, since the guide's own words never
  come and its loop would not end.
- `SDK, 3 attempts`: the same as a whole tried up to three times with growing pauses, as is usually done.
- `Agent`: genloom's drop-in in as many threads. `AsyncCodegen`: one client, one event loop. Both with the default pacing
  but without client-side limits, since the server here has none (the SDK knows none).

Delivered: runs whose caller got their end. Orphaned: runs at the server that no caller got. Requests a run: all requests
over the runs wanted. Detection: from a run's end at the server to its delivery, p50 and p95. Import: wall time of the
import in each client's process; for genloom httpx's own is told apart.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from conditions import conditions, progress

from genloom.testing import CodegenServer, FaultRate, RunPlan

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1] / "tests"))
from sdk_environment import SdkMissingError, sdk_python  # noqa: E402  # the tests run the same SDK

SDK_SIDE = HERE.parent / "codegen_sdk_side.py"
OUR_SIDE = HERE.parent / "codegen_our_side.py"
CLIENTS = ("SDK", "SDK, 3 attempts", "Agent", "AsyncCodegen")
CLIENT_SECONDS = 900
SEED = 7


def command_of(client: str, python: Path, server: CodegenServer, runs: int, at_once: int) -> list[str]:
    """Return what starts the client's process."""
    common = [server.base_url, server.token, str(runs), str(at_once)]
    if client.startswith("SDK"):
        return [str(python), str(SDK_SIDE), *common, "1" if client == "SDK" else "3"]
    return [sys.executable, str(OUR_SIDE), *common, client]


def measure(client: str, python: Path, *, runs: int, at_once: int, seconds: float, faults: float) -> dict[str, Any]:
    """Return the figures of one client at one share of faults."""
    with (
        CodegenServer(RunPlan(seconds=seconds), faults=FaultRate(faults, seed=SEED)) as server,
        tempfile.TemporaryDirectory() as home,
    ):
        began = time.monotonic()
        done = subprocess.run(
            command_of(client, python, server, runs, at_once),
            cwd=home,
            # an empty home, and no `.env` that the SDK could read
            env={"HOME": home, "PATH": "/usr/bin:/bin", "CODEGEN_API_BASE_URL": server.base_url},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=CLIENT_SECONDS,
        )
        took = time.monotonic() - began
        told = json.loads(done.stdout.splitlines()[-1])
        ends = {run.id: server.clock.real_time(run.ends_at or 0.0) for run in server.runs}
        requests = sum(server.kinds.values())
    delivered = {number: at for number, at, _ in told["runs"] if number is not None}
    delays = sorted(at - ends[number] for number, at in delivered.items())
    return {
        "client": client,
        "faults": faults,
        "delivered_percent": 100 * len(delivered) / runs,
        "orphaned": len(ends.keys() - delivered.keys()),
        "requests_a_run": requests / runs,
        "detection_p50": percentile(delays, 0.50),
        "detection_p95": percentile(delays, 0.95),
        "seconds": took,
        "import_seconds": told["import_seconds"],
        "httpx_seconds": told.get("httpx_seconds"),
    }


def percentile(ordered: list[float], share: float) -> float:
    """Return the value below which that share lies; not a number without values."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else math.nan


def table(figures: list[dict[str, Any]]) -> str:
    """Return the figures as a Markdown table."""
    lines = [
        "| faults | client | delivered | orphaned | requests a run | detection p50/p95, s | all, s | import, s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for f in figures:
        httpx = f" (+ httpx {f['httpx_seconds']:.2f})" if f["httpx_seconds"] is not None else ""
        lines.append(
            f"| {f['faults']:.0%} | {f['client']} | {f['delivered_percent']:.1f} % | {f['orphaned']} "
            f"| {f['requests_a_run']:.2f} | {f['detection_p50']:.2f} / {f['detection_p95']:.2f} "
            f"| {f['seconds']:.0f} | {f['import_seconds']:.2f}{httpx} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The Codegen SDK and genloom's client side by side.")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long a run takes")
    parser.add_argument("--faults", type=float, nargs="+", default=[0.1, 0.3])
    parser.add_argument("--clients", nargs="+", default=CLIENTS, choices=CLIENTS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        python = sdk_python()
    except SdkMissingError as reason:
        raise SystemExit(f"The SDK cannot be had: {reason}.") from None
    figures = []
    for faults in options.faults:
        for client in options.clients:
            progress(f"{client}, {faults:.0%} faults")
            figures.append(
                measure(
                    client,
                    python,
                    runs=options.runs,
                    at_once=options.at_once,
                    seconds=options.seconds,
                    faults=faults,
                )
            )
    if options.json:
        print(json.dumps({"conditions": conditions(), "figures": figures}, indent=2))
    else:
        print(table(figures))


if __name__ == "__main__":
    main()
