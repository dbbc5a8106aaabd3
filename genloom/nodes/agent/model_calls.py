"""An agent's calls of its model: what is sent holds no secrets, failures are classified and tried again, tokens are told."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, NotRequired, TypeVar

from langchain.agents.middleware import AgentMiddleware, AgentState, ExtendedModelResponse, ModelRequest, ModelResponse
from langchain.agents.middleware.types import PrivateStateAttr
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage
from langgraph.types import Command

from genloom.events import EventEmitter
from genloom.nodes.agent.model_access import ModelAccess, NamedModel
from genloom.nodes.runtime import event_emitter
from genloom.tools.chat import usage_of
from genloom.tools.security import Redactor

__all__ = ["ModelCalls"]

MOST_KEPT = 2_000
"""How many messages are remembered as redacted: a history is sent again and again."""

MessageT = TypeVar("MessageT", bound=BaseMessage)


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
        self._redacted: OrderedDict[str, tuple[object, BaseMessage]] = OrderedDict()

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ExtendedModelResponse[Any]:
        """Ask the model from synchronous code."""
        turns = _turns(request) + 1
        if turns > self.most_turns:
            return self._stopped()
        model = self.access.model(request.runtime.context)
        prepared, emit = self._prepared(request, model)
        return _told(self.access.ask(lambda: handler(prepared), model.name, emit), turns, model, emit)

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ExtendedModelResponse[Any]:
        """Ask the model in a loop."""
        turns = _turns(request) + 1
        if turns > self.most_turns:
            return self._stopped()
        model = await self.access.amodel(request.runtime.context)
        prepared, emit = self._prepared(request, model)
        return _told(await self.access.aask(lambda: handler(prepared), model.name, emit), turns, model, emit)

    def _stopped(self) -> ExtendedModelResponse[Any]:
        text = f"I stopped after {self.most_turns} turns without coming to an end; ask again to go on from here."
        return ExtendedModelResponse(ModelResponse(result=[AIMessage(text)]), Command(update={"turns": 0}))

    def _prepared(self, request: ModelRequest[Any], model: NamedModel) -> tuple[ModelRequest[Any], EventEmitter]:
        settings, _ = self.access.surroundings.of(request.runtime.context)
        redactor = Redactor(secrets=settings.secrets)
        system = request.system_message
        prepared = request.override(
            model=model.chat,
            messages=self._without_secrets(request.messages, redactor),
            system_message=None if system is None else redacted_message(system, redactor),
        )
        return prepared, event_emitter(request.runtime, settings)

    def _without_secrets(self, messages: Sequence[AnyMessage], redactor: Redactor) -> list[Any]:
        return [self._known(message, redactor) for message in messages]

    def _known(self, message: BaseMessage, redactor: Redactor) -> BaseMessage:
        key = message.id or ""
        content, known = self._redacted.get(key, (None, message))
        if key and content is message.content:
            return known
        redacted = redacted_message(message, redactor)
        if key:
            self._redacted[key] = (message.content, redacted)
            while len(self._redacted) > MOST_KEPT:
                self._redacted.popitem(last=False)
        return redacted


def redacted_message(message: MessageT, redactor: Redactor) -> MessageT:
    """Return the message with every text in it redacted; what is no text, such as an image, stays as it is."""
    content = message.content
    if isinstance(content, str):
        changed: Any = redactor.text(content)
    else:
        changed = [_redacted_block(block, redactor) for block in content]
    return message if changed == content else message.model_copy(update={"content": changed})


def _redacted_block(block: str | dict[str, Any], redactor: Redactor) -> str | dict[str, Any]:
    if isinstance(block, str):
        return redactor.text(block)
    return {**block, "text": redactor.text(block["text"])} if isinstance(block.get("text"), str) else block


def _turns(request: ModelRequest[Any]) -> int:
    turns: Any = request.state.get("turns", 0)
    return int(turns)


def _told(
    response: ModelResponse[Any], turns: int, model: NamedModel, emit: EventEmitter
) -> ExtendedModelResponse[Any]:
    for message in response.result:
        if isinstance(message, AIMessage):
            emit(usage_of(message, model.name))
    return ExtendedModelResponse(response, Command(update={"turns": turns}))
