"""The review gate: what a person has to decide before a generated module is imported, here or in another process."""

from __future__ import annotations

import asyncio
import difflib
import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genloom.config import load_settings
from genloom.errors import GeneratedImportError, PendingReview, StorageError, ThreadError
from genloom.interfaces.importer.asked import GeneratedSource, ModuleRequest
from genloom.interfaces.importer.generation.ending import accepted_source, refused
from genloom.interfaces.importer.options import in_notebook, is_terminal
from genloom.interfaces.importer.pins.own_folder import file_stem, own_folder
from genloom.interfaces.result import GenerationResult
from genloom.interfaces.visible import visible
from genloom.portal import run_sync
from genloom.state import GenerationRequest
from genloom.tools.store.atomic_file import OVERWRITE, write_atomically

__all__ = [
    "PendingRecord",
    "ask_person",
    "decide",
    "forget",
    "is_waiting",
    "module_diff",
    "pend",
    "pending_reviews",
    "resume_pending",
    "waiting_review",
    "waits",
    "write_pending",
]

MAX_RECORD_BYTES = 4_000_000
MAX_REMARKS = 20


@dataclass(frozen=True, kw_only=True)
class PendingRecord:
    """A module that waits for a person: what was asked, the diff, and the thread that goes on with the answer.

    `findings` are what the review remarked, and why nothing proves the module, where that is so. `base_sha256` is the hash
    of the text that it extends, "" where it is new: what was pinned since is not overwritten.
    """

    module: str
    names: tuple[str, ...]
    thread_id: str
    diff: str
    base_sha256: str = ""
    findings: tuple[str, ...] = ()


def module_diff(module: str, before: str, after: str) -> str:
    """Return what changes in a module's file, as a unified diff."""
    path = f"{module.replace('.', '/')}.py"
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join(difflib.unified_diff(old, new, f"a/{path}" if before else "/dev/null", f"b/{path}"))


def pend(asked: ModuleRequest, result: GenerationResult) -> PendingRecord:
    """Write down that a run waits for a person's decision. Raises `StorageError`."""
    record = PendingRecord(
        module=asked.module,
        names=asked.names,
        thread_id=result.thread_id or "",
        diff=module_diff(asked.module, asked.existing, result.source or ""),
        base_sha256=_hash(asked.existing),
        findings=_remarks(result),
    )
    write_pending(asked.options.directory, record)
    return record


def _remarks(result: GenerationResult) -> tuple[str, ...]:
    """What a person should know besides the diff."""
    outcome = (result.question or {}).get("outcome") or {}
    doubt = [str(outcome.get("reason", ""))] if outcome.get("result") == "unverified" else []
    review = result.review.findings if result.review else ()
    return (*doubt, *(f"{each.message} ({each.rule}, line {each.line})" for each in review[:MAX_REMARKS]))


def write_pending(directory: Path, record: PendingRecord) -> None:
    """Keep a record, in place of an earlier one for the module. Raises `StorageError`."""
    try:
        path = own_folder(directory, "pending") / f"{file_stem(record.module)}.json"
    except OSError as error:
        raise StorageError(f"{directory} cannot be written: {error}.", hint="Make it writable.") from error
    write_atomically(path, json.dumps(asdict(record), indent=1), expected_sha256=OVERWRITE)


def forget(directory: Path, record: PendingRecord) -> None:
    """Drop a record; one that is gone already is no matter."""
    (own_folder(directory, "pending", make=False) / f"{file_stem(record.module)}.json").unlink(missing_ok=True)


def pending_reviews(directory: Path) -> tuple[PendingRecord, ...]:
    """Return what waits for a person, by module. A record that cannot be read is left out."""
    folder = own_folder(directory, "pending", make=False)
    found = (_read(path) for path in sorted(folder.glob("*.json")))
    return tuple(sorted((record for record in found if record is not None), key=lambda record: record.module))


def waiting_review(asked: ModuleRequest) -> PendingRecord | None:
    """Return what waits already for the module as it stands, so that it is not generated twice or written over."""
    folder = own_folder(asked.options.directory, "pending", make=False)
    record = _read(folder / f"{file_stem(asked.module)}.json")
    if record is None or asked.options.mode != "review":
        return None
    return record if record.base_sha256 == _hash(asked.existing) else None


def ask_person(record: PendingRecord) -> bool:
    """Show the diff and ask, where somebody sits at a terminal or a notebook; else, and where no answer comes, raise
    `PendingReview`. To be called in the thread that imports: a notebook answers no other, and Ctrl-C reaches it there."""
    ask = _asker()
    shown = visible("\n".join([record.diff, *(f"- {remark}" for remark in record.findings)]))
    answer = ask(record.module, shown) if ask is not None else ""
    if answer:
        return answer.strip().lower() in ("y", "yes")
    raise waits(record)


