"""The audit log: whole, private, appended by several at once, and no change of it goes unseen."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genloom.errors import StorageError
from genloom.interfaces.server import audit
from genloom.interfaces.server.audit import AuditLog
from genloom.interfaces.server.audit_chain import START, Link, line_of, parse_line

FIELDS = {"at", "seq", "actor", "organisation", "action", "target", "outcome", "detail", "previous", "hash"}

APPEND = """
import sys
from pathlib import Path
from genloom.interfaces.server.audit import AuditLog

log = AuditLog(Path(sys.argv[1]))
for number in range(int(sys.argv[2])):
    log.append("run.create", actor="key 1", organisation=1, target=f"run {number}")
    print(number, flush=True)
"""

FULL = """
import resource, signal, sys
from pathlib import Path
from genloom.errors import StorageError
from genloom.interfaces.server.audit import AuditLog

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = AuditLog(Path(sys.argv[1]))
log.append("a", actor="b")
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (600, hard))
try:
    log.append("a", actor="b", target="t" * 400)
except StorageError as error:
    print(type(error).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
log.append("c", actor="d")
print(log.verify())
"""


def filled(folder: Path, lines: int = 6) -> AuditLog:
    log = AuditLog(folder)
    for number in range(lines):
        log.append("run.create", actor="key 1", organisation=1, target=f"run {number}", detail={"n": number, "ü": "ö"})
    return log


def test_each_action_is_one_line_chained_to_the_last(tmp_path: Path) -> None:
    """The fields are those that are promised, numbers count from 1, and each line names the hash of the one before."""
    log = filled(tmp_path / "data", 3)
    lines = log.path.read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert [set(entry) for entry in entries] == [FIELDS] * 3
    assert [entry["seq"] for entry in entries] == [1, 2, 3]
    assert [entry["previous"] for entry in entries[1:]] == [entry["hash"] for entry in entries[:-1]]
    assert entries == list(log.read())
    assert entries[2]["detail"] == {"n": 2, "ü": "ö"}
    assert log.verify().to_json() == {"sound": True, "entries": 3, "line": None, "problem": None}
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").glob("audit.[hj]*")} == {
        "audit.jsonl": 0o600,
        "audit.head": 0o600,
    }


def test_secrets_and_long_texts_are_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks like a secret, or is one that is configured, is redacted; a text is cut."""
    monkeypatch.setenv("GENLOOM_SERVE_TOKEN", "the-token-of-this-very-server")
    log = AuditLog(tmp_path)
    log.append(
        "a", actor="b", target="ghp_" + "A1b2" * 9, detail={"said": "the-token-of-this-very-server", "long": "x" * 9000}
    )
    written = log.path.read_text()
    assert "ghp_A1b2" not in written
    assert "the-token-of-this-very-server" not in written
    assert len(written) < 2000
    assert log.verify().sound


def test_log_that_was_never_begun_is_sound(tmp_path: Path) -> None:
    """Looking at it makes nothing."""
    log = AuditLog(tmp_path / "nothing")
    assert (log.verify().sound, log.verify().entries, list(log.read())) == (True, 0, [])
    assert not (tmp_path / "nothing").exists()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_single_change_is_found(tmp_path: Path, data: st.DataObject) -> None:
    """A byte changed, put in or taken out; a line removed, doubled, swapped, or forged whole; an end cut off."""
    log = AuditLog(tmp_path)
    head = tmp_path / "audit.head"
    if not log.path.exists():
        filled(tmp_path)
        (tmp_path / "kept").write_bytes(log.path.read_bytes())
        (tmp_path / "kept.head").write_bytes(head.read_bytes())
    before = (tmp_path / "kept").read_bytes()
    head.write_bytes((tmp_path / "kept.head").read_bytes())
    lines = before.splitlines(keepends=True)
    place = data.draw(st.integers(0, len(before) - 1))
    which = data.draw(st.integers(0, len(lines) - 1))
    byte = bytes([data.draw(st.integers(0, 255))])
    forged = {**json.loads(lines[which]), "actor": "nobody"}
    rest = {name: value for name, value in forged.items() if name not in ("seq", "previous", "hash")}
    before_it = json.loads(lines[which - 1]) if which else None
    link = Link(before_it["seq"], before_it["hash"]) if before_it else START
    changed = data.draw(
        st.sampled_from(
            [
                before[:place] + byte + before[place + 1 :],
                before[:place] + byte + before[place:],
                before[:place] + before[place + 1 :],
                before[:place],
                b"".join(lines[:which] + lines[which + 1 :]),
                b"".join([*lines[: which + 1], *lines[which:]]),
                b"".join([*lines[:which], *reversed(lines[which:])]),
                b"".join([*lines[:which], line_of(rest, link)[0], *lines[which + 1 :]]),
                before + b"\n",
                before + lines[which],
            ]
        )
    )
    log.path.write_bytes(changed)
    found = log.verify()
    assert found.sound == (changed == before), (found, changed)
    assert found.entries <= 6


def test_change_is_named_by_its_line(tmp_path: Path) -> None:
    """The first line that does not fit, and what is the matter with it."""
    log = filled(tmp_path)
    lines = log.path.read_bytes().splitlines(keepends=True)

    def told(*kept: bytes) -> tuple[int | None, str | None, int]:
        log.path.write_bytes(b"".join(kept))
        found = log.verify()
        return found.line, found.problem, found.entries

    assert told(*lines) == (None, None, 6)
    assert told(*lines[:2], lines[2].replace(b"key 1", b"key 2"), *lines[3:]) == (3, "it was changed", 2)
    assert told(*lines[:2], *lines[3:]) == (3, "it does not follow the line before: one was removed or moved", 2)
    assert told(*lines[:4]) == (5, "it is missing, as are all up to line 6", 4)
    assert told(*lines[:5], lines[5][:20]) == (6, "it is not whole", 5)
    log.path.unlink()
    assert log.verify().problem == "the log is missing; it had 6 lines"


def test_rest_of_the_chain_made_anew_does_not_fit_the_head(tmp_path: Path) -> None:
    """Whoever rewrites all lines, but not the head, is found out at the line that was noted."""
    log = filled(tmp_path)
    head = (tmp_path / "audit.head").read_bytes()
    forged = filled(tmp_path / "forged")
    log.path.write_bytes(forged.path.read_bytes())
    (tmp_path / "audit.head").write_bytes(head)
    found = log.verify()
    assert (found.line, found.problem) == (6, "it is not the line that was noted as the last one")


@pytest.mark.parametrize("noted", [b"", b"x", b"0" * 86, b"00000000000000000006 " + b"0" * 64 + b"\n", None])
def test_head_that_was_touched_is_found(tmp_path: Path, noted: bytes | None) -> None:
    """Changed, emptied, or removed."""
    log = filled(tmp_path)
    if noted is None:
        (tmp_path / "audit.head").unlink()
    else:
        (tmp_path / "audit.head").write_bytes(noted)
    assert not log.verify().sound


def test_nothing_is_added_to_a_broken_end(tmp_path: Path) -> None:
    """What would hide the break is refused, and says what to do."""
    log = filled(tmp_path)
    whole = log.path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for broken in (b"".join(lines[:-1]), whole.replace(b'"run 5"', b'"run 6"')):
        log.path.write_bytes(broken)
        with pytest.raises(StorageError) as caught:
            log.append("a", actor="b")
        assert "audit verify" in caught.value.hint
        assert log.path.read_bytes() == broken
    log.path.write_bytes(whole)
    log.append("a", actor="b")
    assert (log.verify().sound, log.verify().entries) == (True, 7)


def test_half_a_line_of_a_killed_process_is_replaced(tmp_path: Path) -> None:
    """It was promised to nobody, and nothing is missing; the next line takes its place and the chain is whole."""
    log = filled(tmp_path, 2)
    with log.path.open("ab") as file:
        file.write(b'{"action":"half')
    assert (log.verify().sound, log.verify().entries) == (True, 2)
    log.append("a", actor="b")
    assert (log.verify().sound, log.verify().entries) == (True, 3)


def test_head_may_lag_behind(tmp_path: Path) -> None:
    """A process killed between the line and the note left one line more than was noted: nothing is missing."""
    log = filled(tmp_path, 3)
    head = (tmp_path / "audit.head").read_bytes()
    log.append("a", actor="b")
    (tmp_path / "audit.head").write_bytes(head)
    assert log.verify().sound
    log.append("a", actor="b")
    assert (log.verify().sound, log.verify().entries) == (True, 5)


def test_threads_and_processes_write_one_chain(tmp_path: Path) -> None:
    """Four processes' and four threads' lines, none lost, none in another's place."""
    processes = [
        subprocess.Popen([sys.executable, "-c", APPEND, str(tmp_path), "15"], stdout=subprocess.DEVNULL)
        for _ in range(2)
    ]
    log = AuditLog(tmp_path)

    def append() -> None:
        for _ in range(15):
            log.append("a", actor="b")

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(60) for process in processes] == [0, 0]
    assert (log.verify().sound, log.verify().entries) == (True, 90)


