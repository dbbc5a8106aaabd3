"""An OpenAI-compatible server on loopback that says what a test scripted.

    with OpenAIServer(["def double(x):\\n    return x + x\\n"]) as server:
        model = ChatOpenAI(model="test-model", base_url=server.base_url, api_key="any")

It serves `POST /v1/chat/completions` (plain and streamed, tool calls, `response_format`) and `GET /v1/models`, in the
shapes of OpenAI's API reference.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from genloom.testing.loopback import Answer, FaultSource, LoopbackServer, RecordedRequest
from genloom.testing.reply import Reply, ReplyLike, as_replies, as_reply, call_for_value, count_tokens, script_ended
from genloom.testing.script import Script

__all__ = ["OpenAIServer"]

ReplySource = ReplyLike | Sequence[ReplyLike] | Callable[[RecordedRequest], ReplyLike | None]


class OpenAIServer(LoopbackServer):
    """A context manager. `replies` is one reply, a list that is given out in order, or a rule that gets each request.

    `faults` go by the order of all requests, or by a rule. With an `api_key`, any other is refused with 401. A model that
    is not in `models` is refused with 404. A list at its end answers 400 and says so.
    """

    def __init__(
        self,
        replies: ReplySource = (),
        *,
        faults: FaultSource = (),
        models: Sequence[str] = ("test-model",),
        api_key: str | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(faults=faults, port=port)
        self._script: Script[RecordedRequest, ReplyLike] = Script(as_replies(replies))
        self._models = tuple(models)
        self._api_key = api_key
        self._numbers = itertools.count(1)

    @property
    def base_url(self) -> str:
        """The address to give to a client, with `/v1`."""
        return f"{super().base_url}/v1"

    @property
    def chats(self) -> tuple[dict[str, Any], ...]:
        """The bodies of the chat requests so far (`model`, `messages`, …)."""
        return tuple(request.json() for request in self.requests if request.path.endswith("/chat/completions"))

    def answer(self, request: RecordedRequest) -> Answer:
        """Return what the API would answer."""
        if self._api_key is not None and request.authorization != f"Bearer {self._api_key}":
            return _error(401, "Incorrect API key provided.", "invalid_api_key")
        match request.method, request.path:
            case "GET", "/v1/models":
                data = [{"id": name, "object": "model", "created": 0, "owned_by": "test"} for name in self._models]
                return Answer.of_json({"object": "list", "data": data})
            case "POST", "/v1/chat/completions":
                return self._chat(request)
        return _error(404, f"Unknown request: {request.method} {request.path}", "not_found")

    def _chat(self, request: RecordedRequest) -> Answer:
        body = request.json()
        if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
            return _error(400, "The body has no messages.", "invalid_request_error")
        if body.get("model") not in self._models:
            return _error(404, f"The model `{body.get('model')}` does not exist.", "model_not_found")
        number = next(self._numbers)
        said = self._script.next(request)
        if said is None:
            return _error(400, script_ended(number).message, "script_ended")
        completion = _completion(_shaped(as_reply(said), body), body, number)
        return _streamed(completion, body) if body.get("stream") else Answer.of_json(completion)


def _error(status: int, message: str, code: str) -> Answer:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return Answer.of_json({"error": error}, status)


def _shaped(reply: Reply, body: Mapping[str, Any]) -> Reply:
    """Return the reply with a structured value put where the request wants it."""
    if reply.value is None:
        return reply
    if body.get("tools") and not body.get("response_format"):
        call = call_for_value(reply.value, body["tools"], body.get("tool_choice"))
        return Reply(
            tool_calls=(*reply.tool_calls, call), input_tokens=reply.input_tokens, output_tokens=reply.output_tokens
        )
    return Reply(text=json.dumps(reply.value), input_tokens=reply.input_tokens, output_tokens=reply.output_tokens)


def _completion(reply: Reply, body: Mapping[str, Any], number: int) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if reply.tool_calls:
        message["tool_calls"] = [
            {
                "id": f"call_{number}_{position}",
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for position, call in enumerate(reply.tool_calls)
        ]
    else:
        message["content"] = reply.text
    asked = reply.input_tokens if reply.input_tokens is not None else count_tokens(json.dumps(body["messages"]))
    told = reply.output_tokens if reply.output_tokens is not None else count_tokens(json.dumps(message))
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": message,
                "finish_reason": "tool_calls" if reply.tool_calls else "stop",
                "logprobs": None,
            }
        ],
        "usage": {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told},
    }


def _streamed(completion: dict[str, Any], body: Mapping[str, Any]) -> Answer:
    """Return the completion as server-sent events: the role, words or tool calls, the end, and usage where asked for."""
    message = completion["choices"][0]["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in _words(message["content"] or "")]
    deltas += [{"tool_calls": [{"index": i, **call}]} for i, call in enumerate(message.get("tool_calls", ()))]
    head = {**{key: completion[key] for key in ("id", "created", "model")}, "object": "chat.completion.chunk"}
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    reason = completion["choices"][0]["finish_reason"]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        chunks.append({**head, "choices": [], "usage": completion["usage"]})
    events = tuple(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks)
    return Answer(pieces=(*events, b"data: [DONE]\n\n"), content_type="text/event-stream")


def _words(text: str) -> list[str]:
    """Return the text in pieces of a word each, blanks kept."""
    return [piece for word in text.split(" ") for piece in (" ", word)][1:] if text else []
