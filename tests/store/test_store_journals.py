"""The journals: agent runs that are never started twice, and the record of runs behind the statistics."""

from __future__ import annotations

import math
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genloom
from genloom.config import load_settings
from genloom.errors import RunCancelledError, StorageError
from genloom.events import DraftMade, Event, ModelUsage, NodeFailed, NodeFinished, NodeStarted, Note, RunFinished
from genloom.tools.codegen.once.journal import JournalEntry, MemoryJournal, RunJournal
from genloom.tools.store.agent_journal import SqliteAgentJournal, open_agent_journal
from genloom.tools.store.run_records import RunRecorder, RunRecords, open_run_records
from genloom.tools.store.run_statistics import statistics, summarise
from genloom.tools.store.run_summary import RunSummary


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_the_journal_keeps_the_promises_of_its_protocol(tmp_path: Path, kind: str) -> None:
    """Both journals answer alike: an intent without a number, then the number, with the time of the first intent."""
    journal: RunJournal = SqliteAgentJournal(tmp_path / "journal.db") if kind == "sqlite" else MemoryJournal()
    assert journal.find("k") is None
    journal.intend("k")
    first = journal.find("k")
    assert first is not None
    assert (first.key, first.run_id) == ("k", None)
    journal.record("k", 7)
    journal.intend("k")
    assert journal.find("k") == JournalEntry(key="k", run_id=7, created_at=first.created_at)
    journal.record("other", 8)
    other = journal.find("other")
    assert other is not None
    assert other.run_id == 8


