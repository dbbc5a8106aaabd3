"""Injection: the plain functions between a request and the context that a model sees for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from genloom.config import Settings, load_settings
from genloom.errors import RepositoryError
from genloom.events import EventEmitter, Note, ignore_events
from genloom.registry import Registry
from genloom.state import CodeContext, GenerationRequest, GraphContext
from genloom.tools.codebase.codebase import CONTEXT_LIMIT, Codebase
from genloom.tools.codebase.context.caller_context import assemble, caller_tokens, render_caller_context
from genloom.tools.codebase.context.rendering import are_current, render_references
from genloom.tools.codebase.context.screening_report import screened_references
from genloom.tools.codebase.index.indexing import IndexReport
from genloom.tools.codebase.ranking.query import Query
from genloom.tools.codebase.ranking.ranking import Ranking
from genloom.tools.security import Finding, clean

__all__ = [
    "best_places",
    "build_context",
    "choose_context",
    "codebases",
    "is_current",
    "open_codebase",
    "render_context",
]

INDEX_SECONDS = 120.0
REPOSITORY_SHARE = 0.25
"""What the repository keeps of the budget when the caller's own context takes more than the rest."""

MAX_PLACES = 5
"""How many places an event or a note names."""

_SEPARATOR = "\0"


def _open(name: str) -> Codebase:
    root, separator, cache = name.partition(_SEPARATOR)
    return Codebase(root, cache=Path(cache) if separator else load_settings().cache)


codebases: Registry[Codebase] = Registry(_open, size=8)
"""Open codebases by the path of their root, as `GraphContext.repository` names it. What a caller registers under a path
is used for it; others are opened with the run's cache folder. The eight used last stay open; one that is dropped closes
as soon as nobody uses it any more."""


def build_context(
    request: GenerationRequest, context: GraphContext, settings: Settings, emit: EventEmitter = ignore_events
) -> CodeContext:
    """Choose what a model should see for a request: references into the repository, and the caller's own context.

    Brings the index up to date first (for 120 seconds at most). The same request over the same files gives the same
    fingerprint, wherever the repository lies. Raises `RepositoryError` when the repository cannot be read, `StorageError`
    when the index cannot be kept.
    """
    if context.repository is None:
        return assemble(request.codebase_context).model_copy(update={"request": request.fingerprint})
    codebase = open_codebase(context.repository, settings)
    _, chosen = choose_context(codebase, request, budget_tokens=context.context_tokens, emit=emit)
    return chosen.model_copy(update={"repository": context.repository})


def choose_context(
    codebase: Codebase, request: GenerationRequest, *, budget_tokens: int, emit: EventEmitter = ignore_events
) -> tuple[Ranking, CodeContext]:
    """Bring the index up to date, rank, and pack: return the ranking and what was chosen of it. See `build_context`."""
    _tell(codebase.refresh(emit=emit, deadline=time.monotonic() + INDEX_SECONDS), emit)
    left = max(budget_tokens - caller_tokens(request.codebase_context), int(budget_tokens * REPOSITORY_SHARE))
    ranking = codebase.rank(Query.from_request(request), limit=CONTEXT_LIMIT)
    chosen = codebase.context(request, budget_tokens=left, ranking=ranking)
    _tell_screened(codebase.root, chosen, emit)
    return ranking, chosen.model_copy(update={"request": request.fingerprint})


def render_context(request: GenerationRequest, code_context: CodeContext, settings: Settings) -> str:
    """Return the context as a chat model sees it: the project's rules, the caller's own context, the repository's code.

    Each part is delimited as data and redacted, the configured keys included; a reference whose file changed since it was
    chosen is left out, and a line says so. Empty when there is nothing to show. Raises `RepositoryError` for a repository
    that is no path.
    """
    if not code_context.references:
        return render_caller_context(request.codebase_context, secrets=settings.secrets)
    root = _root(code_context.repository)
    return render_references(root, code_context.references, caller=request.codebase_context, secrets=settings.secrets)


def best_places(code_context: CodeContext, settings: Settings) -> tuple[str, ...]:
    """Return the first five definitions of a context, or files where there are none, each with its place and reasons, in
    words that may be shown and logged."""
    kept = [ref for ref in code_context.references if ref.form in ("body", "signature")] or [
        ref for ref in code_context.references if ref.form == "path"
    ]
    told = (
        f"{ref.path}{f'::{ref.symbol}' if ref.symbol else ''} ({'; '.join(ref.reasons)})" for ref in kept[:MAX_PLACES]
    )
    return tuple(clean(text, secrets=settings.secrets).text for text in told)


def is_current(code_context: CodeContext, settings: Settings | None = None) -> bool:
    """Whether every file behind a context still has the bytes that it was chosen by. Needs no index."""
    try:
        root = _root(code_context.repository)
    except RepositoryError:
        return False
    if not code_context.references:
        return not code_context.repository or root.is_dir()
    return are_current(root, code_context.references)


def open_codebase(repository: str, settings: Settings) -> Codebase:
    """Return the index of a repository: the one that a caller registered under its path, else one kept in the cache folder.

    Raises `RepositoryError` when there is no such folder.
    """
    if repository in codebases.names():
        return codebases.get(repository)
    root = str(_root(repository))
    return codebases.get(root if root in codebases.names() else f"{root}{_SEPARATOR}{settings.cache}")


def _root(repository: str) -> Path:
    try:
        return Path(repository).expanduser().resolve()
    except (OSError, ValueError, RuntimeError) as error:
        message = f"The repository {repository!r} cannot be read: {error}."
        raise RepositoryError(message, hint="Give the folder that holds the project's code.") from error


def _tell(report: IndexReport, emit: EventEmitter) -> None:
    if not report.complete:
        emit(
            Note(
                message="The repository was indexed in part: it is beyond the index's bounds of time, size or depth.",
                level="warning",
            )
        )
    if not report.files:
        emit(Note(message=f"There is no source to rank: {_why_empty(report)}.", level="warning"))
    if report.syntax_errors:
        emit(
            Note(message=f"{report.syntax_errors} of {report.files} files have syntax errors; what parses was indexed.")
        )
    unreadable = report.skipped.get("unreadable", 0)
    if unreadable:
        emit(Note(message=f"{unreadable} files or folders of the repository cannot be read.", level="warning"))


def _tell_screened(root: Path, chosen: CodeContext, emit: EventEmitter) -> None:
    """Say what of the chosen text no model will see, and what reads like an instruction to one."""
    blocked, labels = screened_references(root, chosen.references)
    if blocked:
        emit(Note(message=f"Hidden or encoded text is blocked: {_places(blocked)}.", level="warning"))
    if labels:
        emit(Note(message=f"Text that reads like an instruction to a model is labelled: {_places(labels)}."))


def _places(findings: Sequence[Finding]) -> str:
    more = f" and {len(findings) - MAX_PLACES} more" if len(findings) > MAX_PLACES else ""
    told = ", ".join(f"{clean(found.place).text} ({found.kind})" for found in findings[:MAX_PLACES])
    return f"{told}{more}"


def _why_empty(report: IndexReport) -> str:
    if report.missing_grammars:
        names = ", ".join(sorted(report.missing_grammars))
        return f"the grammars of {names} are not installed (pip install 'genloom[languages]')"
    if report.skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(report.skipped.items()))
        return f"every source file of the repository was left out ({reasons})"
    return "the repository has no file in a language that genloom reads"
