"""How what was found is told to a model: bounded text, in which everything of the repository is delimited data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from genloom.errors import GenloomError
from genloom.tools.security import clean, present, redact
from genloom.tools.security.detection import secret_spans
from genloom.tools.security.redaction import SHORTEST_KNOWN_SECRET

__all__ = ["NOTE_CHARACTERS", "CodeAnswer"]

LINE_CHARACTERS = 500
NUMBER_WIDTH = 6
NOTE_CHARACTERS = 600
"""What stands around the data: its fence, and where to go on."""


@dataclass(frozen=True, kw_only=True)
class CodeAnswer:
    """`most` bounds every answer, in characters; `secrets` are values that are taken out of each."""

    most: int
    secrets: Sequence[str] = field(default=(), repr=False)

    def of_error(self, error: GenloomError | OSError) -> str:
        """Tell what was wrong, and what to do instead."""
        why = f"{error.message} {error.hint}" if isinstance(error, GenloomError) else f"It cannot be read: {error}"
        return clean(why.strip(), secrets=self.secrets).text[: self.most]

    def of_rows(self, title: str, rows: Sequence[str]) -> tuple[str, int]:
        """Return rows as data, as many as there is room for, and how many these are."""
        return self._told(title, [_cut(redact(row, secrets=self.secrets)) for row in rows])

    def _told(self, title: str, rows: Sequence[str]) -> tuple[str, int]:
        kept: list[str] = []
        room = self.most - NOTE_CHARACTERS
        for row in rows:
            room -= len(row) + 1
            if room < 0 and kept:
                break
            kept.append(row)
        return present(title, "\n".join(kept), secrets=self.secrets), len(kept)

    def of_lines(self, title: str, text: str, first: int, last: int) -> tuple[str, int]:
        """Return lines of a file as numbered data, as many as there is room for, and the last one shown.

        `text` is the whole file, whose secrets are looked for as a whole: one that spans lines is not known by its half.
        """
        lines = [line.removesuffix("\r") for line in self._hidden(text).split("\n")][first - 1 : last]
        # screened before it is numbered: numbers would cut hidden text that goes over several lines into pieces
        screened = clean("\n".join(lines), title=title, secrets=self.secrets).text.split("\n")
        rows = [f"{number:>{NUMBER_WIDTH}}  {_cut(line)}" for number, line in enumerate(screened, first)]
        if len(screened) != len(lines):
            rows = ["[lines were blocked, so the others have no numbers]", *map(_cut, screened)]
        told, count = self._told(title, rows)
        return told, min(first + count - 1, last)

    def _hidden(self, text: str) -> str:
        """Return the text without its secrets and with all of its lines."""
        pieces, position = [], 0
        for span in secret_spans(text, [value for value in self.secrets if len(value) >= SHORTEST_KNOWN_SECRET]):
            breaks = "\n" * text.count("\n", span.start, span.end)
            pieces += [text[position : span.start], f"[redacted: {span.kind}]", breaks]
            position = span.end
        return "".join((*pieces, text[position:]))


def _cut(line: str) -> str:
    more = len(line) - LINE_CHARACTERS
    return line if more <= 0 else f"{line[:LINE_CHARACTERS]} … [{more:,} more characters of this line]"
