"""Coverage: which lines of a draft no check reached."""

from __future__ import annotations

from genloom.state.part import StatePart

__all__ = ["Coverage", "FileCoverage"]

MOST_SHOWN = 50


class FileCoverage(StatePart):
    """One file: how many lines its functions have, how many of them ran, and the others as ranges (first and last line)."""

    path: str
    lines: int
    reached: int
    missed: tuple[tuple[int, int], ...] = ()


class Coverage(StatePart):
    """Which lines of a draft's functions its checks ran, all together; lines that run when a module loads do not count.

    It is told from inside the draft's own process: a claim, on which no result depends. `unknown` says why nothing is
    known; it is empty where `files` tell.
    """

    files: tuple[FileCoverage, ...] = ()
    unknown: str = ""

    @property
    def lines(self) -> int:
        """The lines of all files' functions."""
        return sum(file.lines for file in self.files)

    @property
    def reached(self) -> int:
        """Those of them that a check ran."""
        return sum(file.reached for file in self.files)

    @property
    def missed(self) -> str:
        """The lines that no check reached, such as `12-14, 20`, after their file's name where there are several files; of
        a file at most the first `MOST_SHOWN` ranges."""
        several = len(self.files) > 1
        return "; ".join(
            f"{file.path}: {_ranges(file)}" if several else _ranges(file) for file in self.files if file.missed
        )


def _ranges(file: FileCoverage) -> str:
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in file.missed[:MOST_SHOWN]]
    more = len(file.missed) - len(shown)
    return ", ".join([*shown, f"and {more} more"] if more else shown)
