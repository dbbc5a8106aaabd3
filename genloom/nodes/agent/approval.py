"""Approval: a call that changes something waits for a person, where there is a thread to wait in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from langchain.agents.middleware import AgentState, HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from genloom.nodes.agent.decisions import AnswerError, read_decisions
from genloom.nodes.waiting import demand_checkpointer

if TYPE_CHECKING:
    from langchain.agents.middleware.human_in_the_loop import Decision

__all__ = ["Approval"]

_EDITED = "hitl_edited_tool_calls"
"""Where the middleware's own state keeps edited calls, which it runs in place of the model's."""


class Approval(HumanInTheLoopMiddleware):
    """LangChain's middleware, which asks by an interrupt. An answer that decides nothing is asked again, with what it lacks:
    the thread would keep it, and fail on it for good. Without a checkpointer nobody could answer: that is an error."""

    def after_model(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Ask for each such call. Raises `ThreadError` without a checkpointer."""
        last = next((message for message in reversed(state["messages"]) if isinstance(message, AIMessage)), None)
        asked = [call for call in last.tool_calls if self._asks(call, state, runtime)] if last else []
        if last is None or not asked:
            return super().after_model(state, runtime)
        demand_checkpointer(f"The call of {asked[0]['name']}")
        decisions = self._decisions(asked, state, runtime)
        answers: list[ToolMessage] = []
        edited: dict[str | None, Any] = {}
        for call, decision in zip(asked, decisions, strict=True):
            config = self.interrupt_on[call["name"]]
            revised, answer = self._process_decision(cast("Decision", decision), call, config)
            if revised is not None and revised is not call:  # as LangChain 1.4.0 edits
                last.tool_calls = [revised if each is call else each for each in last.tool_calls]
            answers += [answer] if answer is not None else []
            if decision["type"] == "edit":
                edited[call["id"]] = decision["edited_action"]
        return {"messages": [last, *answers], _EDITED: edited}

    async def aafter_model(self, state: AgentState[Any], runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Do as `after_model` does."""
        return self.after_model(state, runtime)

    def _asks(self, call: ToolCall, state: AgentState[Any], runtime: Runtime[Any]) -> bool:
        config = self.interrupt_on.get(call["name"])
        return config is not None and self._should_interrupt(call, config, state, runtime)

    def _decisions(
        self, calls: Sequence[ToolCall], state: AgentState[Any], runtime: Runtime[Any]
    ) -> list[dict[str, Any]]:
        """Ask until the answer decides on all calls; what was wrong with the last one stands in the next question."""
        configs = [self.interrupt_on[call["name"]] for call in calls]
        shown = [
            self._create_action_and_config(call, config, state, runtime)
            for call, config in zip(calls, configs, strict=True)
        ]
        question: dict[str, Any] = {
            "action_requests": [action for action, _ in shown],
            "review_configs": [config for _, config in shown],
        }
        while True:
            try:
                return read_decisions(interrupt(question), calls, [config["allowed_decisions"] for config in configs])
            except AnswerError as error:
                question = {**question, "problem": f"That answer decides nothing, and no call was run. {error}"}
