"""Notes: what a user is told of an index, a query and a chosen context."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genloom.events import EventEmitter, Note
from genloom.state import CodeContext
from genloom.tools.codebase.context.screening_report import screened_references
from genloom.tools.codebase.index.indexing import IndexReport
from genloom.tools.codebase.ranking.ranking import Ranking
from genloom.tools.security import Finding, clean

__all__ = ["tell_index", "tell_left_out", "tell_screened"]

MAX_PLACES = 5


def tell_index(report: IndexReport, emit: EventEmitter) -> None:
    """Say what of the repository the index does not have."""
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


def tell_left_out(ranking: Ranking, emit: EventEmitter) -> None:
    """Say what the search did without: parts of a long request, retrievers that failed, files that were not read."""
    if ranking.left_out:
        emit(Note(message=f"The search leaves out: {'; '.join(ranking.left_out)}."))


def tell_screened(root: Path, chosen: CodeContext, emit: EventEmitter, secrets: Sequence[str] = ()) -> None:
    """Say what of the chosen text no model will see, and what reads like an instruction to one."""
    blocked, labels = screened_references(root, chosen.references, secrets=secrets)
    if blocked:
        emit(Note(message=f"Hidden or encoded text is blocked: {_places(blocked, secrets)}.", level="warning"))
    if labels:
        emit(Note(message=f"Text that reads like an instruction to a model is labelled: {_places(labels, secrets)}."))


def _places(findings: Sequence[Finding], secrets: Sequence[str]) -> str:
    more = f" and {len(findings) - MAX_PLACES} more" if len(findings) > MAX_PLACES else ""
    told = ", ".join(f"{clean(found.place, secrets=secrets).text} ({found.kind})" for found in findings[:MAX_PLACES])
    return f"{told}{more}"


def _why_empty(report: IndexReport) -> str:
    if report.missing_grammars:
        names = ", ".join(sorted(report.missing_grammars))
        return f"the grammars of {names} are not installed (pip install 'genloom[languages]')"
    if report.skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(report.skipped.items()))
        return f"every source file of the repository was left out ({reasons})"
    return "the repository has no file in a language that genloom reads"
