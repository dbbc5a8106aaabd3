"""Chat models by name, each kept for the loop that uses it."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from genloom.config import load_settings
from genloom.testing import OpenAIServer
from genloom.tools.chat import chat_model
from genloom.tools.chat.models import MOST_KEPT


async def asked(server: OpenAIServer) -> Any:  # Any: LangChain's class, which is imported late
    """Return the model of a server that has answered it: it holds a connection."""
    model = await chat_model("openai:test-model", load_settings({"OPENAI_BASE_URL": server.base_url}))
    assert (await model.ainvoke("Well?")).content == "fine"
    return model


async def test_the_same_settings_give_the_same_model() -> None:
    with OpenAIServer(["fine", "fine"]) as server:
        assert await asked(server) is await asked(server)


async def test_only_the_models_used_last_keep_their_connections() -> None:
    """A process that lives long and is configured anew again and again does not pile them up."""
    clients = []
    for _ in range(MOST_KEPT + 4):
        with OpenAIServer(["fine"]) as server:
            clients.append(weakref.ref((await asked(server)).http_async_client))
    gc.collect()
    assert [client() is None for client in clients] == [True] * 4 + [False] * MOST_KEPT
