"""Batches: bounded, in order, and none ends the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import CredentialError, UsageError
from genloom.state import AgentRun
from genloom.testing import CodegenServer, Fault, ManualClock, RecordedRequest, RunPlan
from genloom.tools.codegen import AsyncCodegen, BatchItem, batch_keys
from genloom.tools.codegen.batch import Batch
from genloom.tools.codegen.wire import CreateAgentRunInput

ClientOf = Callable[..., AsyncCodegen]


def plan(asked: CreateAgentRunInput) -> RunPlan:
    """The later the prompt, the sooner it ends; every fifth fails."""
    number = int(asked.prompt.split()[-1])
    status = "FAILED" if number % 5 == 4 else "COMPLETE"
    return RunPlan(seconds=0.3 - number * 0.01, result=f"result {number}", status=status)


async def test_items_come_in_the_order_of_the_prompts(client_of: ClientOf) -> None:
    """Whichever ends first, the results stand in order; failed runs are items; each is told once as it ends."""
    told: list[BatchItem] = []
    with CodegenServer(plan) as server:
        async with client_of(server) as client:
            items = await client.batch([f"job {n}" for n in range(20)], concurrency=7, on_item=told.append, deadline=20)
    assert [item.index for item in items] == list(range(20))
    assert [item.run.result for item in items if item.run] == [f"result {n}" for n in range(20)]
    assert [item.index for item in items if not item.completed] == [4, 9, 14, 19]
    assert sorted(item.index for item in told) == list(range(20))


async def test_no_more_than_the_concurrency_run_at_once() -> None:
    """The bound holds, and is used."""
    at_once = most = 0

    async def one(index: int, key: str) -> AgentRun:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.001 * (index % 3))
        at_once -= 1
        return AgentRun(id=index, status="completed")

    batch = Batch(keys=[str(n) for n in range(50)], run_one=one, concurrency=6)
    assert len(await batch.run()) == 50
    assert most == 6


async def test_one_that_cannot_be_started_is_an_item_with_its_error(client_of: ClientOf) -> None:
    """A prompt that the server refuses, and one that is too long, leave the others alone."""

    def strike(request: RecordedRequest) -> Fault | None:
        return Fault(status=422) if request.method == "POST" and b"refuse" in request.body else None

    with CodegenServer(faults=strike) as server:
        async with client_of(server) as client:
            items = await client.batch(["fine", "refuse this", "x" * 400_001, "fine too"])
    assert [item.completed for item in items] == [True, False, False, True]
    assert all(isinstance(item.error, UsageError) for item in items if not item.completed)


async def test_a_refused_token_is_not_tried_a_hundred_times() -> None:
    """What has not begun when a token is refused gets the same error without a request."""
    began = 0

    async def one(index: int, key: str) -> AgentRun:
        nonlocal began
        began += 1
        await asyncio.sleep(0)
        raise CredentialError("refused")

    items = await Batch(keys=[str(n) for n in range(100)], run_one=one, concurrency=4).run()
    assert began <= 8
    assert all(isinstance(item.error, CredentialError) for item in items)


async def test_cancelling_keeps_what_ended_and_leaves_no_task(client_of: ClientOf) -> None:
    """Partial results stay readable, and the same name finds the rest again without a second run."""
    prompts = [f"job {n}" for n in range(6)]

    def some_never_end(asked: CreateAgentRunInput) -> RunPlan:
        return RunPlan(polls=1) if asked.prompt in prompts[:2] else RunPlan(seconds=1.0)

    clock = ManualClock()
    with CodegenServer(some_never_end, clock=clock) as server:
        async with client_of(server) as client:
            told: list[int] = []

            def note(item: BatchItem) -> None:
                told.append(item.index)

            task = asyncio.create_task(client.batch(prompts, name="nightly", concurrency=6, on_item=note))
            while len(told) < 2 or len(server.runs) < 6:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert sorted(told) == [0, 1]
            clock.advance(2.0)
            items = await client.batch(prompts, name="nightly", deadline=20)
        assert all(item.completed for item in items)
        assert len(server.runs) == 6


async def test_an_error_of_the_listener_comes_out_as_it_is() -> None:
    """A listener whose output is gone ends the batch with its own error, not with a group."""

    async def one(index: int, key: str) -> AgentRun:
        return AgentRun(id=index, status="completed")

    def listen(item: BatchItem) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await Batch(keys=["a", "b"], run_one=one, on_item=listen).run()
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize(
    ("keys", "concurrency"), [(["a", "a"], 1), (["a"], 0), (["a"], 201), ([str(n) for n in range(10_001)], 1)]
)
def test_a_batch_that_makes_no_sense_is_refused(keys: list[str], concurrency: int) -> None:
    """Doubled keys, no or too much concurrency, too many prompts: told before anything is sent."""

    async def one(index: int, key: str) -> AgentRun:
        raise AssertionError

    with pytest.raises(UsageError):
        Batch(keys=keys, run_one=one, concurrency=concurrency)


@given(st.lists(st.text(max_size=5), max_size=12), st.lists(st.text(max_size=5), max_size=4), st.data())
def test_keys_stay_with_their_prompts(prompts: list[str], more: list[str], data: st.DataObject) -> None:
    """Every key is different; new prompts put in anywhere, and another order, leave the others' keys as they were."""
    keys = batch_keys("night", prompts)
    assert len(set(keys)) == len(prompts)
    shuffled = data.draw(st.permutations(prompts))
    assert sorted(batch_keys("night", shuffled)) == sorted(keys)
    assert set(keys) <= set(batch_keys("night", [*more, *prompts]))
    assert not set(keys) & set(batch_keys("day", prompts))
