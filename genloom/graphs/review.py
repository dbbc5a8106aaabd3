"""The review graph: reviewers look at a change in parallel, and one judge makes a review of what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.cache.base import BaseCache
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer, Send

from genloom.errors import GraphDefinitionError
from genloom.graphs.composition import add_nodes
from genloom.nodes import Node, NodeName, NodePolicy
from genloom.nodes.conversation import Asked
from genloom.nodes.reviewing import REVIEWERS, check_changes, collect_changes, judge_findings, review_changes
from genloom.nodes.runtime import current_context
from genloom.state import GraphContext
from genloom.state.code_review import CodeReviewInput, CodeReviewOutput, CodeReviewState, Reviewer
from genloom.state.diff import FileDiff
from genloom.tools.scm.parts import parts_of

__all__ = ["build_review_graph"]

RECURSION_LIMIT = 100
CHECKED_TOGETHER = 8
"""How many files the deterministic reviewers look at in one step."""


def build_review_graph(
    model: Asked | None = None,
    *,
    reviewers: Sequence[Reviewer | str] = REVIEWERS,
    judge: bool = True,
    concurrency: int = 8,
    most_calls: int = 100,
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
    cache: BaseCache[Any] | None = None,  # Any: LangGraph's cached values
    policies: Mapping[NodeName, NodePolicy] | None = None,
    prompts: Mapping[str, str] | None = None,
) -> CompiledStateGraph[CodeReviewState, GraphContext, CodeReviewInput, CodeReviewOutput]:
    """Return the compiled graph.

    Input is `{"diff": "…"}`, `{"revision": "HEAD~1"}` (how the work tree of the context's repository differs from it) or
    `{"paths": ["a.py"]}` (whole files of it); `texts` gives the changed files' texts where no repository holds them. Output
    is `{"review": Review, "report": Markdown}`.

    Deterministic reviewers look at every file. With a model (`model`, else `GraphContext.reviewer_model`, its `model`, or
    the environment's) each of `reviewers` looks at each part of the change, at most `concurrency` at once and `most_calls`
    in all; what no model looked at is told as a finding. `reviewers` are names of shipped ones or `Reviewer`s; none, and
    no model is asked. `judge=False` spares the call in which a model merges what models said. Raises
    `GraphDefinitionError` for two reviewers of one name, an unknown one, and limits below one.
    """
    chosen = _reviewers(reviewers)
    if concurrency < 1 or most_calls < 1:
        raise GraphDefinitionError("A review needs room for one call at least.", hint="Give 1 or more.")
    builder = StateGraph(
        CodeReviewState, context_schema=GraphContext, input_schema=CodeReviewInput, output_schema=CodeReviewOutput
    )
    nodes: list[Node[Any, Any]] = [  # Any: each reads and writes its own keys
        collect_changes,
        check_changes,
        review_changes(chosen or REVIEWERS, model),
        judge_findings(chosen, model, judge=judge and bool(chosen)),
    ]
    add_nodes(builder, nodes, policies=policies, prompts=prompts)

    def fan_out(state: CodeReviewState) -> list[Send] | str:
        changes = state.get("changes") or ()
        asked = chosen if _has_model(chosen, model) else ()
        return [*_checks(state, changes), *_readings(changes, asked, most_calls)] or "judge_findings"

    builder.add_edge(START, "collect_changes")
    builder.add_conditional_edges("collect_changes", fan_out, ["check_changes", "review_changes", "judge_findings"])
    builder.add_edge("check_changes", "judge_findings")
    builder.add_edge("review_changes", "judge_findings")
    builder.add_edge("judge_findings", END)
    compiled = builder.compile(checkpointer=checkpointer, store=store, cache=cache, name="review")
    return compiled.with_config(recursion_limit=RECURSION_LIMIT, max_concurrency=concurrency)


def _reviewers(given: Sequence[Reviewer | str]) -> tuple[Reviewer, ...]:
    shipped = {reviewer.name: reviewer for reviewer in REVIEWERS}
    unknown = [
        each if isinstance(each, str) else each.name
        for each in given
        if (each if isinstance(each, str) else each.name if not each.prompt else "") not in {"", *shipped}
    ]
    if unknown:
        raise GraphDefinitionError(
            f"There is no reviewer {unknown[0]!r}.",
            hint=f"There are {', '.join(shipped)}; a `Reviewer` of your own has a prompt.",
        )
    chosen = tuple(shipped[each] if isinstance(each, str) else each for each in given)
    names = [reviewer.name for reviewer in chosen]
    if len(set(names)) < len(names):
        raise GraphDefinitionError("Two reviewers have one name.", hint="Give each a name of its own.")
    return chosen


def _has_model(reviewers: Sequence[Reviewer], model: Asked | None) -> bool:
    if model is not None or any(reviewer.model for reviewer in reviewers):
        return True
    _, context = current_context()
    return bool(context.reviewer_model or context.model)


def _checks(state: CodeReviewState, changes: Sequence[FileDiff]) -> list[Send]:
    texts = state.get("texts") or {}
    groups = [changes[start : start + CHECKED_TOGETHER] for start in range(0, len(changes), CHECKED_TOGETHER)]
    return [
        Send(
            "check_changes",
            {
                "changes": tuple(group),
                "texts": {file.path: texts[file.path] for file in group if file.path in texts},
                "part": number,
            },
        )
        for number, group in enumerate(groups)
    ]


def _readings(changes: Sequence[FileDiff], reviewers: Sequence[Reviewer], most: int) -> list[Send]:
    """Every reviewer with every part, as many as may be asked: what is left out, is left out for all alike."""
    if not reviewers:
        return []
    parts = parts_of(changes)[: max(1, most // len(reviewers))]
    sends = [
        Send("review_changes", {"changes": part, "reviewer": reviewer.name, "part": number})
        for number, part in enumerate(parts)
        for reviewer in reviewers
    ]
    return sends[:most]
