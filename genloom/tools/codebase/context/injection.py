"""Injection: the plain functions between a request and the context that a model sees for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from genloom.config import Settings
from genloom.errors import RepositoryError
from genloom.events import EventEmitter, ignore_events
from genloom.state import CodeContext, GenerationRequest
from genloom.tools.codebase.codebase import CONTEXT_LIMIT, Codebase
from genloom.tools.codebase.context.caller_context import assemble, caller_tokens, render_caller_context
from genloom.tools.codebase.context.notes import tell_index, tell_left_out, tell_screened
from genloom.tools.codebase.context.open_codebases import open_codebase, repository_root
from genloom.tools.codebase.context.rendering import are_current, render_references
from genloom.tools.codebase.ranking.query import Query
from genloom.tools.codebase.ranking.ranking import Ranking
from genloom.tools.security import clean

if TYPE_CHECKING:
    from genloom.state import GraphContext

__all__ = [
    "best_places",
    "build_context",
    "choose_context",
    "is_current",
    "render_context",
]

INDEX_SECONDS = 120.0
REPOSITORY_SHARE = 0.25
"""What the repository keeps of the budget when the caller's own context takes more than the rest."""

MAX_PLACES = 5
"""How many places an event names."""


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
    _, chosen = choose_context(
        codebase, request, budget_tokens=context.context_tokens, emit=emit, secrets=settings.secrets
    )
    return chosen.model_copy(update={"repository": context.repository})


def choose_context(
    codebase: Codebase,
    request: GenerationRequest,
    *,
    budget_tokens: int,
    query: Query | None = None,
    emit: EventEmitter = ignore_events,
    secrets: Sequence[str] = (),
) -> tuple[Ranking, CodeContext]:
    """Bring the index up to date, rank, and pack: return the ranking and what was chosen of it. See `build_context`.

    `query` is what to rank for, by default the request. `secrets` are the values that will be taken out of the text, which
    the budget is measured without.
    """
    tell_index(codebase.refresh(emit=emit, deadline=time.monotonic() + INDEX_SECONDS), emit)
    given = caller_tokens(request.codebase_context, secrets=secrets)
    left = max(budget_tokens - given, int(budget_tokens * REPOSITORY_SHARE))
    ranking = codebase.rank(query or Query.from_request(request), limit=CONTEXT_LIMIT)
    tell_left_out(ranking, emit)
    chosen = codebase.context(request, budget_tokens=left, ranking=ranking, secrets=secrets)
    tell_screened(codebase.root, chosen, emit, secrets)
    return ranking, chosen.model_copy(update={"request": request.fingerprint})


def render_context(request: GenerationRequest, code_context: CodeContext, settings: Settings) -> str:
    """Return the context as a chat model sees it: the project's rules, the caller's own context, the repository's code.

    Each part is delimited as data and redacted, the configured keys included; a reference whose file changed since it was
    chosen is left out, and a line says so. Empty when there is nothing to show. Raises `RepositoryError` for a repository
    that is no path.
    """
    if not code_context.references:
        return render_caller_context(request.codebase_context, secrets=settings.secrets)
    root = repository_root(code_context.repository)
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
        root = repository_root(code_context.repository)
    except RepositoryError:
        return False
    if not code_context.references:
        return not code_context.repository or root.is_dir()
    return are_current(root, code_context.references)
