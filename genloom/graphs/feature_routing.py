"""The routers of the feature graph: pure functions of the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from genloom.nodes.feature.work_step import STEP_NODES, StepNode
from genloom.state.feature import FeatureState

__all__ = ["FEATURE_LABELS", "after_check", "after_commit", "after_opening", "after_work"]


def after_opening(state: FeatureState) -> Literal["plan_feature", "__end__"]:
    """What cannot begin ends."""
    return "plan_feature" if state.get("branch") is not None else "__end__"


def after_work(state: FeatureState) -> Literal["check_step", "close_feature"]:
    """An agent's work is checked, unless the agent failed for good."""
    return "check_step" if state.get("verdict") is None else "close_feature"


def after_check(state: FeatureState) -> Literal[StepNode, "commit_step", "close_feature"]:
    """What held is committed; what did not goes back to its agent while attempts are left."""
    verdict = state.get("verdict")
    if verdict is not None and verdict.result == "passed":
        return "commit_step"
    if verdict is not None and verdict.result == "failed" and state.get("attempts_left", 0) > 0:
        return STEP_NODES[state["step"]]
    return "close_feature"


def after_commit(state: FeatureState) -> Literal["write_code", "write_tests", "write_docs", "approve_feature"]:
    """The next step, or a person's approval."""
    match state["step"]:
        case "plan":
            return "write_code"
        case "code":
            return "write_tests"
        case "tests":
            return "write_docs"
        case "docs":
            return "approve_feature"


_STEPS = tuple(STEP_NODES.values())

FEATURE_LABELS: Mapping[Callable[..., Any] | None, Mapping[str, str]] = {  # Any: a router of any state
    after_opening: {"plan_feature": "begun", "__end__": "cannot begin"},
    after_work: {"check_step": "work", "close_feature": "the agent failed"},
    after_check: {
        **dict.fromkeys(_STEPS, "failed, attempts left"),
        "commit_step": "passed",
        "close_feature": "attempts spent",
    },
    after_commit: {**dict.fromkeys(_STEPS[1:], "next"), "approve_feature": "all held"},
}
"""What a picture of the graph writes on these edges."""
