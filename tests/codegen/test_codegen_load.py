"""Many runs at once on a server that fails often: each is started once."""

from __future__ import annotations

from collections import Counter

import pytest

from genloom.testing import CodegenServer, FaultRate, RunPlan
from genloom.tools.codegen import AsyncCodegen, Pacing
from genloom.tools.codegen.traffic import UNLIMITED


@pytest.mark.slow
async def test_eight_hundred_runs_at_once_with_faults_are_each_started_once() -> None:
    """With 30 % faults and 200 creates at a time, no key stands twice at the server."""
    with CodegenServer(RunPlan(seconds=1), faults=FaultRate(0.3, seed=3)) as server:
        async with AsyncCodegen(
            token=server.token, org_id=1, base_url=server.base_url, pacing=Pacing(limits=UNLIMITED)
        ) as client:
            items = await client.batch([f"job {number}" for number in range(800)], concurrency=200, deadline=200)
        carried = Counter(run.idempotency_key for run in server.runs)
    assert [key for key, number in carried.items() if number > 1] == []
    assert {item.error for item in items} == {None}
    assert len(carried) == 800
