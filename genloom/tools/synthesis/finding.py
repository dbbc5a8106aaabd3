"""Finding a program from a few examples, in plain Python: one call, with the sandbox as it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict, Unpack

from genloom.config import load_settings
from genloom.errors import UsageError
from genloom.events import EventEmitter, ignore_events
from genloom.portal import run_sync
from genloom.state import GraphContext
from genloom.state.example import Example, parse_example
from genloom.tools.sandbox import sandbox_for
from genloom.tools.synthesis.answer import Found, SearchAnswer
from genloom.tools.synthesis.question import MAX_QUESTIONS, example_from
from genloom.tools.synthesis.search import ProgramRunner, search
from genloom.tools.synthesis.task import DEFAULT_CANDIDATES, Component, SearchTask

__all__ = ["ProgramOptions", "SearchOptions", "afind_program", "find_program"]


class SearchOptions(TypedDict, total=False):
    """Where and how far to search; each may be left out.

    `repository`, whose own typed functions may be built on; `runner`, in which sandbox; `on_event`, told the size and count
    searched; the limits `seconds`, `megabytes`, `cores` (0: all) and `candidates`, as in `SearchTask`.
    """

    repository: str | Path | None
    runner: ProgramRunner | None
    on_event: EventEmitter
    seconds: float
    megabytes: int
    cores: int
    candidates: int


class ProgramOptions(SearchOptions, total=False):
    """The keyword arguments of `find_program`; each may be left out.

    `name` of the function (default: the one that the examples call), and its `signature` with types; and `SearchOptions`.
    """

    name: str
    signature: str | None


def find_program(
    prompt: str,
    examples: Sequence[str | Example],
    *,
    ask: Callable[[str], str | None] | None = None,
    **options: Unpack[ProgramOptions],
) -> SearchAnswer:
    """Search for a program that gives what the examples say, in a sandbox, with no model.

    `examples` are texts such as `"double(2) == 4"` and `"raises(ValueError, double(''))"`. Where programs of like cost
    differ, `ask` is given the call that would decide, such as `f("a b")`: what it returns, a literal as text (or
    `raises(ValueError)`), becomes a further example and the search goes on, three times at most; `None` leaves the answer
    as it is. Raises `ExampleError` for what is no example, and `UsageError` where nothing names the function, or a limit is
    none.
    """
    inquiry = _inquiry(prompt, examples, options)
    answer = run_sync(inquiry.search())
    while ask is not None and (call := inquiry.open_question(answer)) and (told := ask(call)) is not None:
        inquiry = inquiry.told(call, told)
        answer = run_sync(inquiry.search())
    return answer


async def afind_program(
    prompt: str,
    examples: Sequence[str | Example],
    *,
    ask: Callable[[str], Awaitable[str | None]] | None = None,
    **options: Unpack[ProgramOptions],
) -> SearchAnswer:
    """As `find_program`, for an event loop; cancelling the task ends the search at once."""
    inquiry = _inquiry(prompt, examples, options)
    answer = await inquiry.search()
    while ask is not None and (call := inquiry.open_question(answer)) and (told := await ask(call)) is not None:
        inquiry = inquiry.told(call, told)
        answer = await inquiry.search()
    return answer


@dataclass(frozen=True, kw_only=True)
class _Inquiry:
    """A task with where it runs, and how often somebody was asked about it."""

    task: SearchTask
    runner: ProgramRunner
    emit: EventEmitter
    questions: int = 0

    async def search(self) -> SearchAnswer:
        return await search(self.task, self.runner, self.emit)

    def open_question(self, answer: SearchAnswer) -> str:
        return answer.deciding if isinstance(answer, Found) and self.questions < MAX_QUESTIONS else ""

    def told(self, call: str, told: str) -> _Inquiry:
        examples = (*self.task.examples, example_from(call, told))
        return replace(self, task=replace(self.task, examples=examples), questions=self.questions + 1)


def _inquiry(prompt: str, examples: Sequence[str | Example], options: ProgramOptions) -> _Inquiry:
    parsed = tuple(one if isinstance(one, Example) else parse_example(one) for one in examples)
    name = options.get("name") or next((example.function for example in parsed), "")
    if not name:
        raise UsageError(
            "Nothing names the function.", hint='Give examples such as "double(2) == 4", or name="double".'
        )
    repository = options.get("repository")
    root = None if repository is None else Path(repository).expanduser().absolute()
    context = GraphContext(repository=None if root is None else str(root))
    task = SearchTask(
        name=name,
        prompt=prompt,
        examples=parsed,
        signature=options.get("signature"),
        components=() if root is None else _components(root, prompt),
        seconds=options.get("seconds", SearchTask.seconds),
        megabytes=options.get("megabytes", SearchTask.megabytes),
        candidates=options.get("candidates", DEFAULT_CANDIDATES),
        cores=options.get("cores", SearchTask.cores),
    )
    for limit, value in (("seconds", task.seconds), ("megabytes", task.megabytes), ("candidates", task.candidates)):
        if value <= 0:
            raise UsageError(f"{limit}={value} leaves nothing to search with.", hint="Give more than 0.")
    if task.cores < 0:
        raise UsageError(f"There are no {task.cores} cores.", hint="Give 0 for all, or 1 or more.")
    runner = options.get("runner") or sandbox_for(context, load_settings(), inside=False)
    return _Inquiry(task=task, runner=runner, emit=options.get("on_event", ignore_events))


def _components(repository: Path, prompt: str) -> tuple[Component, ...]:
    # imported here: a search without a repository needs no index
    from genloom.tools.codebase import open_codebase
    from genloom.tools.synthesis.components import components_of

    codebase = open_codebase(str(repository), load_settings())
    codebase.refresh()
    return components_of(codebase, repository, prompt)
