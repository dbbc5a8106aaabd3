"""The server as a program."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Sequence

from genloom.testing.codegen.clock import ServerClock
from genloom.testing.codegen.limits import DOCUMENTED_LIMITS
from genloom.testing.codegen.plan import RunPlan
from genloom.testing.codegen.server import CodegenServer
from genloom.testing.fault_rate import FaultRate

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is stopped; the first line on stdout is `{"base_url", "token"}`."""
    parser = argparse.ArgumentParser(prog="genloom.testing.codegen", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--token", help="what requests need; default: a random one")
    parser.add_argument("--result", default="done", help="the result of every run")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long a run takes")
    parser.add_argument("--limits", action="store_true", help="with the documented request limits")
    parser.add_argument("--faults", type=float, default=0.0, metavar="RATE", help="share of requests that go wrong")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster than real its clock runs")
    options = parser.parse_args(arguments)
    server = CodegenServer(
        RunPlan(result=options.result, seconds=options.seconds),
        faults=FaultRate(options.faults),
        token=options.token,
        limits=DOCUMENTED_LIMITS if options.limits else None,
        clock=ServerClock(options.speed),
        port=options.port,
    )
    with server:
        print(json.dumps({"base_url": server.base_url, "token": server.token}), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
