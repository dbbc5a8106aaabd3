"""What came of loading a module and calling into it, read from the worker's records."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Protocol

from genloom.tools.sandbox.conversation.decoding import MalformedValueError, decode_value
from genloom.tools.sandbox.conversation.dialogue import BrokenDialogueError, Dialogue
from genloom.tools.sandbox.conversation.line_coverage import MOST_RECORD_BYTES, UNFINISHED, read_coverage
from genloom.tools.sandbox.job import Ending
from genloom.tools.sandbox.report import NoRecord, Raised, Returned

__all__ = ["Ask", "CallConversation", "OpenConversation"]

MOST_NAMES = 100


class Ask(Protocol):
    """Evaluates one expression. Raises `BrokenDialogueError` when no valid record of it came out, or none within some
    seconds, which ends the run."""

    async def __call__(self, call: str, seconds: float | None = None) -> Returned | Raised:
        """Return what the expression gave."""
        ...


class CallConversation:
    """Loads `module` and asks for one call after the other; each is handed over only when its turn comes. Of the files
    `recorded` it hears, once every value is out, which lines the calls ran."""

    def __init__(self, module: str, folders: Sequence[str], calls: Sequence[str], recorded: Sequence[str] = ()) -> None:
        self._first = (module, str(len(recorded)), *recorded, *folders)
        self._recorded = recorded
        self.coverage = UNFINISHED if recorded else None
        self._calls = calls
        self._closed = False
        self._broken: BrokenDialogueError | None = None
        self._loading: Raised | None = None
        self._loaded = False
        self._results: list[Returned | Raised] = []

    async def __call__(self, dialogue: Dialogue) -> None:
        """Hold the conversation; what came of it is then in `loading` and `results`, and nothing of an earlier one."""
        self._broken, self._loading, self._loaded, self._closed = None, None, False, False
        self._results.clear()
        try:
            await self._hold(dialogue)
        except BrokenDialogueError as broken:
            self._broken = broken

    async def _hold(self, dialogue: Dialogue) -> None:
        self.coverage = UNFINISHED if self._recorded else None
        match await dialogue.ask(*self._first):
            case ["loaded"]:
                self._loaded = True
            case record:
                self._loading = _raised(record, dialogue)
                self.coverage = None
                return
        await self._ask_all(dialogue)
        dialogue.allow(MOST_RECORD_BYTES)
        match await dialogue.ask("end"):
            case ["closed", int(count), *coverage] if count == len(self._calls):
                self.coverage = read_coverage(coverage, self._recorded)
            case _:
                raise dialogue.reject("the closing record does not fit")
        await dialogue.expect_end()
        self._closed = True

    async def _ask_all(self, dialogue: Dialogue) -> None:
        for call in self._calls:
            await self._ask(dialogue, call)

    async def _ask(self, dialogue: Dialogue, call: str) -> Returned | Raised:
        outcome = _outcome(await dialogue.ask("call", call), dialogue)
        self._results.append(outcome)
        return outcome

    def loading(self, ending: Ending) -> Raised | NoRecord | None:
        """What went wrong while loading, `None` when nothing did."""
        return self._loading if self._loading or self._loaded else NoRecord(why=self._why(ending))

    def results(self, ending: Ending) -> tuple[Returned | Raised | NoRecord, ...]:
        """One result for each call.

        Nothing that came out of a run is believed when one record was forged; and a run that did not end by itself
        after its closing record has at least one call without a record.
        """
        if not self._loaded:
            return ()
        missing = NoRecord(why=self._why(ending))
        if self._broken and self._broken.kind == "forged":
            return (missing,) * len(self._calls)
        got: list[Returned | Raised | NoRecord] = [*self._results]
        got += [missing] * (len(self._calls) - len(got))
        if got and not (self._closed and ending.ended == "normal"):
            got[-1] = missing
        return tuple(got)

    def _why(self, ending: Ending) -> str:
        match ending.ended:
            case "timeout":
                return "the time limit ended the run"
            case "memory":
                return "the memory limit ended the run"
            case "output":
                return "the output limit ended the run"
        why = self._broken.why if self._broken else "the process did not end as it should"
        return f"{why} (exit code {ending.exit_code})" if ending.exit_code is not None else why


class OpenConversation(CallConversation):
    """Loads `module`; which calls follow, one at a time, `questions` decides as it hears what they gave."""

    def __init__(self, module: str, folders: Sequence[str], questions: Callable[[Ask], Awaitable[None]]) -> None:
        self._asked: list[str] = []
        super().__init__(module, folders, self._asked)
        self._questions = questions

    async def _ask_all(self, dialogue: Dialogue) -> None:
        await self._questions(partial(self._ask_within, dialogue))
        if dialogue.broken is not None:
            raise dialogue.broken  # also where the questions made nothing of it

    async def _ask_within(self, dialogue: Dialogue, call: str, seconds: float | None = None) -> Returned | Raised:
        self._asked.append(call)
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(dialogue, call)
        except TimeoutError as error:
            dialogue.broken = BrokenDialogueError("no record came in time", "ended")
            raise dialogue.broken from error


def _outcome(record: list[Any], dialogue: Dialogue) -> Returned | Raised:
    if len(record) == 2 and record[0] == "returned":
        try:
            return Returned(value=decode_value(record[1]))
        except MalformedValueError as error:
            raise dialogue.reject(f"the record is malformed: {error}") from error
    return _raised(record, dialogue)


def _raised(record: list[Any], dialogue: Dialogue) -> Raised:
    match record:
        case ["raised", [str(), *_] as types, str(message), int(line)] if len(types) <= MOST_NAMES:
            if all(isinstance(name, str) for name in types):
                return Raised(types=tuple(types), message=message, line=line)
    raise dialogue.reject("the record is malformed")
