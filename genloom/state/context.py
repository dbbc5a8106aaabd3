"""The context of a codebase, as references: never its text."""

from __future__ import annotations

from genloom.state.part import StatePart

__all__ = ["CodeContext", "ContextReference"]


class ContextReference(StatePart):
    """One place in the repository that matters to the request, with the reasons.

    `path` is relative to the repository with `/`; `symbol` is the qualified name (`Class.method`) or empty for a whole
    file; `start_line`..`end_line` is the span, 1-based and inclusive; `sha256` is the hash of the *file's* bytes when it
    was read; `tokens` is what the rendered item costs.
    """

    path: str
    symbol: str = ""
    start_line: int = 1
    end_line: int = 1
    sha256: str
    score: float = 0.0
    reasons: tuple[str, ...] = ()
    tokens: int = 0
    form: str = "body"
    """`body` (the span's text), `signature` (its head only), `path` (the name alone) or `rules` (a project's rules, such as
    AGENTS.md)."""


class CodeContext(StatePart):
    """The references that fit the budget, best first.

    `relevance` says, from 0 to 1, how well the whole fits the request; `tokens` is the rendered size. `repository` is
    the root's path as the caller named it, or empty when there is none; `request` is the fingerprint of the request that
    it was chosen for. `fingerprint` is a hash over the references and
    the caller's own context: it changes when what a model would see changes.
    """

    request: str = ""
    repository: str = ""
    references: tuple[ContextReference, ...] = ()
    relevance: float = 0.0
    tokens: int = 0
    fingerprint: str = ""
