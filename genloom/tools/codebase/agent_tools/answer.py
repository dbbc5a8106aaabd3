"""How what was found is told to a model: bounded text, in which everything of the repository is delimited data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from genloom.errors import GenloomError, UsageError
from genloom.tools.codebase.files.source import text_lines
from genloom.tools.security import clean, present, screen
from genloom.tools.security.detection import secret_spans
from genloom.tools.security.redaction import SHORTEST_KNOWN_SECRET
from genloom.tools.told_failures import tell_failure

__all__ = ["FOOT_CHARACTERS", "NOTE_CHARACTERS", "CodeAnswer"]

LINE_CHARACTERS = 500
NUMBER_WIDTH = 6
NOTE_CHARACTERS = 600
"""What stands around the data: its fence, and where to go on."""
FOOT_CHARACTERS = 300
"""The second of these."""


@dataclass(frozen=True, kw_only=True)
class CodeAnswer:
    """`most` bounds every answer, in characters; `secrets` are values that are taken out of each."""

    most: int
    secrets: Sequence[str] = field(default=(), repr=False)

    def bounded(self, told: str) -> str:
        """Return an answer, or in the place of one that is too long that it is."""
        if len(told) <= self.most:
            return told
        return self.of_error(
            UsageError("The answer is longer than it may be.", hint="Ask for less, or for another part.")
        )

    def of_error(self, error: Exception) -> str:
        """Tell what was wrong, and what to do instead."""
        tell_failure(error)
        if isinstance(error, GenloomError):
            why = f"{error.message} {error.hint}"
        elif isinstance(error, OSError):
            why = f"It cannot be read: {error}"
        else:
            why = f"The tool failed ({type(error).__name__}: {error}). Ask for something else, or in another way."
        return self.cleaned(why.strip())[: self.most]

    def cleaned(self, text: str) -> str:
        """Return a text without secrets and hidden parts."""
        return clean(text, secrets=self.secrets).text

    def of_rows(self, title: str, rows: Sequence[str]) -> tuple[str, int]:
        """Return rows as data, as many as there is room for, and how many these are."""
        return self._told(title, [_cut(clean(row, secrets=self.secrets).text) for row in rows])

    def of_lines(self, title: str, text: str, first: int, last: int) -> tuple[str, int]:
        """Return lines of a file as numbered data, as many as there is room for, and the last one shown.

        `text` is the whole file, in which secrets and hidden text are looked for as a whole: one that goes over lines
        is not known by its half. The lines keep their numbers.
        """
        lines = _shown_lines(text, tuple(self.secrets))[first - 1 : last]
        rows = [f"{number:>{NUMBER_WIDTH}}  {_cut(line)}" for number, line in enumerate(lines, first)]
        told, count = self._told(title, rows)
        return told, first + count - 1

    def _told(self, title: str, rows: Sequence[str]) -> tuple[str, int]:
        room, count = self.most - NOTE_CHARACTERS, 0
        while count < len(rows) and (room := room - len(rows[count]) - 1) >= 0:
            count += 1
        count = max(count, 1)
        told = present(title, "\n".join(rows[:count]), secrets=self.secrets)
        while count > 1 and len(told) > self.most - FOOT_CHARACTERS:  # markers for what the rows make up together
            count //= 2
            told = present(title, "\n".join(rows[:count]), secrets=self.secrets)
        return told, count


@lru_cache(maxsize=1)
def _shown_lines(text: str, secrets: tuple[str, ...]) -> Sequence[str]:
    """Return the lines of a whole file without its secrets and hidden text; kept for the next page of the same file."""
    screened = screen(_hidden(text, secrets), keep_lines=True)
    shown = (
        _hidden(screened.text, secrets) if screened.blocked else screened.text
    )  # the parts of one may have been joined
    return text_lines(shown)


def _hidden(text: str, secrets: Sequence[str]) -> str:
    """Return a text without its secrets and with all of its lines."""
    pieces, position = [], 0
    for span in secret_spans(text, [value for value in secrets if len(value) >= SHORTEST_KNOWN_SECRET]):
        breaks = "\n" * text.count("\n", span.start, span.end)
        pieces += [text[position : span.start], f"[redacted: {span.kind}]", breaks]
        position = span.end
    return "".join((*pieces, text[position:]))


def _cut(line: str) -> str:
    more = len(line) - LINE_CHARACTERS
    return line if more <= 0 else f"{line[:LINE_CHARACTERS]} … [{more:,} more characters of this line]"
