"""What changed in a file: a unified diff, read."""

from __future__ import annotations

from typing import Literal

from genloom.state.part import StatePart

__all__ = ["Change", "FileDiff", "Hunk"]

Change = Literal["added", "modified", "deleted", "renamed"]


class Hunk(StatePart):
    """One passage of a diff. `lines` begin with a blank (unchanged), `+` (added) or `-` (removed), without their line ends;
    `old_start` and `new_start` are the 1-based numbers of its first lines in the old and in the new file."""

    old_start: int
    new_start: int
    lines: tuple[str, ...]
    heading: str = ""

    @property
    def new_lines(self) -> dict[int, str]:
        """The lines of the new file that the hunk shows, added and unchanged, by their numbers."""
        kept = (line[1:] for line in self.lines if not line.startswith("-"))
        return dict(enumerate(kept, self.new_start))

    @property
    def added(self) -> dict[int, str]:
        """The added lines by their numbers in the new file."""
        kept = [line for line in self.lines if not line.startswith("-")]
        return {number: line[1:] for number, line in enumerate(kept, self.new_start) if line.startswith("+")}


class FileDiff(StatePart):
    """The changes of one file. `path` is its name after the change (before it, for a deleted one), `old_path` its name
    before; both with `/`, relative to the repository's root. A binary file has no hunks."""

    path: str
    old_path: str
    change: Change
    hunks: tuple[Hunk, ...] = ()
    binary: bool = False

    @property
    def new_lines(self) -> dict[int, str]:
        """All lines of the new file that the diff shows, by their numbers: what a comment can stand on."""
        return {number: text for hunk in self.hunks for number, text in hunk.new_lines.items()}

    @property
    def added(self) -> dict[int, str]:
        """The added lines by their numbers in the new file."""
        return {number: text for hunk in self.hunks for number, text in hunk.added.items()}
