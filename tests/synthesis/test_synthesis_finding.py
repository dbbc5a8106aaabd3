"""Finding a program in plain Python: one call, which can ask and go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from descendants import adopting_orphans, descendants
from open_folders import open_to_others

from genloom.errors import ExampleError, UsageError
from genloom.events import Event, SearchProgress
from genloom.tools.sandbox import Sandbox
from genloom.tools.synthesis import Abstained, Found, SearchAnswer, afind_program, find_program

Define = Callable[[SearchAnswer], dict[str, object]]
OPEN = ("combine(2, 2) == 4", "combine(0, 0) == 0")


def product(call: str) -> str:
    """What the person means, for any call."""
    return str(eval(call, {"combine": lambda one, other: one * other}))


def test_a_program_is_found_in_the_default_sandbox(sandbox: Sandbox, define: Define) -> None:
    """The name comes from the examples, the sandbox by itself."""
    answer = find_program(
        "Upper case", ["shout('ab') == 'AB'", "shout('x') == 'X'", "shout('no go') == 'NO GO'"], seconds=120
    )
    assert isinstance(answer, Found)
    assert answer.proven
    shout = define(answer)["shout"]
    assert callable(shout)
    assert shout("so") == "SO"


def test_asking_decides_between_programs(sandbox: Sandbox, define: Define) -> None:
    """Each question is answered, becomes an example, and the program gives it."""
    asked: list[str] = []

    def ask(call: str) -> str:
        asked.append(call)
        return product(call)

    answer = find_program("Combine two numbers", OPEN, ask=ask, runner=sandbox, seconds=120)
    assert isinstance(answer, Found)
    assert 1 <= len(asked) <= 3
    assert len(set(asked)) == len(asked)
    space = define(answer)
    assert all(eval(call, space) == int(product(call)) for call in asked)
    assert {*answer.fitted, *answer.held_out} == {*OPEN, *(f"{call} == {product(call)}" for call in asked)}


async def test_asking_in_an_event_loop(sandbox: Sandbox) -> None:
    """The question may be awaited; `None` leaves the answer as it is."""
    asked: list[str] = []

    async def ask(call: str) -> str | None:
        await asyncio.sleep(0)
        asked.append(call)
        return None

    answer = await afind_program("Combine two numbers", OPEN, ask=ask, runner=sandbox, seconds=120)
    assert isinstance(answer, Found)
    assert asked == [answer.deciding]
    assert answer.rivals


def test_what_is_no_literal_is_told(sandbox: Sandbox) -> None:
    """The caller's answer is text of a literal."""
    with pytest.raises(ExampleError):
        find_program("Combine two numbers", OPEN, ask=lambda _: "a * b", runner=sandbox, seconds=120)


def test_an_answer_may_be_that_the_call_raises(sandbox: Sandbox) -> None:
    """As in any example."""
    asked: list[str] = []

    def ask(call: str) -> str | None:
        asked.append(call)
        return "raises(ValueError)" if len(asked) == 1 else None

    answer = find_program("Combine two numbers", OPEN, ask=ask, runner=sandbox, seconds=120)
    assert isinstance(answer, Abstained) or f"raises(ValueError, {asked[0]})" in answer.fitted


def test_nothing_that_names_the_function_is_told() -> None:
    """Neither a name nor an example."""
    with pytest.raises(UsageError):
        find_program("Upper case", [])
    with pytest.raises(ExampleError):
        find_program("Upper case", ["shout"])


@pytest.mark.parametrize("limits", [{"seconds": 0}, {"megabytes": -1}, {"candidates": 0}, {"cores": -1}])
def test_limits_that_leave_nothing_are_told(limits: dict[str, Any]) -> None:
    """Before anything runs."""
    with pytest.raises(UsageError, match=str(next(iter(limits.values())))):
        find_program("Double", ["double(2) == 4"], **limits)


def test_no_examples_but_a_name_abstains(sandbox: Sandbox) -> None:
    """With what to give."""
    answer = find_program("Upper case", [], name="shout", runner=sandbox, seconds=120)
    assert isinstance(answer, Abstained)
    assert "shout(…) == …" in answer.reason


def test_functions_of_a_repository_are_built_on(sandbox: Sandbox, tmp_path: Path) -> None:
    """The index finds them; the module imports what it calls."""
    open_to_others(tmp_path)
    (tmp_path / "rates.py").write_text("def surcharge(cents: int) -> int:\n    return cents * 13 // 7 + 41\n")
    given = [f"total({n}) == {n + n * 13 // 7 + 41}" for n in (0, 7, 100, 35, 12)]
    answer = find_program("Amount with its surcharge", given, repository=tmp_path, seconds=120)
    assert isinstance(answer, Found)
    assert "from rates import surcharge" in answer.source


def test_progress_tells_the_size_and_the_count(sandbox: Sandbox) -> None:
    """Both grow, and the last count is near the answer's."""
    seen: list[Event] = []
    answer = find_program(
        "Length twice", ["f('ab') == 4", "f('') == 0", "f('x') == 2"], runner=sandbox, on_event=seen.append, seconds=120
    )
    told = [event for event in seen if isinstance(event, SearchProgress)]
    assert max(event.size for event in told) >= 2
    assert told[-1].candidates <= answer.candidates


async def test_the_cores_change_the_time_alone(sandbox: Sandbox) -> None:
    """Several processes give what one gives, and none of them stays."""
    given = ["cap(5, 3) == 3", "cap(2, 3) == 2", "cap(9, 9) == 9", "cap(0, 4) == 0"]
    one = await afind_program("Limit x to at most top", given, runner=sandbox, cores=1, seconds=120)
    all_of_them = await afind_program("Limit x to at most top", given, runner=sandbox, cores=0, seconds=120)
    assert isinstance(one, Found)
    assert isinstance(all_of_them, Found)
    assert (one.source, one.rivals, one.cost) == (all_of_them.source, all_of_them.rivals, all_of_them.cost)


async def test_cancelling_ends_the_worker_at_once(sandbox: Sandbox) -> None:
    """No process of the search is left when the task has ended."""
    own = Sandbox(warm=False)  # else a process waits for further runs
    began = asyncio.Event()
    with adopting_orphans():
        before = set(descendants())
        task = asyncio.create_task(
            afind_program(
                "Nothing known",
                ["odd('abc', [1, 2]) == 'zq'", "odd('d', [3]) == 'yx'"],
                runner=own,
                seconds=120,
                candidates=10**8,
                on_event=lambda _: began.set(),
            )
        )
        await began.wait()
        assert set(descendants()) - before
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not set(descendants()) - before


@pytest.mark.parametrize(
    ("limits", "told"), [({"megabytes": 64}, "memory"), ({"seconds": 0.5, "candidates": 10**8}, "time")]
)
async def test_the_limits_hold_from_outside(sandbox: Sandbox, limits: dict[str, float], told: str) -> None:
    """Time and memory end a search that would go on, and the reason says which."""
    examples = ["odd('abc', [1, 2]) == 'zq'", "odd('d', [3]) == 'yx'"]
    answer = await afind_program(
        "Nothing known", examples, runner=sandbox, **{"candidates": 10**8, "seconds": 60, **limits}
    )  # type: ignore[arg-type]  # limits of every type
    assert isinstance(answer, Abstained)
    assert told in answer.reason
