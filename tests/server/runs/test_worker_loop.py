"""The worker's own loop: an error that nobody expected does not end it."""

from __future__ import annotations

from typing import Any

import pytest


async def test_a_worker_goes_on_after_an_error_that_nobody_expected(
    desk: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told, but not what it says, and the run is worked on all the same."""
    beats, errors = desk.storage.runs.beats, iter([RuntimeError("secret"), KeyError("secret")])

    async def failing() -> Any:
        if error := next(errors, None):
            raise error
        return await beats()

    monkeypatch.setattr(desk.storage.runs, "beats", failing)
    run = await desk.create("Double a number.", metadata={"name": "double", "examples": ["double(2) == 4"]})
    async with desk.working():
        ended = await desk.wait(run)
    assert ended.status == "completed"
    told = capsys.readouterr().err
    assert "the queue cannot be read: RuntimeError at" in told
    assert "secret" not in told
