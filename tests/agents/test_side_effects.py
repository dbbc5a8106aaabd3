"""Calls that change something happen once, whatever becomes of the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from genloom.tools.store.tool_journal import ToolJournal

KILLED = Path(__file__).with_name("killed_agent.py")


@pytest.mark.slow
def test_a_call_in_flight_when_the_process_was_killed_is_not_run_again(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    first = subprocess.run([sys.executable, KILLED, ledger, "first"], check=False)
    assert first.returncode == -9
    again = subprocess.run([sys.executable, KILLED, ledger, "again"], check=False)
    assert again.returncode == 0
    lines = ledger.read_text().splitlines()
    assert lines[:3] == ["paid 1", "paid 2", "answer: paid 1"]
    assert "how it ended is not known" in lines[3]
    assert lines[4:] == ["The end."]


def test_a_call_that_is_known_is_returned_and_not_begun(tmp_path: Path) -> None:
    journal, other = ToolJournal(tmp_path / "journal.db"), ToolJournal(tmp_path / "journal.db", organisation=2)
    assert journal.begin("a") is None
    known = journal.begin("a")
    assert known is not None
    assert known.answer is None
    journal.finish("a", "done")
    finished = journal.begin("a")
    assert finished is not None
    assert finished.answer == "done"
    assert other.begin("a") is None
    journal.forget("a")
    assert journal.begin("a") is None


def test_old_calls_are_forgotten(tmp_path: Path) -> None:
    now = [1_000_000.0]
    journal = ToolJournal(tmp_path / "journal.db", clock=lambda: now[0])
    journal.begin("old")
    now[0] += 31 * 86_400
    journal.begin("new")
    assert journal.begin("old") is None
