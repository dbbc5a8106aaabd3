"""A chat model that says what a test scripted: LangChain's interface, no server, no network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCallChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import PrivateAttr

from genloom.testing.reply import Reply, ReplyLike, as_replies, as_reply, call_for_value, count_tokens, script_ended
from genloom.testing.script import Script

__all__ = ["ScriptedChatModel"]

ChatRule = Callable[[list[BaseMessage]], ReplyLike | Exception | None]


class ScriptedChatModel(BaseChatModel):
    """Gives out `replies` (a list, or one) in order, or what `rule` makes of the messages; exceptions are raised.

    A structured reply (mapping or pydantic model) becomes a call of the tool that is bound, so `with_structured_output`
    works, or JSON text when none is. `calls` holds the messages of each call. A script at its end raises `UsageError`.
    """

    replies: Any = ()  # Any: one ReplyLike, or a sequence of ReplyLike | Exception, which pydantic would copy or refuse
    rule: ChatRule | None = None
    name: str | None = "scripted"

    _script: Script[list[BaseMessage], Any] = PrivateAttr()
    _calls: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    def model_post_init(self, context: Any, /) -> None:  # Any: pydantic's own
        """Make the script of the replies or the rule."""
        super().model_post_init(context)
        self._script = Script(self.rule or as_replies(self.replies))

    @property
    def calls(self) -> tuple[list[BaseMessage], ...]:
        """The messages of each call so far."""
        return tuple(self._calls)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any) -> Runnable[Any, AIMessage]:
        """Return the model with tools on offer, in OpenAI's form as far as a script cares."""
        # Any: LangChain's own signature
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], tool_choice=tool_choice, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # Any: LangChain's own signature
    ) -> ChatResult:
        reply = self._next(messages, kwargs)
        tool_calls = [
            {"name": call.name, "args": dict(call.arguments), "id": f"call_{len(self._calls)}_{i}", "type": "tool_call"}
            for i, call in enumerate(reply.tool_calls)
        ]
        message = AIMessage(content=reply.text, tool_calls=tool_calls, usage_metadata=_usage(messages, reply))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,  # Any: LangChain's own signature
    ) -> Iterator[ChatGenerationChunk]:
        reply = self._next(messages, kwargs)
        for piece in reply.text.splitlines(keepends=True):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk
        calls = [
            ToolCallChunk(
                name=call.name,
                args=json.dumps(dict(call.arguments)),
                id=f"call_{len(self._calls)}_{i}",
                index=i,
                type="tool_call_chunk",
            )
            for i, call in enumerate(reply.tool_calls)
        ]
        last = AIMessageChunk(content="", tool_call_chunks=calls, usage_metadata=_usage(messages, reply))
        yield ChatGenerationChunk(message=last)

    def _next(self, messages: list[BaseMessage], options: dict[str, Any]) -> Reply:
        self._calls.append(list(messages))
        said = self._script.next(messages)
        if isinstance(said, Exception):
            raise said
        if said is None:
            raise script_ended(len(self._calls))
        reply = as_reply(said)
        if reply.value is None:
            return reply
        if options.get("tools"):
            call = call_for_value(reply.value, options["tools"], options.get("tool_choice"))
            return Reply(tool_calls=(*reply.tool_calls, call))
        return Reply(text=json.dumps(reply.value))


def _usage(messages: list[BaseMessage], reply: Reply) -> UsageMetadata:
    asked = (
        reply.input_tokens if reply.input_tokens is not None else sum(count_tokens(str(m.content)) for m in messages)
    )
    told = reply.output_tokens if reply.output_tokens is not None else count_tokens(reply.text)
    return UsageMetadata(input_tokens=asked, output_tokens=told, total_tokens=asked + told)
