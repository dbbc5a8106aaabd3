"""The node that shows a person what became of a feature, and asks whether to apply it."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from langgraph.config import get_config
from langgraph.types import interrupt
from typing_extensions import TypedDict

from genloom.nodes.feature.result import feature_result
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state.feature import (
    ApplyTo,
    FeatureBranch,
    FeatureRequest,
    FeatureResult,
    FinishedStep,
)

__all__ = ["approve_feature"]

MAX_SHOWN = 200_000
_CHECKPOINTER = "__pregel_checkpointer"
"""Where LangGraph's configuration of a task holds the saver; it has no public name for "is this run saved?"."""


class ApproveFeatureInput(TypedDict):
    """The branch, and how its steps ended."""

    feature: FeatureRequest
    branch: FeatureBranch
    steps: tuple[FinishedStep, ...]
    told: NotRequired[tuple[str, ...]]


class ApproveFeatureOutput(TypedDict):
    """What the person decided, and what there is to apply."""

    result: FeatureResult
    decision: Literal["approved", "rejected", "forgotten", "pending"]
    apply: ApplyTo
    told: tuple[str, ...]


@node("approve_feature")
async def approve_feature(state: ApproveFeatureInput, runtime: NodeRuntime) -> ApproveFeatureOutput:
    """Ask a person. The interrupt's value holds the difference, its extent and each step's verdict; it is resumed with
    `true`, `false`, or `{"approve": bool, "apply": "branch" | "files", "remove": bool, "comment": str}`, where `remove`
    deletes the branch of a rejected feature; what is none of these is asked again. Without a checkpointer nobody can be
    waited for: the decision is `pending`.
    """
    result, told = await feature_result(state["branch"], runtime.settings.secrets), tuple(state.get("told") or ())
    apply = state["feature"].apply
    if get_config().get("configurable", {}).get(_CHECKPOINTER) is None:
        return {"result": result, "decision": "pending", "apply": apply, "told": told}
    question = _question(state, result, told)
    given = _answer(interrupt(question))
    while given is None:
        given = _answer(interrupt({**question, "unclear": _WANTED}))
    approved = given.get("approve") is True
    comment = str(given.get("comment") or "")[:2_000]
    asked = given.get("apply")
    return {
        "result": result,
        "decision": "approved" if approved else "forgotten" if given.get("remove") is True else "rejected",
        "apply": asked if asked == "branch" or asked == "files" else apply,
        "told": (*told, comment) if comment else told,
    }


_WANTED = 'The answer was none: true, false or {"approve": true or false, "apply": "branch" or "files"} is.'


def _answer(given: Any) -> dict[str, Any] | None:  # Any: whatever the resuming side sends
    """Return an answer's parts; `None` for what is neither an approval nor a rejection."""
    answer = given if isinstance(given, dict) else {"approve": given}
    clear = isinstance(answer.get("approve"), bool) and answer.get("apply") in (None, "branch", "files")
    return answer if clear else None


def _question(state: ApproveFeatureInput, result: FeatureResult, told: tuple[str, ...]) -> dict[str, Any]:
    cut = len(result.diff) - MAX_SHOWN
    return {
        "question": "Apply this feature to the repository?",
        "branch": result.branch,
        "stat": result.stat,
        "diff": result.diff if cut <= 0 else f"{result.diff[:MAX_SHOWN]}\n[… {cut:,} more characters: {result.fetch}]",
        "steps": [step.model_dump(mode="json", exclude={"verdict": {"evidence"}}) for step in state["steps"]],
        "apply": state["feature"].apply,
        "told": list(told),
    }
