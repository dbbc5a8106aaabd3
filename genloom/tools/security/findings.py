"""Findings: what screening saw in a text, and what it made of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["BLOCKED", "Finding", "Screened"]

BLOCKED = re.compile(r"\[blocked: [a-z0-9 -]{1,32}, [0-9]{1,9} characters\]")
"""What stands where hidden or encoded text stood."""


@dataclass(frozen=True, order=True)
class Finding:
    """Something at `line` (from 1): `length` characters of what `kind` names. `title` is the text's, for a report."""

    line: int
    kind: str
    length: int = 0
    title: str = ""

    @property
    def place(self) -> str:
        """Where it stands: `title:line`, or `line N` in a text without a title."""
        return f"{self.title}:{self.line}" if self.title else f"line {self.line}"


@dataclass(frozen=True, kw_only=True)
class Screened:
    """A text after screening. `blocked` says what was replaced by markers, by the lines of the text that came in;
    `labels` what reads like an instruction to a model, by the lines of `text`."""

    text: str
    blocked: tuple[Finding, ...] = ()
    labels: tuple[Finding, ...] = ()
