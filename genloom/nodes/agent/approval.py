"""Approval: a call that changes something waits for a person, where there is a thread to wait in."""

from __future__ import annotations

from typing import Any

from langchain.agents.middleware import AgentState, HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage
from langgraph.config import get_config
from langgraph.runtime import Runtime

from genloom.errors import ThreadError

__all__ = ["Approval"]

_CHECKPOINTER = "__pregel_checkpointer"
"""Where LangGraph tells a node its checkpointer, a platform's own, too. Without such a key nothing is demanded."""


class Approval(HumanInTheLoopMiddleware):
    """LangChain's middleware, which asks by an interrupt; without a checkpointer that would end the run for good, and
    nobody would know what it waits for: then it is an error."""

    def after_model(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Ask for each such call. Raises `ThreadError` without a checkpointer."""
        self._demand_checkpointer(state)
        return super().after_model(state, runtime)

    async def aafter_model(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Do as `after_model` does."""
        return self.after_model(state, runtime)

    def _demand_checkpointer(self, state: AgentState[Any]) -> None:
        last = next((message for message in reversed(state["messages"]) if isinstance(message, AIMessage)), None)
        asked = [call["name"] for call in last.tool_calls if call["name"] in self.interrupt_on] if last else []
        if asked and get_config()["configurable"].get(_CHECKPOINTER, "unknown") is None:
            raise ThreadError(
                f"The call of {asked[0]} needs a person's approval, and this graph has nowhere to wait for it.",
                hint="Give checkpointer= (such as LangGraph's InMemorySaver()) and a thread_id, or approval=False.",
            )