def test_what_was_intended_survives_sigkill(tmp_path: Path) -> None:
    """A process that is killed right after `intend` leaves its intent to the next."""
    settings_ = load_settings({"GENLOOM_HOME": str(tmp_path)})
    code = """
import os, sys
from genloom.config import load_settings
from genloom.tools.store.agent_journal import open_agent_journal
open_agent_journal(load_settings({"GENLOOM_HOME": sys.argv[1]})).intend("k")
os.kill(os.getpid(), 9)
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(genloom.__path__[0]).parent)}
    done = subprocess.run([sys.executable, "-c", code, tmp_path], env=environment, timeout=30, check=False)
    assert done.returncode == -9
    entry = open_agent_journal(settings_).find("k")
    assert entry is not None
    assert entry.run_id is None


def test_agent_runs_belong_to_an_organisation(tmp_path: Path) -> None:
    """A key of one organisation is unknown to another."""
    SqliteAgentJournal(tmp_path / "journal.db", organisation=1).record("k", 7)
    assert SqliteAgentJournal(tmp_path / "journal.db", organisation=2).find("k") is None


def test_the_journal_of_agent_runs_is_bounded_by_age(tmp_path: Path) -> None:
    """Entries older than 90 days go when a new one comes."""
    now = [1e9]
    journal = SqliteAgentJournal(tmp_path / "journal.db", clock=lambda: now[0])
    journal.record("old", 1)
    now[0] += 50 * 86_400
    journal.record("newer", 2)
    now[0] += 50 * 86_400
    journal.intend("new")
    assert [journal.find(key) is not None for key in ("old", "newer", "new")] == [False, True, True]


def test_a_journal_that_cannot_be_written_stops_the_run(tmp_path: Path) -> None:
    """An intent that is not on the disk is an error: a run that nobody would find again must not start."""
    journal = SqliteAgentJournal(tmp_path / "journal.db")
    journal.intend("k")
    journal._database.run("PRAGMA query_only = 1")
    with pytest.raises(StorageError, match=r"journal\.db: it cannot be written"):
        journal.intend("other")


EVENTS: tuple[Event, ...] = (
    NodeFinished(node="generate", seconds=0.5),
    DraftMade(generator="model", made=True),
    ModelUsage(model="openai:m", input_tokens=10, output_tokens=5),
    NodeFinished(node="verify", seconds=0.25),
    NodeFailed(node="generate", seconds=0.75, error="ModelError"),
    DraftMade(generator="search", made=False),
    DraftMade(generator="model", made=True),
    ModelUsage(model="openai:m", input_tokens=1, output_tokens=1, cost_usd=0.5),
    RunFinished(outcome="passed", generator="model", attempts=2),
)


def test_a_run_is_written_down_once_it_is_closed(tmp_path: Path) -> None:
    """One row tells what all the events of the run told."""
    home = load_settings({"GENLOOM_HOME": str(tmp_path)})
    journal = open_run_records(home)
    with RunRecorder(journal) as record:
        for event in EVENTS:
            record(event)
        assert journal.runs() == ()
    record.close("failed")
    (run,) = open_run_records(home).runs()
    assert (run.outcome, run.generator, run.model, run.attempts, run.cached) == (
        "passed",
        "model",
        "openai:m",
        2,
        False,
    )
    assert (run.input_tokens, run.output_tokens, run.cost_usd) == (11, 6, 0.5)
    assert run.nodes == [("generate", 0.5, False), ("verify", 0.25, False), ("generate", 0.75, True)]
    assert abs(run.started - time.time()) < 60


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(KeyboardInterrupt(), "cancelled"), (RunCancelledError("x"), "cancelled"), (OSError(), "error")],
)
def test_a_run_that_was_stopped_is_written_down_too(tmp_path: Path, error: BaseException, outcome: str) -> None:
    """A run without an end counts by what ended it, and its error goes on its way."""
    journal = RunRecords(tmp_path / "journal.db")
    with pytest.raises(type(error)), RunRecorder(journal):
        raise error
    assert [run.outcome for run in journal.runs()] == [outcome]


def test_a_journal_that_fails_never_disturbs_the_run(tmp_path: Path) -> None:
    """Where the record cannot be written there is one warning, and no error."""
    (tmp_path / "file").write_text("")
    notes: list[Event] = []
    with RunRecorder(RunRecords(tmp_path / "file" / "journal.db"), warn=notes.append) as record:
        record(EVENTS[0])
    record.close()
    (note,) = notes
    assert isinstance(note, Note)
    assert (note.level, "journal.db" in note.message or "file" in note.message) == ("warning", True)


def test_events_may_come_from_several_threads(tmp_path: Path) -> None:
    """No event is lost between threads, and those after the end change nothing."""
    journal = RunRecords(tmp_path / "journal.db")
    record = RunRecorder(journal)
    usage = ModelUsage(model="m", input_tokens=1, output_tokens=2)
    threads = [threading.Thread(target=lambda: [record(usage) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record.close("passed", cached=True)
    record(usage)
    (run,) = journal.runs()
    assert (run.input_tokens, run.output_tokens, run.cached) == (800, 1600, True)


def test_the_record_of_runs_is_bounded(tmp_path: Path) -> None:
    """The newest runs of each organisation stay, a year at most, with their nodes."""
    journal, other = (RunRecords(tmp_path / "journal.db", organisation=number, max_runs=3) for number in (1, 2))
    now = time.time()
    other.add(RunSummary(started=now - 100))
    for age in (5, 4, 3, 2, 1):
        journal.add(RunSummary(started=now - age, nodes=[("verify", float(age), False)]))
    assert [run.nodes[0][1] for run in journal.runs()] == [3.0, 2.0, 1.0]
    assert [run.nodes[0][1] for run in journal.runs(since=now - 2.5)] == [2.0, 1.0]
    journal.add(RunSummary(started=now - 400 * 86_400))
    assert len(journal.runs()) == 3
    assert len(other.runs()) == 1
    with journal._database.read() as db:
        assert db.execute("SELECT COUNT(*) FROM node_runs").fetchone() == (3,)


def test_a_run_keeps_a_bounded_number_of_nodes(tmp_path: Path) -> None:
    """A run that visits nodes without end does not grow without end."""
    journal = RunRecords(tmp_path / "journal.db")
    with RunRecorder(journal) as record:
        for _ in range(2000):
            record(EVENTS[0])
    assert len(journal.runs()[0].nodes) == 500


PENDING = (
    NodeStarted(node="generate"),
    ModelUsage(model="openai:writer", input_tokens=10, output_tokens=5),
    DraftMade(generator="model", made=True),
    NodeFinished(node="generate", seconds=0.5),
    NodeStarted(node="review"),
    ModelUsage(model="openai:reviewer", input_tokens=4, output_tokens=1),
    NodeFinished(node="review", seconds=0.25),
    RunFinished(outcome="pending", generator="model", attempts=1),
)


def _record(path: Path, events: Iterable[Event], thread_id: str | None = "t", organisation: int = 1) -> None:
    """Record a visit to a thread as a process of its own would."""
    with RunRecorder(RunRecords(path, organisation=organisation), thread_id=thread_id) as record:
        for event in events:
            record(event)


def test_a_run_that_was_resumed_and_asked_for_again_is_one_request(tmp_path: Path) -> None:
    """A draft that waited for a person, was approved and asked for again counts once, with all that it took."""
    path = tmp_path / "journal.db"
    _record(path, PENDING)
    resumed = (
        NodeStarted(node="generate"),
        ModelUsage(model="openai:writer", input_tokens=20, output_tokens=10, cost_usd=0.5),
        DraftMade(generator="model", made=True),
        NodeFinished(node="generate", seconds=1.0),
        RunFinished(outcome="passed", generator="model", attempts=2),
    )
    _record(path, resumed)
    _record(path, resumed[-1:])
    (run,) = RunRecords(path).runs()
    assert (run.outcome, run.generator, run.model, run.attempts) == ("passed", "model", "openai:writer", 2)
    assert (run.input_tokens, run.output_tokens, run.cost_usd) == (34, 16, 0.5)
    assert run.nodes == [("generate", 0.5, False), ("review", 0.25, False), ("generate", 1.0, False)]
    shown = statistics(RunRecords(path)).to_json()
    assert (shown["requests"], shown["outcomes"], shown["models"]) == (
        1,
        {"model": {"passed": 1}},
        {"openai:writer": 1},
    )


def test_drafts_of_a_visit_that_was_stopped_count_once(tmp_path: Path) -> None:
    """A stopped visit tells no result: its drafts are added, and a result's own count stands for all."""
    path = tmp_path / "journal.db"
    _record(path, PENDING[:4])
    _record(path, PENDING[:4])
    assert [(run.outcome, run.attempts) for run in RunRecords(path).runs()] == [("error", 2)]
    _record(path, [RunFinished(outcome="passed", generator="model", attempts=2)])
    assert [(run.outcome, run.attempts) for run in RunRecords(path).runs()] == [("passed", 2)]


