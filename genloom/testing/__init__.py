"""What users need to test their own graphs: servers on loopback and a scripted chat model, no network, no keys.

- `OpenAIServer`: OpenAI's chat API, scripted.
- `CodegenServer` (with `RunPlan`): the Codegen agent API, with runs that end as planned.
- `ScriptedChatModel`: a LangChain chat model by transcript or rule.
- `Fault`: what a server does wrong with one request. `Reply`, `ToolCall`: what a scripted model says.

Names are loaded when they are first used, so nobody pays for LangChain who only needs a server.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genloom.testing.chat_model import ScriptedChatModel
    from genloom.testing.codegen_server import CodegenServer, RunPlan, ServedRun
    from genloom.testing.fault import Fault
    from genloom.testing.loopback import RecordedRequest
    from genloom.testing.openai_server import OpenAIServer
    from genloom.testing.reply import Reply, ToolCall

__all__ = [
    "CodegenServer",
    "Fault",
    "OpenAIServer",
    "RecordedRequest",
    "Reply",
    "RunPlan",
    "ScriptedChatModel",
    "ServedRun",
    "ToolCall",
]

_HOMES = {
    "CodegenServer": "codegen_server",
    "Fault": "fault",
    "OpenAIServer": "openai_server",
    "RecordedRequest": "loopback",
    "Reply": "reply",
    "RunPlan": "codegen_server",
    "ScriptedChatModel": "chat_model",
    "ServedRun": "codegen_server",
    "ToolCall": "reply",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"genloom.testing.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
