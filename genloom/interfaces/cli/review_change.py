"""`genloom review --diff REV`, and files that a model reviews: the review graph, run over this work tree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genloom.interfaces.cli.review_output import ReviewForm
    from genloom.state import GraphContext, Review, ReviewPolicy
    from genloom.state.code_review import CodeReviewInput

__all__ = ["policy_of", "review_change", "run_review"]

NO_MODEL = "none"


def review_change(
    *, revision: str | None, paths: Sequence[str], model: str | None, policy: str | None, form: ReviewForm
) -> int:
    """Review what the work tree around this folder changes since a revision, or files of it whole, print the review in the
    form and return the exit code."""
    from genloom.interfaces.cli.late_progress import showing_late_progress
    from genloom.interfaces.cli.review_output import put_review
    from genloom.portal import run_sync
    from genloom.state import GraphContext
    from genloom.tools.scm.work_tree import find_work_tree

    root = find_work_tree(Path.cwd()) if revision is not None else Path.cwd()
    given: CodeReviewInput = {"revision": revision} if revision is not None else {"paths": _files_of(root, paths)}
    context = GraphContext(repository=str(root), model=None if model == NO_MODEL else model, policy=policy_of(policy))
    with showing_late_progress("reviewing"):
        review, report, files = run_sync(run_review(given, context, with_models=model != NO_MODEL))
    return put_review(review, form, files=files, sources=_sources(review, root), report=report)


async def run_review(
    given: CodeReviewInput, context: GraphContext, *, with_models: bool = True
) -> tuple[Review, str, int]:
    """Run the review graph over its input, telling its notes on standard error, and return the review, its Markdown and
    how many files it was about."""
    from genloom.events import Note, parse_event
    from genloom.graphs import build_review_graph  # imported here: it brings LangGraph
    from genloom.interfaces.cli.terminal import tell

    graph = build_review_graph() if with_models else build_review_graph(reviewers=())
    values: dict[str, Any] = {}  # Any: what a node wrote
    files = 0
    async for streamed in graph.astream(given, context=context, stream_mode=["custom", "updates"]):
        mode, data = cast("tuple[str, Any]", streamed)
        if mode == "updates":
            values.update(data.get("judge_findings") or {})
            files = len(data["collect_changes"]["changes"]) if "collect_changes" in data else files
        elif isinstance(event := parse_event(data), Note):
            tell(f"{event.level}: {event.message}")
    return values["review"], values["report"], files


def policy_of(file: str | None) -> ReviewPolicy:
    """Return the house rules of a file that the caller names, or none."""
    from genloom.state import ReviewPolicy
    from genloom.tools.house_rules import read_policy

    return ReviewPolicy() if file is None else read_policy(file)


def _files_of(root: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """The files that paths name, and the source files of folders, relative to the root."""
    import os

    from genloom.errors import StorageError
    from genloom.tools.codebase.files.tree import SourceTree

    found: dict[str, None] = {}
    for name in paths:
        path = Path(name)
        if not path.exists():
            raise StorageError(f"There is no file {name!r}.", hint="Give files or folders that are there.")
        files = [path / file.path for file in SourceTree(path).files()] if path.is_dir() else [path]
        for file in files:
            absolute = Path(os.path.normpath(file.absolute()))  # links stay as they were given
            if not absolute.is_relative_to(root):
                raise StorageError(
                    f"{str(file)!r} lies outside of this folder.", hint="Run it in a folder that holds all the files."
                )
            found[absolute.relative_to(root).as_posix()] = None
    return tuple(found)


def _sources(review: Review, root: Path) -> dict[str, str]:
    """The texts of the files with findings, as far as they can be read."""
    from genloom.tools.codebase.files.source import decode_source, read_inside

    paths = {finding.path for finding in review.findings if finding.path}
    read = {path: read_inside(root, path) for path in paths}
    return {path: decode_source(data) for path, data in read.items() if isinstance(data, bytes)}
