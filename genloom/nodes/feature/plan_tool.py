"""How a planner gives its plan: a tool whose arguments are the plan, or the text of an agent's result."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from genloom.state.feature import FeaturePlan
from genloom.tools.effects import with_effect
from genloom.tools.security import Redactor

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["PlanTool", "plan_in_text"]

MAX_TASK = 4_000
_FENCED = re.compile(r"```(?:json)?\s*\n(\{.*?\})\s*\n```", re.DOTALL)


class PlanTool:
    """Takes the plan of one planner; the last one that it gives counts."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self.plan: FeaturePlan | None = None

    def made(self) -> BaseTool:
        """Return the tool `submit_plan`."""
        from langchain_core.tools import StructuredTool  # imported here: nodes load without LangChain's tools

        def submit_plan(**given: Any) -> str:  # Any: what the plan's schema let through
            self.plan = FeaturePlan.model_validate(self._redactor.data(FeaturePlan(**given).model_dump(mode="json")))
            return "The plan is taken. Say in a sentence what it comes to."

        tool = StructuredTool.from_function(
            func=submit_plan,
            name="submit_plan",
            description="Give the plan. It is what the others work by.",
            args_schema=FeaturePlan,
        )
        return with_effect(tool, "read")


def plan_in_text(text: str) -> FeaturePlan | None:
    """Return the plan that an agent wrote: as a JSON object, else its words as the one task; `None` for no words."""
    text = text.strip()
    for candidate in (text, *_FENCED.findall(text)):
        try:
            return FeaturePlan.model_validate_json(candidate)
        except ValidationError:
            continue
    return FeaturePlan(tasks=(text[:MAX_TASK],)) if text else None
