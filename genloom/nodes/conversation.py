"""A conversation with a chat model: one question, one answer, failures classified, tokens told."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from langchain_core.messages import AIMessage, BaseMessage
from pydantic import BaseModel

from genloom.errors import ModelError
from genloom.nodes.runtime import NodeRuntime
from genloom.tools.chat import chat_model, message_text, model_failure, usage_of
from genloom.tools.security import redact

if TYPE_CHECKING:  # importing it takes a third of a second, which runs without a model need not wait for
    from langchain_core.language_models import BaseChatModel

__all__ = ["Asked", "ask", "ask_for", "kept_message", "model_label", "own_message_ids"]

ModelT = TypeVar("ModelT", bound=BaseModel)
MessageT = TypeVar("MessageT", bound=BaseMessage)

Asked: TypeAlias = "BaseChatModel | str"
"""A chat model, or the name of one."""

_OWN = "genloom"


async def ask(model: Asked, messages: Sequence[BaseMessage], runtime: NodeRuntime) -> AIMessage:
    """Send messages to a model, given itself or by its name, and return its answer, which may be empty.

    Every message passes redaction first. Raises `ModelError` (classified), `CredentialError` or `ModelNameError`; any
    other exception of the model's client is passed on as it is.
    """
    chat, name = await _chosen(model, runtime)
    answer = await _sent(chat.ainvoke([_redacted(message, runtime) for message in messages]), name)
    return _told(answer, name, runtime)


async def ask_for(
    schema: type[ModelT], model: Asked, messages: Sequence[BaseMessage], runtime: NodeRuntime
) -> tuple[ModelT | None, str]:
    """Ask for an answer of a schema, by a call of a tool, and return `(value, text)`.

    The value is `None` where the model answered in words instead, which are the text. A model that takes no tools is asked
    in words alone. Raises as `ask`.
    """
    chat, name = await _chosen(model, runtime)
    structured = _structured(chat, schema)
    if structured is not None:
        try:
            given = await _sent(structured.ainvoke([_redacted(message, runtime) for message in messages]), name)
            value, answer = given["parsed"], _told(given["raw"], name, runtime)
            return (value if isinstance(value, schema) else None), message_text(answer.content)
        except ModelError as error:
            if error.kind != "bad_request":
                raise
    return None, message_text((await ask(model, messages, runtime)).content)


async def _chosen(model: Asked, runtime: NodeRuntime) -> tuple[BaseChatModel, str]:
    """Return the chat model, and what it is called in errors and events."""
    if isinstance(model, str):
        return await _sent(chat_model(model, runtime.settings), model), model
    return model, model_label(model)


def model_label(model: Asked) -> str:
    """What a model is called: by its name, or as it calls itself."""
    if isinstance(model, str):
        return model
    own: Any = getattr(model, "model_name", None) or getattr(model, "model", None)  # Any: as each class has it
    return own if isinstance(own, str) and own else type(model).__name__


def _structured(chat: BaseChatModel, schema: type[BaseModel]) -> Any:  # Any: LangChain's runnable of a raw answer
    try:
        return chat.with_structured_output(schema, method="function_calling", include_raw=True)
    except (NotImplementedError, TypeError, ValueError):
        return None


async def _sent(answer: Awaitable[Any], model: str) -> Any:  # Any: whatever LangChain's runnable gives
    try:
        return await answer
    except Exception as error:
        failure = model_failure(error, model)
        if failure is None or failure is error:
            raise
        raise failure from error


def _told(answer: Any, model: str, runtime: NodeRuntime) -> AIMessage:  # Any: a client's answer, not yet looked at
    if not isinstance(answer, AIMessage):
        raise ModelError(f"{model} gave no answer.", kind="malformed", hint="Ask again, or choose another model.")
    runtime.emit(usage_of(answer, model))
    return answer


def kept_message(message: MessageT) -> MessageT:
    """Mark a message as genloom's own, so that another request in the same thread can tell it from the user's."""
    return message.model_copy(update={"additional_kwargs": {**message.additional_kwargs, _OWN: True}})


def own_message_ids(messages: Sequence[BaseMessage]) -> list[str]:
    """Return the ids of the messages that genloom added."""
    return [message.id for message in messages if message.id and message.additional_kwargs.get(_OWN)]


def _redacted(message: BaseMessage, runtime: NodeRuntime) -> BaseMessage:
    text = redact(message_text(message.content), secrets=runtime.settings.secrets)
    own = {key: value for key, value in message.additional_kwargs.items() if key != _OWN}
    return message.model_copy(update={"content": text, "additional_kwargs": own})
