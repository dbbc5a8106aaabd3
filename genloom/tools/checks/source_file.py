"""Verification of a plain file, as `genloom verify FILE` asks for it."""

from __future__ import annotations

import ast
import asyncio
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from genloom.errors import StorageError
from genloom.events import EventEmitter, ignore_events
from genloom.state import CheckResult, Example, Failed, FurtherChecks, NotRun, Verdict, parse_example
from genloom.tools.checks.check_runner import CheckRunner
from genloom.tools.checks.comparison import EQUALITY, Comparison
from genloom.tools.checks.doctests import docstring_examples, left_out_doctests
from genloom.tools.checks.placed_runner import placed_runner, view_of
from genloom.tools.checks.plan import CheckPlan, PlannedCheck
from genloom.tools.checks.subject import MAX_SOURCE_BYTES, Subject, SyntaxProblem, parse_source
from genloom.tools.checks.verification import verify_subject
from genloom.tools.sandbox.repository.repository_view import RepositoryView

__all__ = ["CheckedFile", "read_checked_file", "verify_file"]

_PYTHON_SUFFIXES = (".py", ".pyw", "")


@dataclass(frozen=True)
class CheckedFile:
    """The text of a Python file that parses, and what the parser made of it."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """The name by which tests import it where it stands alone: its stem, made an identifier."""
        name = re.sub(r"\W", "_", self.path.stem)
        return name if name.isidentifier() else f"module_{name}"

    @property
    def lines(self) -> dict[str, int]:
        """The lines on which its functions and classes begin, by name."""
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        return {node.name: node.lineno for node in self.tree.body if isinstance(node, kinds)}


async def verify_file(
    path: Path,
    examples: Sequence[str],
    tests: str | None,
    sandbox: CheckRunner,
    emit: EventEmitter = ignore_events,
    *,
    comparison: Comparison = EQUALITY,
    further: FurtherChecks = "off",
    tests_path: str = "",
) -> Verdict:
    """Check a Python file against examples, the text of a pytest file and the file's own doctests; `further` adds checks
    derived from type hints and examples, once these have held.
    With a sandbox that has a repository, a file of it is checked in its place there, under its dotted name, and so are
    tests whose place `tests_path` tells.

    Raises `ExampleError` for an example that is none, and `StorageError` where the file is missing or unreadable. A file
    that is too large, not text or not Python gives a verdict that says so.
    """
    given = [parse_example(text) for text in examples]
    checked = await asyncio.to_thread(read_checked_file, path)
    if not isinstance(checked, CheckedFile):
        return checked
    examples_in_it = docstring_examples(checked.tree)
    plan = CheckPlan(examples=_planned(given, examples_in_it), tests=tests if (tests or "").strip() else None)
    subject = await asyncio.to_thread(_subject, checked, view_of(sandbox))
    sandbox = placed_runner(sandbox, tests=plan.tests or "", tests_path=tests_path)
    verdict = await verify_subject(subject, plan, sandbox, emit, comparison=comparison, further=further)
    left_out = left_out_doctests(checked.tree)
    return verdict.model_copy(update={"checks": (*verdict.checks, _left_out(left_out))}) if left_out else verdict


def read_checked_file(path: Path) -> CheckedFile | Failed | NotRun:
    """Read a Python file, or return the verdict where it cannot be checked.

    Raises `StorageError` where it is missing, no regular file or unreadable.
    """
    try:
        if not path.is_file():
            what = "is not a file" if path.exists() else "does not exist"
            raise StorageError(f"`{path}` {what}.", hint="Give the path of a Python file.")
        with path.open("rb") as stream:
            data = stream.read(MAX_SOURCE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise StorageError(f"`{path}` cannot be read: {error}.", hint="Check the path and its permissions.") from error
    return _decoded(path, data)


def _decoded(path: Path, data: bytes) -> CheckedFile | Failed | NotRun:
    if len(data) > MAX_SOURCE_BYTES:
        return NotRun(cause="unsupported", reason=f"`{path.name}` is larger than {MAX_SOURCE_BYTES:,} bytes.")
    if b"\0" in data:
        return Failed(reason=f"`{path.name}` holds NUL bytes: it is not Python source.")
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
        if encoding not in ("utf-8", "utf-8-sig"):
            return NotRun(
                cause="unsupported", reason=f"`{path.name}` declares the encoding {encoding}; only UTF-8 is checked."
            )
        text = data.decode("utf-8-sig")
    except (SyntaxError, UnicodeDecodeError) as error:
        return Failed(reason=f"`{path.name}` is not UTF-8 text: {error}.")
    tree = parse_source(text)
    if not isinstance(tree, SyntaxProblem):
        return CheckedFile(path, text, tree)
    if path.suffix not in _PYTHON_SUFFIXES:
        return NotRun(cause="unsupported", reason=f"`{path.name}` is not Python.")
    return Failed(reason=f"`{path.name}` is not valid Python: {tree}.")


def _subject(checked: CheckedFile, view: RepositoryView | None) -> Subject:
    name, module = f"{checked.module}.py", checked.module
    place = view.relative(checked.path) if view else None
    address = view.module_name(place) if view and place else None
    if place and address:
        name, module = place, address
    return Subject(files={name: checked.text}, trees=(checked.tree,), module=module, view=view)


def _left_out(count: int) -> CheckResult:
    """What is said of doctests that were not run; they decide nothing."""
    why = "only a single call with a literal or a traceback after it is compared; from anything else on, a docstring is left"
    return CheckResult(
        check="further doctests",
        source="doctest",
        evidence="none",
        result="not_run",
        detail=f"{count} {'was' if count == 1 else 'were'} left out: {why}",
        advisory=True,
    )


def _planned(given: Sequence[Example], doctests: Sequence[Example]) -> tuple[PlannedCheck, ...]:
    planned = [PlannedCheck(example=example, source="example") for example in given]
    planned += [PlannedCheck(example=example, source="doctest") for example in doctests]
    return tuple({check.example.text: check for check in reversed(planned)}.values())[::-1]