def test_what_was_refused_before_it_began_leaves_its_threads_record_alone(tmp_path: Path) -> None:
    """Another request under the name of a thread that passed is a failure of its own."""
    path = tmp_path / "journal.db"
    _record(path, PENDING)
    _record(path, [])
    assert [(run.outcome, run.thread_id) for run in RunRecords(path).runs()] == [("pending", "t"), ("error", None)]


def test_threads_of_other_names_and_organisations_are_other_runs(tmp_path: Path) -> None:
    """As are runs that are not saved."""
    path = tmp_path / "journal.db"
    for thread_id, organisation in (("t", 1), ("u", 1), ("t", 2), (None, 1), (None, 1)):
        _record(path, PENDING, thread_id, organisation)
    assert [len(RunRecords(path, organisation=number).runs()) for number in (1, 2)] == [4, 1]


def test_a_reviewers_model_is_not_the_one_that_wrote(tmp_path: Path) -> None:
    """Where search wrote the draft, no model did, though the reviewer's tokens count."""
    events = (DraftMade(generator="search", made=True), *PENDING[4:7])
    _record(tmp_path / "journal.db", events)
    (run,) = RunRecords(tmp_path / "journal.db").runs()
    assert (run.model, run.input_tokens) == (None, 4)


def test_tokens_that_nobody_told_stay_unknown(tmp_path: Path) -> None:
    """Zeros are what an event has where the server told nothing; they are no count, and add nothing to one."""
    untold = ModelUsage(model="openai:m", input_tokens=0, output_tokens=0)
    _record(tmp_path / "journal.db", [untold], "untold")
    _record(tmp_path / "journal.db", [untold, ModelUsage(model="openai:m", input_tokens=3, output_tokens=0)], "told")
    runs = RunRecords(tmp_path / "journal.db").runs()
    assert [(run.input_tokens, run.output_tokens) for run in runs] == [(None, None), (3, 0)]
    assert summarise(runs).runs_with_tokens == 1


def test_records_of_an_earlier_genloom_are_kept(tmp_path: Path) -> None:
    """A file without threads gets them; its runs stay."""
    path = tmp_path / "journal.db"
    _record(path, PENDING)
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DROP INDEX runs_by_thread; ALTER TABLE runs DROP COLUMN thread_id; DROP TABLE tool_calls")
        db.execute("PRAGMA user_version = 1")
    _record(path, PENDING)
    assert [(run.outcome, run.thread_id) for run in RunRecords(path).runs()] == [("pending", None), ("pending", "t")]


def test_statistics_count_what_happened(tmp_path: Path) -> None:
    """Requests, outcomes by generator, cache hits, attempts, tokens, cost and durations, as plain JSON."""
    journal = RunRecords(tmp_path / "journal.db")
    with RunRecorder(journal) as record:
        for event in EVENTS:
            record(event)
    for seconds in range(1, 20):
        journal.add(
            RunSummary(
                started=time.time(),
                seconds=float(seconds),
                outcome="passed" if seconds % 2 else "failed",
                generator="search",
                attempts=1,
                cached=seconds == 1,
                nodes=[("verify", float(seconds), False)],
            )
        )
    shown = statistics(journal).to_json()
    assert (shown["requests"], shown["cache_hits"], shown["attempts"]) == (20, 1, 21)
    assert shown["outcomes"] == {"model": {"passed": 1}, "search": {"passed": 10, "failed": 9}}
    assert (shown["input_tokens"], shown["output_tokens"], shown["cost_usd"]) == (11, 6, 0.5)
    assert (shown["runs_with_tokens"], shown["runs_with_cost"], shown["models"]) == (1, 1, {"openai:m": 1})
    assert shown["nodes"]["verify"] == {"count": 20, "p50": 9.0, "p95": 18.0}
    assert shown["node_failures"] == {"generate": 1}
    assert shown["total"]["count"] == 20


def test_statistics_of_nothing_are_empty(tmp_path: Path) -> None:
    """Without runs the sums are zero, and what nobody told is null."""
    shown = statistics(RunRecords(tmp_path / "journal.db")).to_json()
    assert (shown["requests"], shown["total"], shown["input_tokens"], shown["cost_usd"]) == (0, None, None, None)


@given(seconds=st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_percentiles_are_values_that_occurred(seconds: list[float]) -> None:
    """At least half and 95 % of the values are no greater than p50 and p95, and fewer lie below."""
    found = summarise([RunSummary(started=0.0, seconds=value) for value in seconds]).total
    assert found is not None
    for value, share in ((found.p50, 0.50), (found.p95, 0.95)):
        assert value in seconds
        assert sum(s <= value for s in seconds) >= math.ceil(share * len(seconds))
        assert sum(s < value for s in seconds) < math.ceil(share * len(seconds))
