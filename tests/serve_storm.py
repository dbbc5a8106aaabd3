"""A storm: clients create and poll while the server is killed at random moments; then everything is counted.

The runs ask a scripted model, so that each call of it, which would be paid, is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from lean_http import LeanClient
from serve_process import NO_LIMITS, ServeProcess

from genloom.interfaces.server.audit import AuditLog
from genloom.interfaces.server.storage import ENDED, Storage
from genloom.testing import OpenAIServer
from genloom.testing.loopback import Answer, LoopbackServer, RecordedRequest
from genloom.tools.codegen.wire import IDEMPOTENCY_FIELD

__all__ = ["ModelServer", "Receiver", "Storm", "findings", "storm_server"]

RUNS = "/v1/organizations/1/agent/run"
WEBHOOKS = "/v1/organizations/1/webhooks/agent-run"
MODEL = "openai:test-model"
LEASE_SECONDS = 3.0
RUNS_PER_WORKER = 2
THINKING_SECONDS = 0.3
"""So that kills meet runs whose model is at work, too."""


class ModelServer(OpenAIServer):
    """Answers each run's prompt with its code; `calls` counts them by the run's word and by what was asked."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, bytes]] = Counter()
        super().__init__(self._reply)

    def _reply(self, request: RecordedRequest) -> str:
        found = re.search(rb"word_[a-z0-9]+", request.body)
        assert found, "the prompt holds no word"
        word = found[0].decode()
        self.calls[word, sha256(request.body).digest()] += 1
        time.sleep(THINKING_SECONDS)
        return f"```python\ndef {word}(number: int) -> int:\n    return number + 1\n```"


class Receiver(LoopbackServer):
    """Takes webhooks; `ids` are the deliveries' ids by run and event, each as often as it came."""

    answers_inline = True

    def __init__(self) -> None:
        super().__init__()
        self.ids: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)

    def answer(self, request: RecordedRequest) -> Answer:
        told = request.json()
        self.ids[told["agent_run"]["id"], told["event"]][request.headers["x-genloom-delivery"]] += 1
        return Answer(status=204)


def storm_server(folder: Path, model: ModelServer, *, database: str | None, workers: int = 1) -> ServeProcess:
    """Return a server, not yet started, that asks that model and takes dead workers' runs over soon."""
    variables = {
        **NO_LIMITS,
        "OPENAI_BASE_URL": model.base_url,
        "OPENAI_API_KEY": "any",
        "GENLOOM_SERVE_LEASE_SECONDS": str(LEASE_SECONDS),
        "GENLOOM_SERVE_BEAT_SECONDS": "0.5",
        "GENLOOM_SERVE_RUNS_PER_WORKER": str(RUNS_PER_WORKER),
        "GENLOOM_SERVE_MOST_TAKEOVERS": "1000",  # killed as often as that, by bad luck alone, is no run's own fault
    }
    options = ("--model", MODEL, "--workers", str(workers), "--webhook-host", "127.0.0.1")
    return ServeProcess(
        folder, options=(*options, *(("--database", database) if database else ())), variables=variables
    )


@dataclass
class Storm:
    """What the clients see. `accepted` is the number that each key's run was given, `ends` each run's final answer."""

    server: ServeProcess
    clients: int
    runs: int
    poll_seconds: float = 0.5
    seed: int = 0
    accepted: dict[str, int] = field(default_factory=dict)
    ends: dict[int, Any] = field(default_factory=dict)  # Any: an answer's JSON
    refused: Counter[str] = field(default_factory=Counter)
    """Answers that no client should get, and a run that changed after its end."""
    lost_answers: int = 0
    kills: int = 0

    async def rage(self, *, kills: int, apart: tuple[float, float]) -> None:
        """Let the clients work, kill so often at random moments, and wait until each client has its runs' ends."""
        clients = asyncio.gather(*(self._client(number) for number in range(self.clients)))
        killing = asyncio.create_task(self._kill(kills, apart))
        try:
            await killing
            await clients
        finally:
            killing.cancel()
            clients.cancel()

    async def _kill(self, kills: int, apart: tuple[float, float]) -> None:
        chance = random.Random(self.seed)
        ways = [lambda: self.server.kill(), lambda: self.server.kill(workers=False), self.server.kill_workers]
        for number in range(kills):
            await asyncio.sleep(chance.uniform(*apart))
            await asyncio.to_thread(ways[number % 3])
            self.kills += 1
            if number % 3 != 2:
                await asyncio.to_thread(self.server.start)

    async def _client(self, number: int) -> None:
        client = LeanClient(self.server.port, self.server.token)
        for turn in range(number, self.runs, self.clients):
            key = f"key-{turn}"
            made = await self._insist(client, "POST", RUNS, self._asked(turn, key))
            self.accepted[key] = made["id"]
            while made["status"] not in ENDED:
                await asyncio.sleep(self.poll_seconds)
                made = await self._insist(client, "GET", f"{RUNS}/{self.accepted[key]}")
            self.ends[self.accepted[key]] = made
        client.close()

    def _asked(self, turn: int, key: str) -> dict[str, object]:
        word = f"word_{turn}x"
        return {"prompt": f"Write {word}: add one.", "metadata": {IDEMPOTENCY_FIELD: key, "name": word}}

    async def _insist(self, client: LeanClient, method: str, path: str, body: object = None) -> Any:  # Any: JSON
        """Ask until there is an answer: the server is away from time to time, and draining says 503."""
        while True:
            with contextlib.suppress(ConnectionError):
                status, told = await client.ask(method, path, body)
                if status == 200:
                    return told
                if status != 503:
                    self.refused[f"{method} {status}: {json.dumps(told)[:200]}"] += 1
                await asyncio.sleep(0.5)
                continue
            self.lost_answers += 1
            await asyncio.sleep(0.2)