def test_killed_writer_loses_no_line_that_it_told_of(tmp_path: Path) -> None:
    """Each line whose append had returned before SIGKILL is there, and the next writer goes on."""
    process = subprocess.Popen(
        [sys.executable, "-c", APPEND, str(tmp_path), "100000"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(30)]
    process.kill()
    told += [line for line in process.stdout.read().splitlines() if line]
    process.wait()
    log = AuditLog(tmp_path)
    log.append("after", actor="server")
    found = log.verify()
    assert found.sound
    assert found.entries >= len(told) + 1


def test_full_disk_refuses_and_leaves_the_chain_whole(tmp_path: Path) -> None:
    """The line that did not fit is not in the log, not even half of it; with room again the log goes on."""
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "StorageError\nAuditFinding(entries=2, line=None, problem=None)\n", done.stderr


def test_form_of_a_line_is_exact() -> None:
    """Other blanks, another order or another field is not this log's line, even with a hash that fits."""
    entry = {
        "at": "t",
        "actor": "a",
        "organisation": None,
        "action": "b",
        "target": "",
        "outcome": "done",
        "detail": {},
    }
    line, _ = line_of(entry, START)
    assert parse_line(line) is not None
    assert parse_line(line[:-1]) is None
    assert parse_line(line.replace(b":", b": ")) is None
    assert parse_line(line_of({**entry, "more": 1}, START)[0]) is None
    assert parse_line(b"[" * 100_000) is None


def test_lines_are_appended_while_the_log_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the reading of a long log takes: nobody waits for it, and what comes meanwhile is not a fault."""
    log = filled(tmp_path / "data")
    read = audit.check_chain

    def slow(*given: Any) -> Any:
        AuditLog(log.path.parent).append("run.create", actor="key 1", target="run 99")
        log.append("run.create", actor="key 1", target="run 100")
        return read(*given)

    monkeypatch.setattr(audit, "LOCK_SECONDS", 0.2)
    monkeypatch.setattr(audit, "check_chain", slow)
    assert (log.verify().sound, len(list(log.read()))) == (True, 8)
    monkeypatch.undo()
    assert (log.verify().sound, log.verify().entries) == (True, 8)
