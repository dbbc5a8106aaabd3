"""From an agent's run to a draft.

A run's result counts when it is one Python module. The diff of a run's pull request is not read yet: such a run gives no
draft, and its link is what a person can follow.
"""

from __future__ import annotations

import ast

from genloom.state import AgentRun, Draft, GenerationRequest, module_draft

__all__ = ["draft_from_run"]

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


def _defines_something(source: str) -> bool:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(statement, _DEFINITIONS) for statement in tree.body)
