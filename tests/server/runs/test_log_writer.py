"""The log of a run: each step once, in order, bounded, without secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import RunCancelledError, StorageError
from genloom.events import (
    AgentLogged,
    AgentProgress,
    CheckFinished,
    DraftMade,
    Event,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    Note,
    RetryScheduled,
    VerdictReady,
)
from genloom.interfaces.server.runs.log_writer import MOST_WAITING, LogWriter
from genloom.tools.security import Redactor


class Log:
    """An appended log; `failures` appends raise first, and the lease of `taken` is another's."""

    def __init__(self, *, failures: int = 0, taken: bool = False) -> None:
        self.entries: list[dict] = []
        self.failures, self.taken, self.lost = failures, taken, False

    async def append(self, entries: Sequence[dict]) -> bool:
        if self.failures:
            self.failures -= 1
            raise StorageError("The disk is full.")
        if not self.taken:
            self.entries += entries
        return not self.taken

    def writer(self, known: Sequence[str] = (), secrets: Sequence[str] = ()) -> LogWriter:
        return LogWriter(
            self.append, Redactor(secrets=secrets), leg=1, known=known, read_keys=self.keys, on_lost=self.lose
        )

    async def keys(self) -> list[str]:
        return [entry["key"] for entry in self.entries]

    def lose(self) -> None:
        self.lost = True


def step(node: str, *inner: Event) -> list[Event]:
    return [NodeStarted(node=node), *inner, NodeFinished(node=node, seconds=0.1, summary="draft")]


RUN = [
    *step("inject_context"),
    *step(
        "generate", DraftMade(generator="search", made=False, reason="none"), DraftMade(generator="model", made=True)
    ),
    *step(
        "verify",
        CheckFinished(check="f(1) == 2", source="example", result="failed"),
        VerdictReady(result="failed", evidence="values", checks=1),
    ),
    *step("repair"),
    *step("generate", DraftMade(generator="model", made=True)),
    *step("verify", VerdictReady(result="passed", evidence="values", checks=1)),
    *step("finalize"),
]
STEPS = ["inject_context", "generate", "verify", "repair", "generate", "verify", "finalize"]


def actions(log: Log) -> list[str]:
    return [entry["tool_name"] for entry in log.entries if entry["message_type"] == "ACTION"]


async def test_each_step_is_an_action_with_what_it_did() -> None:
    log = Log()
    writer = log.writer()
    for event in RUN:
        writer.on_event(event)
    await writer.flush()
    assert actions(log) == STEPS
    generate = next(entry for entry in log.entries if entry["tool_name"] == "generate")
    assert [draft["generator"] for draft in generate["tool_output"]["drafts"]] == ["search", "model"]
    verify = next(entry for entry in log.entries if entry["tool_name"] == "verify")
    assert verify["tool_output"]["checks"][0]["check"] == "f(1) == 2"
    assert len({entry["key"] for entry in log.entries}) == len(log.entries)


@given(st.integers(0, len(RUN)), st.integers(0, 3))
def test_a_run_taken_over_at_any_event_has_every_step_once(cut: int, unsaved: int) -> None:
    """The checkpoint may lag behind the log by the step in flight; more is never lost."""

    async def scenario() -> None:
        log = Log()
        first = log.writer()
        for event in RUN[:cut]:
            first.on_event(event)
        await first.flush()
        finished = sum(isinstance(event, NodeFinished) for event in RUN[:cut])
        saved = max(0, finished - (1 if unsaved == 0 else 0))
        ends = [index for index, event in enumerate(RUN) if isinstance(event, NodeFinished)]
        again = log.writer(known=[entry["key"] for entry in log.entries])
        again.begin_after(saved)
        for event in RUN[ends[saved - 1] + 1 if saved else 0 :]:
            again.on_event(event)
        await again.flush()
        assert actions(log) == STEPS
        assert len({entry["key"] for entry in log.entries}) == len(log.entries)

    asyncio.run(scenario())


