"""Keeping what a model is sent within limits: what is too old is replaced by a summary of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired

from langchain.agents.middleware import AgentMiddleware, AgentState, ExtendedModelResponse, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, get_buffer_string
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command
from pydantic import Field

from genloom.errors import BackendError
from genloom.nodes.agent.history import HistoryLimits, find_cut, shown
from genloom.nodes.agent.model_access import ModelAccess
from genloom.nodes.runtime import event_emitter
from genloom.prompts import Prompts
from genloom.tools.chat import message_text
from genloom.tools.security import clean, present

__all__ = ["SummarisedState", "Summarising"]

CHARACTERS_PER_TOKEN = 4
WORDS = 600
LONGEST_SUMMARY = 8_000
"""Characters; what a model writes beyond is cut off and said."""
_CONFIG: RunnableConfig = {"tags": ["nostream"]}  # its tokens are no answer to anybody


class SummarisedState(AgentState[Any]):
    """What stands for the messages that are gone: the summary's text, and the id of the last message in it."""

    summary: NotRequired[Annotated[str, Field(title="Summary", description="Stands for the messages that are gone")]]
    summarised: NotRequired[
        Annotated[str, Field(title="Summarised", description="The id of the last message in the summary")]
    ]


@dataclass(frozen=True)
class _Plan:
    """What is sent, and what has to be summarised first."""

    head: Sequence[AnyMessage]
    middle: Sequence[AnyMessage]
    tail: Sequence[AnyMessage]
    summary: str

    def messages(self) -> list[AnyMessage]:
        told = [HumanMessage(f"Summary of the earlier messages that stood here:\n{self.summary}")]
        return [*self.head, *(told if self.summary else []), *self.tail]


class Summarising(AgentMiddleware[SummarisedState, Any]):
    """Sends a summary in place of the middle of a history that is too long, and takes the middle out of the state.

    The agent's model writes it. Where its server fails, a note stands in its place: the run goes on. In a graph around the
    agent the messages stay; one that has the keys `summary` and `summarised` in its state is not summarised twice.
    """

    state_schema = SummarisedState

    def __init__(self, limits: HistoryLimits, access: ModelAccess, prompts: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.limits, self.access, self.prompts = limits, access, dict(prompts or {})

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any] | ExtendedModelResponse[Any]:
        """Shorten what is sent, in synchronous code."""
        plan = self._plan(request)
        if not plan.middle:
            return handler(self._sent(request, plan))
        plan = self._summarised(plan, request, self._ask(plan, request))
        return _kept(handler(self._sent(request, plan)), plan)

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any] | ExtendedModelResponse[Any]:
        """Shorten what is sent, in a loop."""
        plan = self._plan(request)
        if not plan.middle:
            return await handler(self._sent(request, plan))
        plan = self._summarised(plan, request, await self._aask(plan, request))
        return _kept(await handler(self._sent(request, plan)), plan)

    def _plan(self, request: ModelRequest[Any]) -> _Plan:
        state: Any = request.state
        summary, summarised = str(state.get("summary") or ""), str(state.get("summarised") or "")
        messages, start = shown(request.messages, summarised, self.limits.keep_first)
        whole = _Plan(messages[:start], (), messages[start:], summary)
        cut = find_cut(messages, self.limits) if self.limits.exceeded_by(whole.messages()) else None
        return whole if cut is None else _Plan(cut.head, cut.middle, cut.tail, summary)

    def _sent(self, request: ModelRequest[Any], plan: _Plan) -> ModelRequest[Any]:
        return request.override(messages=plan.messages()) if plan.summary else request

    def _ask(self, plan: _Plan, request: ModelRequest[Any]) -> str:
        model, emit = self.access.model(request.runtime.context), self._emitter(request)
        prompt = self._prompt(plan, request)
        try:
            return _text(self.access.ask(lambda: model.chat.invoke(prompt, _CONFIG), model.name, emit))
        except BackendError as error:
            return _left_out(error)

    async def _aask(self, plan: _Plan, request: ModelRequest[Any]) -> str:
        model, emit = await self.access.amodel(request.runtime.context), self._emitter(request)
        prompt = self._prompt(plan, request)
        try:
            return _text(await self.access.aask(lambda: model.chat.ainvoke(prompt, _CONFIG), model.name, emit))
        except BackendError as error:
            return _left_out(error)

    def _emitter(self, request: ModelRequest[Any]) -> Any:
        return event_emitter(request.runtime, self.access.surroundings.of(request.runtime.context)[0])

    def _prompt(self, plan: _Plan, request: ModelRequest[Any]) -> list[HumanMessage]:
        settings, context = self.access.surroundings.of(request.runtime.context)
        told = f"Summary of what came before: {plan.summary}\n\n" if plan.summary else ""
        text = _bounded(told + get_buffer_string(list(plan.middle)), self.limits)
        conversation = present("conversation", text, secrets=settings.secrets)
        template = Prompts.of(self.prompts, context.prompts).load("summarise")
        return [HumanMessage(template.render(words=str(WORDS), conversation=conversation))]

    def _summarised(self, plan: _Plan, request: ModelRequest[Any], text: str) -> _Plan:
        secrets = self.access.surroundings.of(request.runtime.context)[0].secrets
        summary = clean(text, secrets=secrets).text.strip()
        if len(summary) > LONGEST_SUMMARY:
            summary = f"{summary[:LONGEST_SUMMARY]} [cut off]"
        return _Plan(plan.head, plan.middle, plan.tail, summary)


def _kept(response: ModelResponse[Any], plan: _Plan) -> ExtendedModelResponse[Any]:
    """The response, and what of the state the summary replaces."""
    gone = [RemoveMessage(id=message.id) for message in plan.middle if message.id]
    update = {"messages": gone, "summary": plan.summary, "summarised": plan.middle[-1].id or ""}
    return ExtendedModelResponse(response, Command(update=update))


def _text(answer: AIMessage) -> str:
    return message_text(answer.content)


def _left_out(error: BackendError) -> str:
    return f"[they were left out; a summary could not be made: {error.message}]"


def _bounded(text: str, limits: HistoryLimits) -> str:
    """Return the text with its middle left out where it is longer than a model that has these limits can read."""
    most = limits.max_tokens * CHARACTERS_PER_TOKEN
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half:,} characters left out …]\n{text[-half:]}"
