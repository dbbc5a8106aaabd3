"""What an agent is told of its step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genloom.errors import RepositoryError
from genloom.nodes.runtime import NodeRuntime
from genloom.state.feature import FeaturePlan, FeatureStep, StepVerdict
from genloom.tools.scm.feature_branch import BranchWork
from genloom.tools.security import clean, present

__all__ = ["step_prompt"]

MAX_CHANGES = 40_000
MAX_EVIDENCE = 16_000

_PARTS: Mapping[FeatureStep, str] = {
    "plan": "Plan the feature.",
    "code": "Write the code of the feature, as planned. Leave tests and documentation to others.",
    "tests": "Write the tests of the feature, whose code is there.",
    "docs": "Write the documentation of the feature, whose code and tests are there.",
}
_AGAIN = "The work of the last attempt is still in the files. Mend what was found, and keep what was right."


async def step_prompt(
    step: FeatureStep,
    state: Mapping[str, Any],  # Any: the parts of a feature's state
    work: BranchWork,
    runtime: NodeRuntime,
    *,
    again: bool,
) -> str:
    """Return the task of a step: the specification, the plan, the changes so far, what was wrong, and what to do. All but
    the specification is delimited data, bounded and without secrets."""
    secrets = runtime.settings.secrets
    changes = await _changes(work, secrets)
    verdict: StepVerdict | None = state.get("verdict") if again else None
    return runtime.prompts.load("feature_step").render(
        specification=clean(state["feature"].specification, secrets=secrets).text,
        plan=_section("Plan", "plan", _plan(state.get("plan")), secrets),
        changes=_section("Changes so far", "changes", _cut(changes, MAX_CHANGES), secrets),
        history=_section("What was found", "what was found", _cut(_found(verdict), MAX_EVIDENCE), secrets),
        part=f"{_PARTS[step]} {_AGAIN}" if verdict is not None and changes else _PARTS[step],
    )


async def _changes(work: BranchWork, secrets: tuple[str, ...]) -> str:
    try:
        return await work.difference(work.branch.base, secrets=secrets)
    except RepositoryError as error:  # an attempt that changed far too much, which is told to who made it
        return f"They cannot be shown: {error.message}"


def _section(heading: str, title: str, text: str, secrets: tuple[str, ...]) -> str:
    return f"# {heading}\n\n{present(title, text, secrets=secrets)}" if text else ""


def _plan(plan: FeaturePlan | None) -> str:
    if plan is None:
        return ""
    parts = (("Tasks", plan.tasks), ("Files", plan.files), ("Tests", plan.tests), ("Documentation", plan.docs))
    return "\n\n".join(
        f"{heading}:\n" + "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))
        for heading, lines in parts
        if lines
    )


def _found(verdict: StepVerdict | None) -> str:
    return "" if verdict is None else f"{verdict.reason}\n\n{verdict.evidence}".strip()


def _cut(text: str, most: int) -> str:
    more = len(text) - most
    if more <= 0:
        return text
    half = most // 2
    return f"{text[:half]}\n[… {more:,} characters left out …]\n{text[-half:]}"
