"""Recording a run: it is on record when it ends, and does not wait for the file to be closed."""

import threading
from pathlib import Path

import pytest

from genloom.config import Settings, load_settings
from genloom.events import ignore_events
from genloom.interfaces.recording import recording
from genloom.tools.store.run_records import RunRecords, open_run_records


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("GENLOOM_HOME", str(tmp_path / "home"))
    return load_settings()


def test_a_run_is_on_record_before_its_file_is_closed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    closing, go_on = threading.Event(), threading.Event()
    close = RunRecords.close

    def slowly(records: RunRecords) -> None:
        closing.set()
        go_on.wait(60)
        close(records)

    monkeypatch.setattr(RunRecords, "close", slowly)
    with recording(settings, ignore_events):
        pass
    try:
        assert closing.wait(60)
        assert [run.outcome for run in open_run_records(settings).runs()] == ["error"]
    finally:
        go_on.set()


def test_a_file_is_closed_where_no_thread_can_be_started(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[RunRecords] = []

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    def note(records: RunRecords) -> None:
        closed.append(records)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    monkeypatch.setattr(RunRecords, "close", note)
    with recording(settings, ignore_events):
        pass
    assert len(closed) == 1
