"""A chat model whose answers come from a recording, or go into one: any LangChain chat model, wrapped."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.caches import BaseCache
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, PrivateAttr

from genloom.errors import UsageError
from genloom.testing.recording.answer import answer_pieces
from genloom.testing.recording.recording import ModelRecording
from genloom.testing.recording.request import ModelRequest
from genloom.testing.recording.secrets_of_models import secrets_of

__all__ = ["RecordedChatModel"]


class RecordedChatModel(BaseChatModel):
    """A chat model that replays a recording, and records where the recording's mode says so.

    `model` is the model that is recorded: a LangChain chat model, or its name (`openai:gpt-5`), which is made with
    LangChain's `init_chat_model` when it is first asked, so that replaying needs neither key nor package. Both find the
    same answers, but where the model was made with options (Anthropic's client adds `max_tokens`). Whether an answer is
    streamed makes no difference to what is found; a recorded one comes line by line, and LangChain completes a call of a
    tool that was cut off where it comes as a stream. Only answers are recorded: an error of the model's
    server is raised and not kept.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    model: BaseChatModel | str
    recording: ModelRecording
    name: str | None = "recorded"
    cache: BaseCache | bool | None = False  # LangChain's own cache would answer what was recorded several times

    _made: BaseChatModel | None = PrivateAttr(default=None)

    @property
    def _llm_type(self) -> str:
        return "recorded"

    @property
    def model_name(self) -> str:
        """The recorded model's `provider:name`."""
        if isinstance(self.model, str):
            return self.model
        told = self.model._get_ls_params()
        return f"{told.get('ls_provider', '')}:{told.get('ls_model_name', '')}"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Return the model with tools on offer, in OpenAI's form; the recorded model gets them in its own."""
        # Any: LangChain's own signature
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], tool_choice=tool_choice, **kwargs)

    def with_structured_output(
        self, schema: dict[str, Any] | type, *, include_raw: bool = False, **kwargs: Any
    ) -> Runnable[Any, Any]:
        """As LangChain's, by a tool's call, whichever model is recorded. Raises `UsageError` for another `method`, and for
        `strict`: what would be recorded is not what the model itself asks."""
        # Any: LangChain's own signature
        method = kwargs.get("method")
        if method not in (None, "function_calling") or kwargs.get("strict"):
            asked = "strict" if method in (None, "function_calling") else f"method={method!r}"
            raise UsageError(
                f"A recorded model gives structured output by a tool's call, not with {asked}.",
                hint='Write method="function_calling", for the model itself too, or bind its response format.',
            )
        return super().with_structured_output(schema, include_raw=include_raw, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # Any: LangChain's own signature
    ) -> ChatResult:
        request = self._request(messages, stop, kwargs)
        answer = self.recording.answer(request)
        if answer is None:
            said = _apart().run(lambda: self._asked(kwargs).invoke(messages, **_stopping(stop)))
            answer = self._recorded(messages, stop, kwargs, _checked(said))
        return ChatResult(generations=[ChatGeneration(message=answer)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        request = await asyncio.to_thread(self._request, messages, stop, kwargs)
        answer = self.recording.answer(request)
        if answer is None:
            asked = await asyncio.to_thread(self._asked, kwargs)
            asking = asked.ainvoke(messages, **_stopping(stop))
            said = _checked(await asyncio.create_task(asking, context=_apart()))
            answer = await asyncio.to_thread(self._recorded, messages, stop, kwargs, said)
        return ChatResult(generations=[ChatGeneration(message=answer)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _chunks(self._generate(messages, stop, **kwargs)):
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _chunks(await self._agenerate(messages, stop, **kwargs)):
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def _request(self, messages: list[BaseMessage], stop: list[str] | None, options: Mapping[str, Any]) -> ModelRequest:
        whole = {**self._parameters(), **options, **_stopping(stop)}
        return self.recording.request(messages, whole, model=self.model_name, secrets=self._secrets())

    def _recorded(
        self, messages: list[BaseMessage], stop: list[str] | None, options: Mapping[str, Any], said: AIMessage
    ) -> AIMessage:
        request = self._request(messages, stop, options)  # once more: the model that was made may hold a key
        return self.recording.record(request, said, secrets=self._secrets())

    def _parameters(self) -> Mapping[str, Any]:
        """Return what the recorded model was made with that changes its answers; defaults of its class are left out."""
        if isinstance(self.model, str):
            return {}
        left_out = type(self.model).model_fields.keys() - self.model.model_fields_set | {"model", "model_name"}
        params = self.model._identifying_params
        return {name: value for name, value in params.items() if name not in left_out and value not in ({}, [], ())}

    def _asked(self, options: Mapping[str, Any]) -> Runnable[Any, AIMessage]:
        """Return the model to ask, made by its name if need be, with the tools and options that this call has."""
        if self._made is None:
            self._made = _model_of_name(self.model) if isinstance(self.model, str) else self.model
        rest = dict(options)
        tools = rest.pop("tools", None)
        if tools:
            return self._made.bind_tools(tools, **{name: item for name, item in rest.items() if item is not None})
        rest.pop("tool_choice", None)
        return self._made.bind(**rest)

    def _secrets(self) -> tuple[str, ...]:
        """Return the keys that the recorded model holds. What gives keys is asked for them only while recording."""
        made = self._made if isinstance(self.model, str) else self.model
        return secrets_of(made, ask=self.recording.mode != "replay") if made is not None else ()


def _apart() -> contextvars.Context:
    """Return a context in which the recorded model's own call is no second one to whoever watches this one."""
    context = contextvars.copy_context()
    context.run(var_child_runnable_config.set, None)
    return context


def _stopping(stop: list[str] | None) -> dict[str, Any]:
    return {"stop": stop} if stop else {}


def _model_of_name(name: str) -> BaseChatModel:
    from langchain.chat_models import init_chat_model  # here: who replays never needs it

    made: BaseChatModel = init_chat_model(name)
    return made


def _checked(said: object) -> AIMessage:
    if not isinstance(said, AIMessage):
        raise UsageError(f"The recorded model answered with {type(said).__name__}, no message.")
    return said


def _chunks(result: ChatResult) -> Iterator[ChatGenerationChunk]:
    message = result.generations[0].message
    assert isinstance(message, AIMessage)
    for piece in answer_pieces(message):
        yield ChatGenerationChunk(message=piece)
