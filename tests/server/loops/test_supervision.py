"""Loops that must not end: whatever a turn raises is told and waited on; what an error holds is not told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from genloom.errors import StorageError
from genloom.interfaces.server import supervision
from genloom.interfaces.server.supervision import Supervision, told_error

PRIVATE = "somebody's prompt"


def failing(error: Exception) -> Callable[[], asyncio.Future[None]]:
    def work() -> asyncio.Future[None]:
        raise error

    return work


async def well() -> None:
    return None


@pytest.mark.parametrize("error", [StorageError("The disk is full."), RuntimeError(PRIVATE), KeyError(PRIVATE)])
async def test_whatever_a_turn_raises_is_waited_on(error: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told at the first, the tenth and the hundredth time, and the next turn that holds makes all well."""
    watched = Supervision("the loop")
    waits = [await watched.turn(failing(error)) for _ in range(120)]
    assert all(0 <= wait <= supervision.LONGEST_WAIT for wait in waits)
    assert max(waits) > 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 3
    assert all(line.startswith("genloom serve: the loop: ") for line in told)
    before = watched.well
    assert await watched.turn(well) == 0
    assert (before, watched.well) == (False, True)


async def test_a_failure_or_two_make_nothing_unwell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a turn that has gone on for long since it failed."""
    watched = Supervision("the loop")
    seen = []
    for _ in range(3):
        await watched.turn(failing(RuntimeError()))
        seen.append(watched.well)
    monkeypatch.setattr(supervision, "STEADY_SECONDS", 0.0)
    assert [*seen, watched.well] == [True, True, False, True]
    await watched.turn(failing(RuntimeError()))
    assert watched.failures == 1


async def test_a_loop_that_is_cancelled_ends() -> None:
    task = asyncio.create_task(Supervision("the loop").turn(asyncio.Event().wait))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_of_an_error_of_others_its_kind_and_place_are_told() -> None:
    """What it says can hold prompts and secrets; genloom's own words do not."""
    with pytest.raises(ValueError, match=PRIVATE) as raised:
        raise ValueError(PRIVATE)
    assert told_error(raised.value).startswith("ValueError at test_supervision.py:")
    assert told_error(RuntimeError(PRIVATE)) == "RuntimeError"
    assert told_error(StorageError("The disk is full.", hint="Make room.")) == "The disk is full. Make room."
