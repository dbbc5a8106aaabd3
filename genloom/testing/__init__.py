"""What users need to test their own graphs: servers on loopback and a scripted chat model, no network, no keys.

- `OpenAIServer`: OpenAI's chat API, scripted.
- `CodegenServer` (with `RunPlan`): the Codegen agent API, with runs that go as planned, `DOCUMENTED_LIMITS`, and a clock
  that can be faster than real (`ServerClock`) or moved by hand (`ManualClock`).
- `ScriptedChatModel`: a LangChain chat model by transcript or rule.
- `RecordedChatModel` over a `ModelRecording`: any chat model's answers, recorded once and replayed from a file.
- `forbid_real_models`: a switch under which a call of a real model is an error.
- `Fault`: what a server does wrong with one request; `FaultRate`: with a share of all.
- `Reply`, `ToolCall`: what a scripted model says.

Names are loaded when they are first used, so nobody pays for LangChain who only needs a server.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genloom.testing.chat_model import ScriptedChatModel
    from genloom.testing.codegen import (
        DOCUMENTED_LIMITS,
        CodegenServer,
        ManualClock,
        RateLimit,
        RunPlan,
        ServedRun,
        ServerClock,
    )
    from genloom.testing.fault import Fault
    from genloom.testing.fault_rate import TRANSIENT_FAULTS, FaultRate
    from genloom.testing.loopback import RecordedRequest
    from genloom.testing.openai_server import OpenAIServer
    from genloom.testing.real_models import RealModelError, forbid_real_models
    from genloom.testing.recording import ModelRecording, RecordedChatModel, RecordingMissError
    from genloom.testing.reply import Reply, ToolCall

__all__ = [
    "DOCUMENTED_LIMITS",
    "TRANSIENT_FAULTS",
    "CodegenServer",
    "Fault",
    "FaultRate",
    "ManualClock",
    "ModelRecording",
    "OpenAIServer",
    "RateLimit",
    "RealModelError",
    "RecordedChatModel",
    "RecordedRequest",
    "RecordingMissError",
    "Reply",
    "RunPlan",
    "ScriptedChatModel",
    "ServedRun",
    "ServerClock",
    "ToolCall",
    "forbid_real_models",
]

_HOMES = {
    "DOCUMENTED_LIMITS": "codegen",
    "TRANSIENT_FAULTS": "fault_rate",
    "CodegenServer": "codegen",
    "Fault": "fault",
    "FaultRate": "fault_rate",
    "ManualClock": "codegen",
    "ModelRecording": "recording",
    "OpenAIServer": "openai_server",
    "RateLimit": "codegen",
    "RealModelError": "real_models",
    "RecordedChatModel": "recording",
    "RecordedRequest": "loopback",
    "RecordingMissError": "recording",
    "Reply": "reply",
    "RunPlan": "codegen",
    "ScriptedChatModel": "chat_model",
    "ServedRun": "codegen",
    "ServerClock": "codegen",
    "ToolCall": "reply",
    "forbid_real_models": "real_models",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"genloom.testing.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
