"""Copies of a test file in a repository: what a draft could compare a control with, to tell that it is one."""

from __future__ import annotations

import glob
import itertools
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from genloom.tools.sandbox.repository.repository_view import RepositoryView

__all__ = ["copies_of_tests"]

MOST_FILES, MOST_BYTES = 5_000, 1_000_000
LEAST_LINE = 8
_SUFFIXES = (".py", ".pyi", ".txt", ".md", ".rst", ".bak", ".orig", ".json")


def copies_of_tests(tests: str, tests_path: str, view: RepositoryView) -> tuple[str, ...]:
    """Return the repository's files that hold the tests, relative to it: the one at `tests_path` ("" for none), those that
    hold at least half of the tests' lines, and what was compiled of them.

    It reads the first 5,000 source and text files that git does not ignore; a `conftest.py` is never among them.
    """
    folder = Path(view.folder)
    found = {path for path in [tests_path] if path and (folder / path).is_file()}
    found |= set(_alike(_telling_lines(tests), folder))
    return tuple(sorted({*found, *(compiled for path in found for compiled in _compiled(path, folder))}))


def _telling_lines(text: str) -> frozenset[str]:
    return frozenset(line for line in map(str.strip, text.splitlines()) if len(line) >= LEAST_LINE)


def _alike(lines: frozenset[str], folder: Path) -> Iterator[str]:
    from genloom.tools.codebase.files.tree import SourceTree  # imported here: only tests in a repository ask

    if not lines:
        return
    for file in itertools.islice(SourceTree(folder, suffixes=_SUFFIXES).files(), MOST_FILES):
        if file.size > MOST_BYTES or PurePosixPath(file.path).name == "conftest.py":
            continue
        try:
            text = (folder / file.path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if 2 * len(lines & _telling_lines(text)) >= len(lines):
            yield file.path


def _compiled(path: str, folder: Path) -> Iterator[str]:
    place = PurePosixPath(path)
    for file in (folder / place.parent / "__pycache__").glob(f"{glob.escape(place.stem)}.*"):
        if file.is_file():
            yield file.relative_to(folder).as_posix()
