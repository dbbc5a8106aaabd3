"""Our client against `genloom serve` through a proxy that spoils requests: whatever happens, each run once.

The other half of the client's fault suite is `tests/codegen`, whose tests marked `served` run against the same.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from served_codegen import ServedCodegen

from genloom.errors import CredentialError
from genloom.interfaces.server.security.keys import create_key
from genloom.interfaces.server.storage import Storage
from genloom.testing import Fault, FaultRate, RunPlan
from genloom.tools.codegen import AsyncCodegen, Pacing
from genloom.tools.codegen.credentials import FileToken
from genloom.tools.codegen.traffic import UNLIMITED, Limits, Rate

pytestmark = pytest.mark.slow

PACING = Pacing(
    poll_first=0.1, poll_cap=0.3, retry_base=0.05, retry_cap=0.3, retry_after_cap=1.0, attempts=20, limits=UNLIMITED
)
RUNS = 40


def client_of(server: ServedCodegen, **options: Any) -> AsyncCodegen:
    settings: dict[str, Any] = {"token": server.token, "org_id": 1, "base_url": server.base_url, "pacing": PACING}
    return AsyncCodegen(**{**settings, **options})


@pytest.mark.parametrize("share", [0.1, 0.3])
async def test_at_that_share_of_faults_each_run_is_delivered_and_none_is_doubled(share: float, tmp_path: Path) -> None:
    """Forty runs at once, twelve kinds of faults before and after the effect: the database holds forty keys, once each."""
    faults = FaultRate(share, seed=11)
    with ServedCodegen(tmp_path, RunPlan(polls=1), faults=faults) as server:
        async with client_of(server) as client:
            items = await client.batch([f"job {number}" for number in range(RUNS)], concurrency=RUNS, deadline=250)
        assert {item.error for item in items} == {None}
        assert {item.run.status for item in items if item.run} == {"completed"}
        keys = Counter(run.idempotency_key for run in server.runs)
        assert len(keys) == RUNS
        assert set(keys.values()) == {1}
        assert {item.run.id for item in items if item.run} == {run.id for run in server.runs}
    assert sum(faults.struck.values()) > RUNS * share


async def test_a_slow_network_only_takes_longer(tmp_path: Path) -> None:
    """Every answer half a second late: nothing is asked twice, nothing is lost."""
    with ServedCodegen(tmp_path, faults=lambda _: Fault(delay=0.5)) as server:
        async with client_of(server) as client:
            runs = await asyncio.gather(*(client.run(f"job {number}", deadline=60) for number in range(4)))
        assert {run.status for run in runs} == {"completed"}
        assert server.count("POST") == 4


async def test_the_servers_waits_are_kept_to(tmp_path: Path) -> None:
    """A client that knows no limits is refused with 429 and `Retry-After`, waits that long, and has all its runs; one that
    knows them is never refused."""
    limits = Limits(general=Rate(30, 2.0), creation=Rate(2, 2.0))
    for known, refusals in ((UNLIMITED, True), (limits, False)):
        with ServedCodegen(tmp_path, RunPlan(polls=0), limits=limits) as server:
            async with client_of(server, pacing=replace(PACING, limits=known, retry_after_cap=5.0)) as client:
                runs = await asyncio.gather(*(client.run(f"job {number}", deadline=60) for number in range(6)))
            assert {run.status for run in runs} == {"completed"}
            assert len(server.runs) == 6
            assert (429 in server.statuses) is refusals


async def test_a_token_that_was_replaced_is_fetched_anew_after_the_401(tmp_path: Path) -> None:
    """A revoked key's 401 makes the client read its file again; the repeated create makes one run."""
    with ServedCodegen(tmp_path) as server:
        first, second = await new_keys(server)
        file = tmp_path / "token"
        write(file, first[0])
        async with client_of(server, token=FileToken(file)) as client:
            await client.create_run("make it")
            await revoke(server, first)
            write(file, second[0])
            await client.create_run("make it")
            await revoke(server, second)
            with pytest.raises(CredentialError):
                await client.create_run("make it")
        assert len(server.runs) == 2
        assert server.statuses[401] == 2


async def test_a_deadline_gives_the_run_back_and_it_can_be_waited_for(tmp_path: Path) -> None:
    """Status `timeout` here, with the server's own word beside it; the run goes on there."""
    with ServedCodegen(tmp_path, RunPlan(seconds=3.0)) as server:
        async with client_of(server) as client:
            run = await client.run("make it", deadline=2.0)
            assert run.status == "timeout"
            assert run.raw_status in ("queued", "in_progress")
            done = await client.wait(run, deadline=60)
    assert (done.id, done.status) == (run.id, "completed")


def write(file: Path, token: str) -> None:
    file.write_text(token)
    file.chmod(0o600)


async def new_keys(server: ServedCodegen) -> list[tuple[str, Any]]:
    """Two lasting keys, each with its record."""

    async def make(storage: Storage) -> list[tuple[str, Any]]:
        return [await create_key(storage, 1, 1, name=name, role="runner") for name in ("first", "second")]

    return await server.served.ask(make)


async def revoke(server: ServedCodegen, key: tuple[str, Any]) -> None:
    """Revoke a key, and return when the server, which knows a key for two seconds, refuses it."""
    token, record = key
    assert await server.served.ask(lambda storage: storage.keys.revoke(1, record.id))
    known = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(base_url=server.upstream, headers=known, trust_env=False) as plain,
        asyncio.timeout(30),
    ):
        while (await plain.get("/v1/users/me")).status_code != 401:
            await asyncio.sleep(0.1)
