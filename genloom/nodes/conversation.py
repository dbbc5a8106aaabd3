"""A conversation with a chat model: one question, one answer, failures classified, tokens told."""

from __future__ import annotations

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage

from genloom.errors import ModelError
from genloom.nodes.runtime import NodeRuntime
from genloom.tools.chat import chat_model, message_text, model_failure, usage_of

__all__ = ["ask"]


async def ask(model: str, messages: Sequence[BaseMessage], runtime: NodeRuntime) -> AIMessage:
    """Send messages to the model of that name and return its answer, which is never empty.

    Every message passes redaction first. Raises `ModelError` (classified), `CredentialError` or `ModelNameError`; any
    other exception of the model's client is passed on as it is.
    """
    chat = await chat_model(model, runtime.settings)
    try:
        answer = await chat.ainvoke([_redacted(message, runtime) for message in messages])
    except Exception as error:
        failure = model_failure(error, model)
        if failure is None or failure is error:
            raise
        raise failure from error
    if not isinstance(answer, AIMessage) or not message_text(answer.content).strip():
        raise ModelError(f"{model} gave an empty answer.", kind="malformed", hint="Ask again, or choose another model.")
    runtime.emit(usage_of(answer, model))
    return answer


def _redacted(message: BaseMessage, runtime: NodeRuntime) -> BaseMessage:
    from genloom.tools.security import redact

    text = redact(message_text(message.content), secrets=runtime.settings.secrets)
    return message.model_copy(update={"content": text})
