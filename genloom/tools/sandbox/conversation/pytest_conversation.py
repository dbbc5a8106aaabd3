"""What pytest reported from inside, read from the worker's records. These are claims."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, get_args, get_type_hints

from genloom.tools.sandbox.conversation.dialogue import BrokenDialogueError, Dialogue
from genloom.tools.sandbox.conversation.line_coverage import MOST_RECORD_BYTES, UNFINISHED, read_coverage
from genloom.tools.sandbox.report import TestCase

__all__ = ["TestConversation"]

MOST_CASES = 10_000
_RESULTS = get_args(get_type_hints(TestCase)["result"])


class TestConversation:
    """Has one pytest file run and takes a record for each test. In names and details the file is called `shown_as`; of the
    files `recorded` it hears which lines the tests ran."""

    __test__ = False  # the name is no test of ours

    def __init__(
        self,
        test_file: str,
        lender: str,
        conftest: bool,
        folders: Sequence[str],
        *,
        shown_as: str = "",
        recorded: Sequence[str] = (),
    ) -> None:
        files = (str(len(recorded)), *recorded)
        self._question = (test_file, lender, "conftest" if conftest else "", *files, *folders)
        self._recorded = recorded
        self.coverage = UNFINISHED if recorded else None
        self._names = PurePosixPath(test_file).stem, PurePosixPath(shown_as or test_file).stem
        self._collected = -1
        self.cases: list[TestCase] = []
        self.closed = False
        self.no_pytest = ""

    async def __call__(self, dialogue: Dialogue) -> None:
        """Hold the conversation; what came of it is then in the attributes."""
        self.coverage = UNFINISHED if self._recorded else None
        dialogue.allow(MOST_RECORD_BYTES)
        try:
            record = await dialogue.ask(*self._question)
            while self._take(record, dialogue):
                record = await dialogue.next_record()
            await dialogue.expect_end()
        except BrokenDialogueError:
            self.closed = False

    def _take(self, record: list[Any], dialogue: Dialogue) -> bool:
        """Take in one record; return whether more must come."""
        match record:
            case ["collected", int(count)] if self._collected < 0:
                self._collected = count
            case ["test", str(name), result, str(detail)] if result in _RESULTS and len(self.cases) < MOST_CASES:
                self.cases.append(TestCase(name=self._shown(name), result=result, detail=self._shown(detail)))
            case ["no_pytest", str(why)] if not self.cases:
                self.no_pytest = why
                return False
            case ["closed", int(), int(reported), *coverage] if reported == len(self.cases):
                # an error while collecting ends the session before anything is collected
                self.coverage = read_coverage(coverage, self._recorded)
                self.closed = self._collected in (-1, reported) or any(case.result == "error" for case in self.cases)
                return False
            case _:
                raise dialogue.reject("the record is malformed")
        return True

    def _shown(self, text: str) -> str:
        return text.replace(*self._names)
