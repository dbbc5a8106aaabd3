"""From an agent's run to a draft: its result if that is one Python module, else the diff of its pull request.

Anything else gives no draft, and its link is what a person can follow.
"""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

from genloom.config import Settings
from genloom.errors import AgentError, UsageError
from genloom.state import AgentRun, Draft, FileChange, GenerationRequest, NotRun, module_draft
from genloom.syntax import UNPARSABLE, parse_module

__all__ = ["agent_draft", "draft_from_run"]

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)


def draft_from_run(run: AgentRun, request: GenerationRequest) -> Draft | None:
    """Return the draft that a completed run's result is, or `None` when it is not one Python module.

    The module may stand alone or in one fenced block; two blocks are never joined. It must define something: prose that
    happens to parse is no module.
    """
    from genloom.tools.chat.reply import module_in_reply

    if run.status != "completed" or not run.result:
        return None
    source, complaint = module_in_reply(run.result)
    if complaint or not _defines_something(source):
        return None
    return module_draft(
        source,
        path=request.draft_path,
        name=request.target_name,
        generator="agent",
        notes=(f"agent run {run.id} {run.web_url}".strip(),),
    )


async def agent_draft(
    run: AgentRun, request: GenerationRequest, *, settings: Settings, repository: str | Path | None
) -> Draft | NotRun:
    """Return a completed run's draft: its result (see `draft_from_run`), else its first pull request's diff, laid over the
    repository's files; `NotRun` with the link when neither gives one.

    Only pull requests at github.com, or at the GitHub server of the settings, are asked for.
    """
    draft = await asyncio.to_thread(draft_from_run, run, request)
    if draft is not None:
        return draft
    if run.status != "completed" or not run.pull_requests:
        return _no_draft(run, "its result is not one Python module")
    changes = await _changes_of_pull_request(run, settings, repository)
    if isinstance(changes, NotRun):
        return changes
    more = len(run.pull_requests) - 1
    notes = [f"agent run {run.id} {run.web_url}".strip(), f"pull request {run.pull_requests[0]}"]
    if more:
        notes.append(
            f"the run opened {more} more, which are no part of this draft: {', '.join(run.pull_requests[1:6])}"
        )
    return Draft(changes=changes, generator="agent", name=request.target_name, notes=tuple(notes))


async def _changes_of_pull_request(
    run: AgentRun, settings: Settings, repository: str | Path | None
) -> tuple[FileChange, ...] | NotRun:
    from genloom.tools.codegen.drafts.pull_request import fetch_diff, find_pull_request  # here: few runs end with one
    from genloom.tools.codegen.drafts.pull_request_diff import changes_of_diff

    try:
        found = find_pull_request(run.pull_requests[0], settings)
        if found is None:
            return _no_draft(run, "its pull request is at no server that is asked for diffs")
        diff = await fetch_diff(found, settings)
    except (AgentError, UsageError) as error:
        return _no_draft(run, error.message.rstrip("."), hint=error.hint)
    changes = await asyncio.to_thread(changes_of_diff, diff, repository)
    if isinstance(changes, NotRun):
        hint = f"{changes.hint} Its work is at {run.pull_requests[0]}.".strip()
        return changes.model_copy(update={"hint": hint})
    return changes


def _no_draft(run: AgentRun, why: str, *, hint: str = "") -> NotRun:
    link = run.pull_requests[0] if run.pull_requests else run.web_url
    told = [hint, f"Its work is at {link}." if link and link not in hint else ""]
    return NotRun(
        cause="no_draft", reason=f"The agent completed, but {why}.", hint=" ".join(part for part in told if part)
    )


def _defines_something(source: str) -> bool:
    try:
        tree = parse_module(source)
    except UNPARSABLE:
        return False
    return any(isinstance(statement, _DEFINITIONS) for statement in tree.body)
