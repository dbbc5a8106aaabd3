"""What came of loading a module and calling into it, read from the worker's records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from genloom.tools.sandbox.decoding import MalformedValueError, decode_value
from genloom.tools.sandbox.dialogue import BrokenDialogueError, Dialogue
from genloom.tools.sandbox.job import Ending
from genloom.tools.sandbox.report import NoRecord, Raised, Returned

__all__ = ["CallConversation"]

MOST_NAMES = 100


class CallConversation:
    """Loads `module` and asks for one call after the other; each is handed over only when its turn comes."""

    def __init__(self, module: str, folders: Sequence[str], calls: Sequence[str]) -> None:
        self._first = (module, *folders)
        self._calls = calls
        self._closed = False
        self._broken: BrokenDialogueError | None = None
        self._loading: Raised | None = None
        self._loaded = False
        self._results: list[Returned | Raised] = []

    async def __call__(self, dialogue: Dialogue) -> None:
        """Hold the conversation; what came of it is then in `loading` and `results`."""
        try:
            await self._hold(dialogue)
        except BrokenDialogueError as broken:
            self._broken = broken

    async def _hold(self, dialogue: Dialogue) -> None:
        match await dialogue.ask(*self._first):
            case ["loaded"]:
                self._loaded = True
            case record:
                self._loading = _raised(record, dialogue)
                return
        for call in self._calls:
            self._results.append(_outcome(await dialogue.ask("call", call), dialogue))
        if await dialogue.ask("end") != ["closed", len(self._calls)]:
            raise dialogue.reject("the closing record does not fit")
        await dialogue.expect_end()
        self._closed = True

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