async def findings(storm: Storm, model: ModelServer, receiver: Receiver, database: str) -> list[str]:
    """Return what was lost or doubled, or is otherwise not as promised; nothing when all is well."""
    found = [f"{times} times {what}" for what, times in storm.refused.items()]
    if len(storm.accepted) != storm.runs:
        found.append(f"{storm.runs - len(storm.accepted)} runs were not accepted")
    found += await _missing_webhooks(storm, receiver)
    async with Storage.open(database, create=False) as storage:
        rows, total = await storage.runs.page(1, skip=0, limit=storm.runs + 100)
        if total != storm.runs:
            found.append(f"{total} runs stand in the database, not {storm.runs}")
        for row in rows:
            key = str((row.metadata or {}).get(IDEMPOTENCY_FIELD))
            if storm.accepted.get(key) != row.id:
                found.append(f"run {row.id} is not the one that was answered for {key}")
            end = storm.ends.get(row.id, {})
            if row.status != "completed" or (end.get("status"), end.get("result")) != (row.status, row.result):
                found.append(f"run {row.id}: told {end.get('status')}, stands as {row.status}: {row.summary}")
            found += await _log_faults(storage, row.id)
    found += _paid_twice(storm, model)
    if not AuditLog(storm.server.folder / "data").verify().sound:
        found.append("the audit log is broken")
    return found


def _paid_twice(storm: Storm, model: ModelServer) -> list[str]:
    """A kill may cost the answers that were on their way, of each run in the workers' hands one."""
    asked = Counter(word for word, _ in model.calls)
    again = sum(calls - 1 for calls in model.calls.values())
    found = [] if again <= storm.kills * RUNS_PER_WORKER else [f"the model was asked {again} times again"]
    if len(asked) != storm.runs or len(set(asked.values())) != 1:
        found.append(f"the model was asked unlike questions for {len(asked)} runs: {asked.most_common(3)}")
    return found


async def _missing_webhooks(storm: Storm, receiver: Receiver, seconds: float = 90.0) -> list[str]:
    """Wait for what is still in the outbox: a claim of a killed sender holds for a minute."""
    wanted = {(run, "agent_run.completed") for run in storm.accepted.values()}
    give_up = time.monotonic() + seconds
    while wanted - receiver.ids.keys() and time.monotonic() < give_up:
        await asyncio.sleep(0.2)
    missing = [f"no webhook of run {run}" for run, _ in wanted - receiver.ids.keys()]
    twice = [f"run {run}: {len(ids)} ids of {event}" for (run, event), ids in receiver.ids.items() if len(ids) > 1]
    return missing + twice + [f"a webhook {one} of nothing" for one in receiver.ids.keys() - wanted]


async def _log_faults(storage: Storage, run: int) -> list[str]:
    entries, total = await storage.logs.page(1, run, skip=0, limit=1000)
    faults = []
    if [entry.number for entry in entries] != list(range(1, total + 1)):
        faults.append(f"the log of run {run} has holes")
    keys = Counter(str(entry.entry.get("key")) for entry in entries)
    faults += [f"run {run}: {key} stands {times} times in its log" for key, times in keys.items() if times > 1]
    answers = sum(entry.entry.get("message_type") == "FINAL_ANSWER" for entry in entries)
    if answers != 1:
        faults.append(f"the log of run {run} tells {answers} final answers")
    return faults
