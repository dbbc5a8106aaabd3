"""What a run's free-text status means."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.state import AgentStatus
from genloom.tools.codegen.status import is_final, is_resting, normalise_status

SEEN = {
    "COMPLETE": "completed",
    "completed": "completed",
    "ACTIVE": "running",
    "RUNNING": "running",
    "in_progress": "running",
    "EVALUATION": "running",
    "ERROR": "failed",
    "FAILED": "failed",
    "MAX_ITERATIONS_REACHED": "failed",
    "OUT_OF_TOKENS": "failed",
    "CANCELLED": "cancelled",
    "STOPPED": "cancelled",
    "PENDING": "queued",
    "queued": "queued",
    "TIMEOUT": "timeout",
    "PAUSED": "paused",
}


@pytest.mark.parametrize(("raw", "status"), SEEN.items())
@given(data=st.data())
def test_known_statuses_mean_the_same_in_any_case(raw: str, status: str, data: st.DataObject) -> None:
    """Neither case nor blanks around nor the mark between words changes the meaning."""
    flips = data.draw(st.lists(st.booleans(), min_size=len(raw), max_size=len(raw)))
    spelled = "".join(c.upper() if up else c.lower() for c, up in zip(raw, flips, strict=True))
    spelled = spelled.replace("_", data.draw(st.sampled_from(["_", "-", " "])))
    assert normalise_status(f" {spelled}\n") == status


@given(st.none() | st.text())
def test_any_text_gives_one_of_the_eight_words(raw: str | None) -> None:
    """Nothing raises, and what is not known is `unknown`, which is never final and always resting."""
    status = normalise_status(raw)
    assert status in get_args(AgentStatus)
    assert not (is_final(status) and is_resting(status))
    if raw is None or not raw.strip():
        assert status == "unknown"


def test_final_resting_and_moving_statuses_are_told_apart() -> None:
    """Only a run that queues or runs can be expected to change by itself."""
    moving = {status for status in get_args(AgentStatus) if not is_final(status) and not is_resting(status)}
    assert moving == {"queued", "running"}
