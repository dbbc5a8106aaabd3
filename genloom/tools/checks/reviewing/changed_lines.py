"""What the lines of a change show by themselves, whatever the language: tests taken away, secrets, marks of a conflict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from genloom.state import Finding
from genloom.state.diff import FileDiff
from genloom.tools.security import find_secrets

__all__ = ["is_test", "look_at_lines", "look_at_tests"]

_ASSERTION = re.compile(
    r"\s*(?:assert\b|self\.assert\w+\(|(?:async )?with (?:pytest|self)\.(?:raises|warns|assert\w+)\b)"
)
_SKIP = re.compile(r"@?(?:pytest\.(?:mark\.)?(?:skip|skipif|xfail|importorskip)\b|unittest\.skip\w*|self\.skipTest\()")
_TEST = re.compile(r"\s*(?:async )?def (test\w*)\(")
_IDLE = re.compile(r"\s*(?:#|\"\"\"|'''|import\b|from\b|[\])}]|$)")
MAX_SECRETS = 20


def look_at_lines(file: FileDiff) -> Iterator[Finding]:
    """Yield what the added lines of one file show: marks of an unsolved merge, and secrets (never told themselves); also of
    files that nobody reads, such as notebooks and lock files."""
    if file.binary or file.change == "deleted":
        return
    added = file.added
    marks = {line[:7] for line in added.values()} & {"<<<<<<<", ">>>>>>>"}
    if len(marks) == 2:
        line = next(number for number, text in added.items() if text.startswith("<<<<<<<"))
        yield _finding("correctness:conflict", "error", "An unsolved merge: marks of a conflict stand here", file, line)
    found = find_secrets("\n".join(added.values()))
    numbers = list(added)
    ends = [0]
    for text in added.values():
        ends.append(ends[-1] + len(text) + 1)
    for span in found[:MAX_SECRETS]:
        line = numbers[max(index for index, end in enumerate(ends) if end <= span.start)]
        severity = "warning" if is_test(file.path) else "error"
        yield _finding("security:secret", severity, f"What looks like a secret ({span.kind}) stands here", file, line)


def look_at_tests(changes: Sequence[FileDiff]) -> Iterator[Finding]:
    """Yield what becomes of the tests: taken away, asking for less, or skipped; and code that changes without any."""
    tests = [file for file in changes if is_test(file.path)]
    for file in tests:
        yield from _of_test_file(file)
    code = [file for file in changes if file.path.endswith(".py") and not is_test(file.path)]
    changed = [file for file in code if any(not _IDLE.match(text) for text in file.added.values())]
    if changed and not any(file.added for file in tests):
        names = ", ".join(file.path for file in changed[:3]) + (", …" if len(changed) > 3 else "")
        yield _finding("tests:none", "note", f"Code changes ({names}), and no test does", changed[0], 0)


def is_test(path: str) -> bool:
    """Whether a file holds tests by its name or folder."""
    pure = PurePosixPath(path)
    named = pure.name.startswith("test_") or pure.stem.endswith("_test") or pure.name == "conftest.py"
    return pure.suffix == ".py" and (named or bool({"tests", "test"} & set(pure.parts[:-1])))


def _of_test_file(file: FileDiff) -> Iterator[Finding]:
    gone = [line[1:] for hunk in file.hunks for line in hunk.lines if line.startswith("-")]
    if file.change == "deleted":
        if any(map(_TEST.match, gone)):
            yield _finding("tests:removed", "warning", "A file of tests is deleted", file, 0)
        return
    new = file.added.values()
    removed = {m[1] for m in map(_TEST.match, gone) if m} - {m[1] for m in map(_TEST.match, new) if m}
    if removed and len(removed) > sum(1 for line in new if _TEST.match(line)):
        names = ", ".join(sorted(removed)[:5])
        yield _finding("tests:removed", "warning", f"Tests are taken away: {names}", file, _near(file, _TEST))
    fewer = sum(map(bool, map(_ASSERTION.match, gone))) - sum(map(bool, map(_ASSERTION.match, new)))
    if fewer > 0 and not removed:
        told = f"The tests assert less than before: {fewer} fewer assertion{'s' if fewer > 1 else ''}"
        yield _finding("tests:weaker", "warning", told, file, _near(file, _ASSERTION))
    for line, text in file.added.items():
        if _SKIP.search(text) and not any(_SKIP.search(old) and old.strip() == text.strip() for old in gone):
            yield _finding("tests:skipped", "warning", "A test is skipped, or let fail", file, line)


def _near(file: FileDiff, pattern: re.Pattern[str]) -> int:
    """The line of the new file where the first removed line that fits stood; 0 where the diff shows none there."""
    for hunk in file.hunks:
        number = hunk.new_start
        for line in hunk.lines:
            if line.startswith("-") and pattern.match(line[1:]):
                shown = hunk.new_lines
                return number if number in shown else max(shown, default=0)
            number += not line.startswith("-")
    return 0


def _finding(rule: str, severity: str, message: str, file: FileDiff, line: int) -> Finding:
    return Finding.model_validate(
        {"rule": rule, "severity": severity, "message": message, "path": file.path, "line": line}
    )
