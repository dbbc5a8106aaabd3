"""An agent's calls of its model: what is sent holds no secrets, failures are classified and tried again, tokens are told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, NotRequired

from langchain.agents.middleware import AgentMiddleware, AgentState, ExtendedModelResponse, ModelRequest, ModelResponse
from langchain.agents.middleware.types import PrivateStateAttr
from langchain_core.messages import AIMessage
from langgraph.types import Command

from genloom.events import EventEmitter
from genloom.nodes.agent.message_redaction import RedactedMessages, redacted_message
from genloom.nodes.agent.model_access import ModelAccess, NamedModel
from genloom.nodes.agent.unset_model import UnsetModel
from genloom.nodes.runtime import event_emitter
from genloom.tools.chat import usage_of
from genloom.tools.security import Redactor

__all__ = ["MALFORMED", "ModelCalls"]

MALFORMED = "__malformed_arguments__"
"""In place of arguments that were no JSON, so that the call is answered instead of ending the run."""


class TurnState(AgentState[Any]):
    """The turns of the run so far: how often the model was asked."""

    turns: NotRequired[Annotated[int, PrivateStateAttr]]


class ModelCalls(AgentMiddleware[TurnState, Any]):
    """Chooses the model, redacts what it is sent, and asks as often as the policy says; a run has at most `most_turns`
    turns, after which the answer says so."""

    state_schema = TurnState

    def __init__(self, access: ModelAccess, most_turns: int) -> None:
        super().__init__()
        self.access, self.most_turns = access, most_turns
        self._redacted = RedactedMessages()

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ExtendedModelResponse[Any]:
        """Ask the model from synchronous code."""
        turns = _turns(request) + 1
        if turns > self.most_turns:
            return self._stopped()
        model = self._chosen(request) or self.access.model(request.runtime.context)
        prepared, emit = self._prepared(request, model)
        return _told(self.access.ask(lambda: handler(prepared), model.name, emit), turns, model, emit)

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ExtendedModelResponse[Any]:
        """Ask the model in a loop."""
        turns = _turns(request) + 1
        if turns > self.most_turns:
            return self._stopped()
        model = self._chosen(request) or await self.access.amodel(request.runtime.context)
        prepared, emit = self._prepared(request, model)
        return _told(await self.access.aask(lambda: handler(prepared), model.name, emit), turns, model, emit)

    def _chosen(self, request: ModelRequest[Any]) -> NamedModel | None:
        """The model that the request has already: the agent's own, or one that other middleware put there."""
        return None if isinstance(request.model, UnsetModel) else NamedModel.of(request.model)

    def _stopped(self) -> ExtendedModelResponse[Any]:
        text = f"I stopped after {self.most_turns} turns without coming to an end; ask again to go on from here."
        return ExtendedModelResponse(ModelResponse(result=[AIMessage(text)]), Command(update={"turns": 0}))

    def _prepared(self, request: ModelRequest[Any], model: NamedModel) -> tuple[ModelRequest[Any], EventEmitter]:
        settings, _ = self.access.surroundings.of(request.runtime.context)
        redactor = Redactor(secrets=settings.secrets)
        system = request.system_message
        messages: list[Any] = [self._redacted.of(message, redactor) for message in request.messages]
        prepared = request.override(
            model=model.chat,
            messages=messages,
            system_message=None if system is None else redacted_message(system, redactor),
        )
        return prepared, event_emitter(request.runtime, settings)


def _turns(request: ModelRequest[Any]) -> int:
    turns: Any = request.state.get("turns", 0)
    return int(turns)


def _told(
    response: ModelResponse[Any], turns: int, model: NamedModel, emit: EventEmitter
) -> ExtendedModelResponse[Any]:
    for message in response.result:
        if isinstance(message, AIMessage):
            emit(usage_of(message, model.name))
    result: list[Any] = [_with_malformed_calls(m) if isinstance(m, AIMessage) else m for m in response.result]
    told: ModelResponse[Any] = ModelResponse(result=result, structured_response=response.structured_response)
    return ExtendedModelResponse(told, Command(update={"turns": turns}))


def _with_malformed_calls(message: AIMessage) -> AIMessage:
    """Return the message with calls whose arguments are no JSON among its calls: they are answered with what is wrong."""
    if not message.invalid_tool_calls:
        return message
    calls: list[Any] = [
        {
            "name": call["name"] or "",
            "args": {MALFORMED: (call["args"] or "")[:500]},
            "id": call["id"],
            "type": "tool_call",
        }
        for call in message.invalid_tool_calls
    ]
    extra = {key: value for key, value in message.additional_kwargs.items() if key != "tool_calls"}
    update = {"tool_calls": [*message.tool_calls, *calls], "invalid_tool_calls": [], "additional_kwargs": extra}
    return message.model_copy(update=update)
