"""Coverage of a draft by its checks: which files are recorded, and what several runs show together. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import or_

from genloom.state import Coverage, FileCoverage
from genloom.tools.checks.controls.stub import is_code
from genloom.tools.sandbox.conversation.line_coverage import FileLines, LineCoverage

__all__ = ["TRACES_ITSELF", "combined_coverage", "recordable_files"]

TRACES_ITSELF = Coverage(unknown="the code or its tests look at trace functions, so none was set beside them")
_TRACING = re.compile(
    r"\b(settrace\w*|gettrace|f_trace\w*|sys\.monitoring|set_trace|breakpoint|bdb|pdb)\b"
    r"|\bimport[ \t]+(trace|coverage)\b|\bfrom[ \t]+(trace|coverage|sys)[ \t]+import\b[^\n]*\b(Trace|Coverage|monitoring)\b"
)


def recordable_files(files: Mapping[str, str], tests: str | None) -> tuple[str, ...]:
    """Return the files whose lines can be recorded: Python code that is no test. None of them, where they or the tests
    ask for tracing themselves and could behave otherwise beside a recorder."""
    if any(_TRACING.search(text) for text in (*files.values(), tests or "")):
        return ()
    return tuple(path for path in files if is_code(path))


def combined_coverage(runs: Sequence[LineCoverage | None], files: Mapping[str, str]) -> Coverage | None:
    """Return what the runs together reached of these files; `None` where none was asked.

    Where one of them does not tell, or tells of lines that no file has, all is unknown.
    """
    told = [run for run in runs if run is not None]
    if not told:
        return None
    unknown = next((run.unknown for run in told if run.unknown), "")
    if not unknown and not all(_fits(file, files) for run in told for file in run.files):
        unknown = "the record of it does not fit the files"
    if unknown:
        return Coverage(unknown=unknown)
    by_path: dict[str, list[FileLines]] = {}
    for file in (file for run in told for file in run.files):
        by_path.setdefault(file.path, []).append(file)
    return Coverage(files=tuple(_combined(path, found) for path, found in by_path.items()))


def _fits(file: FileLines, files: Mapping[str, str]) -> bool:
    # a form feed or a lone carriage return ends a line for some readers and not for others: none is counted less
    return file.lines.bit_length() - 1 <= len(files[file.path].splitlines()) and not file.lines & 1


def _combined(path: str, found: Sequence[FileLines]) -> FileCoverage:
    lines = reduce(or_, (file.lines for file in found))
    reached = reduce(or_, (file.reached for file in found))
    missed = tuple(_ranges(lines, reached))
    return FileCoverage(path=path, lines=lines.bit_count(), reached=reached.bit_count(), missed=missed)


def _ranges(lines: int, reached: int) -> Iterator[tuple[int, int]]:
    """The lines not reached, those together that have none between them which was."""
    first = last = 0
    for number in range(lines.bit_length()):
        if not lines >> number & 1:
            continue  # no code there: it does not part what stands around it
        if reached >> number & 1:
            if first:
                yield first, last
            first = 0
        else:
            first, last = first or number, number
    if first:
        yield first, last
