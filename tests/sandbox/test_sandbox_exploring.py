"""Calls that depend on what the ones before gave, in one process."""

from __future__ import annotations

import pytest

from genloom.tools.sandbox import Limits, Sandbox
from genloom.tools.sandbox.conversation.call_conversation import Ask
from genloom.tools.sandbox.conversation.dialogue import BrokenDialogueError
from genloom.tools.sandbox.report import NoRecord, Raised, Returned

FILES = {
    "m.py": "count = 0\ndef f(x):\n    global count\n    count += 1\n    while x < 0: pass\n    return 10 // x + count\n"
}


@pytest.fixture(scope="module")
def exploring() -> Sandbox:
    made = Sandbox(limits=Limits(wall_seconds=20))
    if made.status().tier is None:
        pytest.skip(made.status().reason)
    return made


async def test_a_question_can_depend_on_the_last_answer(exploring: Sandbox) -> None:
    """One process answers all, and the report holds them in order."""

    async def questions(ask: Ask) -> None:
        first = await ask("f(5)")
        assert isinstance(first, Returned)
        await ask(f"f({first.value})")
        await ask("f(0)")

    report = await exploring.aexplore(FILES, "m", questions)
    assert report.ended == "normal"
    assert report.results[:2] == (Returned(value=3), Returned(value=5))
    assert isinstance(report.results[2], Raised)


async def test_an_answer_that_does_not_come_in_time_ends_the_run(exploring: Sandbox) -> None:
    """The run does not go on to its own limit, also where the questions make nothing of it."""

    async def questions(ask: Ask) -> None:
        await ask("f(5)")
        with pytest.raises(BrokenDialogueError):
            await ask("f(-1)", 0.2)

    report = await exploring.aexplore(FILES, "m", questions)
    assert report.results[0] == Returned(value=3)
    assert isinstance(report.results[1], NoRecord)
    assert report.ended != "timeout"


async def test_a_module_that_does_not_load_is_asked_nothing(exploring: Sandbox) -> None:
    """The report says why."""
    asked = []

    async def questions(ask: Ask) -> None:
        asked.append(ask)

    report = await exploring.aexplore({"m.py": "1 / 0\n"}, "m", questions)
    assert isinstance(report.loading, Raised)
    assert (report.results, asked) == ((), [])
