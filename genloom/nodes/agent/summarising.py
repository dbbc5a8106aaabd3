"""Keeping a history within its limits: what is too old is replaced by a summary of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NotRequired

from langchain.agents.middleware import AgentMiddleware, AgentState
from langchain_core.messages import AnyMessage, HumanMessage, RemoveMessage, get_buffer_string
from langgraph.graph.message import REMOVE_ALL_MESSAGES
from langgraph.runtime import Runtime

from genloom.errors import BackendError
from genloom.nodes.agent.history import SUMMARY_MARK, Cut, HistoryLimits, find_cut
from genloom.nodes.agent.model_access import ModelAccess
from genloom.nodes.runtime import event_emitter
from genloom.portal import run_sync
from genloom.prompts import load_prompt
from genloom.tools.chat import message_text
from genloom.tools.security import clean, present

__all__ = ["SummarisedState", "Summarising"]

CHARACTERS_PER_TOKEN = 4
WORDS = 600
LONGEST_SUMMARY = 8_000
"""Characters; what a model writes beyond is cut off and said."""


class SummarisedState(AgentState[Any]):
    """What the agent's state holds besides its messages."""

    summary: NotRequired[str]


class Summarising(AgentMiddleware[SummarisedState, Any]):
    """Replaces the middle of a history that is too long by one message with its summary.

    The agent's model writes it. Where its server fails, a note stands in its place: the run goes on. The state's messages
    are never changed in place.
    """

    state_schema = SummarisedState

    def __init__(self, limits: HistoryLimits, access: ModelAccess) -> None:
        super().__init__()
        self.limits, self.access = limits, access

    def before_model(self, state: SummarisedState, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Shorten the history in synchronous code."""
        cut = self._cut(state["messages"])
        return None if cut is None else run_sync(self._shortened(cut, runtime))

    async def abefore_model(self, state: SummarisedState, runtime: Runtime[Any]) -> dict[str, Any] | None:
        """Shorten the history in a loop."""
        cut = self._cut(state["messages"])
        return None if cut is None else await self._shortened(cut, runtime)

    def _cut(self, messages: Sequence[AnyMessage]) -> Cut | None:
        return find_cut(messages, self.limits) if self.limits.exceeded_by(messages) else None

    async def _shortened(self, cut: Cut, runtime: Runtime[Any]) -> dict[str, Any]:
        summary = await self._summary(cut, runtime)
        message = HumanMessage(
            f"Summary of the {len(cut.middle)} earlier messages that stood here:\n{summary}",
            additional_kwargs={SUMMARY_MARK: True},
        )
        return {
            "messages": [RemoveMessage(id=REMOVE_ALL_MESSAGES), *cut.head, message, *cut.tail],
            "summary": summary,
        }

    async def _summary(self, cut: Cut, runtime: Runtime[Any]) -> str:
        settings, _ = self.access.surroundings.of(runtime.context)
        model = await self.access.amodel(runtime.context)
        conversation = present(
            "conversation", _bounded(get_buffer_string(list(cut.middle)), self.limits), secrets=settings.secrets
        )
        prompt = load_prompt("summarise").render(words=str(WORDS), conversation=conversation)
        try:
            answer = await self.access.aask(
                lambda: model.chat.ainvoke([HumanMessage(prompt)], {"tags": ["genloom:summary"]}),
                model.name,
                event_emitter(runtime, settings),
            )
        except BackendError as error:
            return f"[they were left out; a summary could not be made: {error.message}]"
        text = clean(message_text(answer.content), secrets=settings.secrets).text.strip()
        return text if len(text) <= LONGEST_SUMMARY else f"{text[:LONGEST_SUMMARY]} [cut off]"


def _bounded(text: str, limits: HistoryLimits) -> str:
    """Return the text with its middle left out where it is longer than a model that has these limits can read."""
    most = limits.max_tokens * CHARACTERS_PER_TOKEN
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half:,} characters left out …]\n{text[-half:]}"
