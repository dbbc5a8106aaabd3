"""Fixtures of the search's tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from open_folders import folder_of_its_own

from genloom.state import parse_example
from genloom.tools.sandbox import Sandbox
from genloom.tools.synthesis import Found, SearchAnswer, SearchTask, search

Solve = Callable[..., Awaitable[SearchAnswer]]


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """A confined sandbox; without one on this machine the test is skipped."""
    found = Sandbox()
    status = found.status()
    if status.tier in (None, "rlimits"):
        pytest.skip(f"no sandbox here: {status.reason}")
    return found


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that no other pytest closes to other users."""
    with folder_of_its_own() as folder:
        yield folder


@pytest.fixture
def solve(sandbox: Sandbox) -> Solve:
    """Search for `name` from the texts of examples. A busy machine has time: the budget decides."""

    async def solved(name: str, prompt: str, *examples: str, **more: object) -> SearchAnswer:
        given = {"seconds": 120.0, **more}
        task = SearchTask(name=name, prompt=prompt, examples=tuple(map(parse_example, examples)), **given)  # type: ignore[arg-type]  # a task's own fields
        return await search(task, sandbox)

    return solved


@pytest.fixture
def define() -> Callable[[SearchAnswer], dict[str, object]]:
    """Run a found module in this process: only modules that the engine wrote of pure library functions."""

    def defined(answer: SearchAnswer) -> dict[str, object]:
        assert isinstance(answer, Found), answer
        space: dict[str, object] = {"__name__": "found"}
        exec(answer.source, space)
        return space

    return defined