def waits(record: PendingRecord, asked: ModuleRequest | None = None) -> PendingReview:
    """Return the error that says what waits for a person, and, where that is so, that what is `asked` for now comes next."""
    show = f"`genloom lib show {record.module}` shows it; `genloom lib accept {record.module}` accepts it"
    further = [name for name in asked.names if name not in record.names] if asked is not None else []
    return PendingReview(
        f"{record.module} ({', '.join(record.names)}) was generated and waits for your review.",
        hint=f"{show}, and {', '.join(further)} can be written then." if further else f"{show}.",
        name=record.module,
        diff=record.diff,
        thread_id=record.thread_id,
        evidence=[visible(remark) for remark in record.findings],
    )


async def decide(asked: ModuleRequest, record: PendingRecord, *, approve: bool) -> GeneratedSource:
    """Go on with a person's decision. Raises `GeneratedImportError` for what the person rejects."""
    source = await _resumed(asked.options.directory, record, approve=approve, comment="")
    if source is None:
        raise GeneratedImportError(
            f"{asked.module} ({', '.join(record.names)}) was rejected.",
            hint="Import it again to start anew.",
            name=asked.module,
        )
    return source


def resume_pending(
    record: PendingRecord, directory: Path, *, approve: bool, comment: str = ""
) -> GeneratedSource | None:
    """Go on with the run that waits, with a person's decision, without another generation. Returns the source to be pinned,
    `None` where it was rejected; the record, which lies in that directory of modules, is gone then.

    Raises `ThreadError` where the run is gone, `GeneratedImportError` where it ends badly.
    """
    return run_sync(_resumed(directory, record, approve=approve, comment=comment))


async def _resumed(directory: Path, record: PendingRecord, *, approve: bool, comment: str) -> GeneratedSource | None:
    # imports LangGraph, which would hold up the loop
    thread = await asyncio.to_thread(_thread_module)
    settings = load_settings()
    stored = await thread.read_thread(record.thread_id, settings)
    answer = {"approve": approve, "comment": comment}
    result = await thread.resume_thread(record.thread_id, settings, answer=answer)
    await asyncio.to_thread(forget, directory, record)
    if not approve:
        return None
    if not result.usable:
        raise refused(record.module, record.names, result)
    return accepted_source(result, stored.request, record.names, accepted_by="review")


async def is_waiting(record: PendingRecord, request: GenerationRequest | None = None) -> bool:
    """Whether the run behind a record still waits for its answer, and was held to every check of a request, if one is given:
    what a caller asserts since then was never shown of that code."""
    thread = await asyncio.to_thread(_thread_module)
    try:
        stored = await thread.read_thread(record.thread_id, load_settings())
    except ThreadError:
        return False
    waits = bool(stored.result.outcome == "pending")
    return waits and (request is None or _was_held_to(stored.request, request))


def _was_held_to(shown: GenerationRequest, request: GenerationRequest) -> bool:
    known = {example.text for example in shown.all_examples}
    held = known.issuperset(example.text for example in request.all_examples)
    return held and _tests_in(request.tests) <= _tests_in(shown.tests)


def _tests_in(tests: str | None) -> set[str]:
    """The functions of a pytest file, whatever lines they are named after."""
    parts = re.split(r"(?m)^(?=def )", tests or "")[1:]
    return {re.sub(r"test_line_[0-9_]+", "test_line", part).strip() for part in parts}


def _thread_module() -> Any:  # Any: a module
    from genloom.interfaces import thread  # imported here: it imports LangGraph

    return thread


def _asker() -> Callable[[str, str], str] | None:
    """Who can be asked: a notebook's reader, or whoever sits at the terminal; `None` where nobody does. The answer is a
    line, "" when the input ended before one."""
    if is_terminal(sys.stdin) and is_terminal(sys.stderr):
        return _ask_at_terminal
    return _ask_in_notebook if in_notebook() else None


def _ask_at_terminal(module: str, shown: str) -> str:
    print(f"{shown}\n{_question(module)} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline()


def _ask_in_notebook(module: str, shown: str) -> str:
    print(shown)
    try:
        return input(f"{_question(module)} [y/N] ") + "\n"
    except (EOFError, NotImplementedError):  # a notebook that is executed by a program has nobody to type
        return ""


def _question(module: str) -> str:
    return f"genloom wrote {module}, as shown above. Import it?"


def _read(path: Path) -> PendingRecord | None:
    try:
        if path.stat().st_size > MAX_RECORD_BYTES:
            return None
        data = json.loads(path.read_bytes())
        return PendingRecord(**{**data, "names": tuple(data["names"]), "findings": tuple(data.get("findings", ()))})
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if text else ""
