"""The routers of the feature graph: pure functions of the state."""

from __future__ import annotations

from typing import Literal

from genloom.state.feature import FEATURE_STEPS, FeatureState, FeatureStep

__all__ = ["after_check", "after_commit", "after_opening", "after_work"]

StepNode = Literal["plan_feature", "write_code", "write_tests", "write_docs"]


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
        return _node(state["step"])
    return "close_feature"


def after_commit(state: FeatureState) -> Literal[StepNode, "approve_feature"]:
    """The next step, or a person's approval."""
    place = FEATURE_STEPS.index(state["step"]) + 1
    return _node(FEATURE_STEPS[place]) if place < len(FEATURE_STEPS) else "approve_feature"


def _node(step: FeatureStep) -> StepNode:
    match step:
        case "plan":
            return "plan_feature"
        case "code":
            return "write_code"
        case "tests":
            return "write_tests"
        case "docs":
            return "write_docs"