async def test_a_retried_node_tells_of_each_try() -> None:
    log = Log()
    writer = log.writer()
    for event in (
        NodeStarted(node="generate"),
        NodeFailed(node="generate", seconds=1, error="ModelError", message="The server is busy."),
        RetryScheduled(node="generate", attempt=2, wait=1.5, reason="busy"),
        NodeStarted(node="generate", attempt=2),
        DraftMade(generator="model", made=True),
        NodeFinished(node="generate", seconds=1, summary="draft"),
    ):
        writer.on_event(event)
    await writer.flush()
    assert [entry["message_type"] for entry in log.entries] == [
        *("PLAN_EVALUATION", "ERROR", "PLAN_EVALUATION", "PLAN_EVALUATION", "ACTION"),
    ]
    assert log.entries[1]["observation"]["message"] == "The server is busy."


async def test_what_an_agent_logs_is_told_as_it_comes_and_once() -> None:
    log = Log()
    writer = log.writer()
    said = AgentLogged(run_id=9, number=4, entry="ACTION", tool="ripgrep", text="searching")
    for event in (said, said, AgentProgress(run_id=9, status="running", web_url="https://example.org/9")):
        writer.on_event(event)
    await writer.flush()
    assert [entry["message_type"] for entry in log.entries] == ["ACTION", "AGENT_RUN_LINK"]
    assert log.entries[0]["tool_name"] == "ripgrep"


async def test_secrets_do_not_reach_the_log() -> None:
    log = Log()
    writer = log.writer(secrets=["correct-horse-battery"])
    writer.on_event(Note(message="password correct-horse-battery and ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"))
    await writer.flush()
    assert "correct-horse" not in str(log.entries)
    assert "ghp_" not in str(log.entries)


async def test_a_log_that_cannot_be_written_is_written_later_in_order() -> None:
    log = Log(failures=2)
    writer = log.writer()
    for event in RUN[:6]:
        writer.on_event(event)
    for _ in range(2):
        with pytest.raises(StorageError):
            await writer.flush()
    for event in RUN[6:]:
        writer.on_event(event)
    await writer.flush()
    assert actions(log) == STEPS


async def test_a_lease_that_is_another_s_is_told_and_nothing_more_is_written() -> None:
    log = Log(taken=True)
    writer = log.writer()
    writer.on_event(RUN[0])
    await writer.flush()
    assert log.lost
    assert log.entries == []


@pytest.mark.slow
async def test_a_backlog_is_bounded_and_says_what_is_missing() -> None:
    log = Log()
    writer = log.writer()
    writer.on_event(NodeStarted(node="dispatch_agent"))
    for number in range(MOST_WAITING + 500):
        writer.on_event(AgentLogged(run_id=1, number=number, text="x" * 30_000))
    await writer.flush()
    assert len(log.entries) == MOST_WAITING
    assert max(len(entry["thought"] or "") for entry in log.entries) <= 20_001
    writer.on_event(NodeFinished(node="dispatch_agent", seconds=1, summary=""))
    await writer.flush()
    assert log.entries[-1]["tool_output"]["entries_left_out"] == 501


async def test_a_writer_that_is_cancelled_while_it_writes_writes_nothing_twice() -> None:
    log, begun = Log(), asyncio.Event()
    append = log.append

    async def slow(entries: Sequence[dict]) -> bool:
        begun.set()
        await asyncio.sleep(0.05)
        return await append(entries)

    log.append = slow
    writer = log.writer()
    for event in RUN:
        writer.on_event(event)
    task = asyncio.create_task(writer.run())
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await writer.flush()
    assert actions(log) == STEPS


async def test_an_answer_that_was_lost_behind_the_commit_doubles_nothing() -> None:
    log = Log()
    append = log.append

    async def lost_once(entries: Sequence[dict]) -> bool:
        log.append = append
        writer._append = append
        await append(entries)
        raise StorageError("The connection broke.")

    log.append = lost_once
    writer = log.writer()
    for event in RUN:
        writer.on_event(event)
    with pytest.raises(StorageError):
        await writer.flush()
    await writer.flush()
    assert actions(log) == STEPS


async def test_who_has_lost_the_lease_saves_no_step_even_with_nothing_to_tell() -> None:
    log = Log()
    writer = log.writer()
    await writer.confirm()
    log.taken = True
    await writer.flush()
    assert not log.lost  # nothing was to be written, so nobody was asked
    with pytest.raises(RunCancelledError):
        await writer.confirm()
    assert log.lost
    with pytest.raises(RunCancelledError):
        await writer.confirm()
