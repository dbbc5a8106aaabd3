"""Actions of many requests at once: each is told once its own line is on the disk, or that it is not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from genloom.errors import StorageError
from genloom.interfaces.server.audit import AuditLog
from genloom.interfaces.server.audit_action import AuditAction
from genloom.interfaces.server.audit_writer import AuditWriter


def told(number: int) -> AuditAction:
    return AuditAction(at=float(number), action="run.create", actor="key 1", target=f"run {number}")


async def test_lines_of_many_at_once_stand_in_one_chain_in_their_order(tmp_path: Path) -> None:
    """More than are written together: none is left out or told twice."""
    log = AuditLog(tmp_path)
    writer = AuditWriter(log)
    await asyncio.gather(*(writer.append(told(number)) for number in range(450)))
    assert [entry["target"] for entry in log.read()] == [f"run {number}" for number in range(450)]
    assert log.verify().sound
    await writer.append(told(450))
    assert log.verify().entries == 451


async def test_a_line_is_on_the_disk_when_its_own_action_is_told(tmp_path: Path) -> None:
    """Whoever waits behind others goes on only when its line is there."""
    log = AuditLog(tmp_path)
    writer = AuditWriter(log)

    async def append(number: int) -> bool:
        await writer.append(told(number))
        return f"run {number}" in [entry["target"] for entry in log.read()]

    assert all(await asyncio.gather(*(append(number) for number in range(20))))


async def test_whoever_leaves_takes_no_line_along(tmp_path: Path) -> None:
    """A request that is dropped did what it did: its line is written, and those behind it are."""
    log = AuditLog(tmp_path)
    writer = AuditWriter(log)
    tasks = [asyncio.create_task(writer.append(told(number))) for number in range(5)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await writer.append(told(5))
    assert [entry["target"] for entry in log.read()] == [f"run {number}" for number in range(6)]


async def test_each_hears_of_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    """And the next one is tried again: nothing stays broken once the log can be written."""
    (tmp_path / "audit.jsonl").mkdir()
    log = AuditLog(tmp_path)
    writer = AuditWriter(log)
    ends = await asyncio.gather(*(writer.append(told(number)) for number in range(3)), return_exceptions=True)
    assert [type(end) for end in ends] == [StorageError] * 3
    (tmp_path / "audit.jsonl").rmdir()
    await writer.append(told(3))
    assert [entry["target"] for entry in log.read()] == ["run 3"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_lines_given_together_are_chained_as_lines_given_singly(tmp_path: Path, count: int) -> None:
    log = AuditLog(tmp_path, clock=lambda: 0.0)
    log.append("first", actor="operator")
    log.append_all([told(number) for number in range(count)])
    log.append("last", actor="operator")
    assert (log.verify().sound, log.verify().entries) == (True, count + 2)
