"""Chat models by name: `provider:model` becomes a LangChain chat model."""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from genloom.config import Settings
from genloom.errors import CredentialError, ModelNameError
from genloom.registry import Registry

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["REQUEST_SECONDS", "chat_model", "registered_models", "split_model_name"]

REQUEST_SECONDS = 120.0
"""How long one request to a model's server may take."""


def _not_registered(name: str) -> BaseChatModel:
    raise KeyError(name)


registered_models: Registry[BaseChatModel] = Registry(_not_registered)
"""Chat models that callers put under a name of their own; they go before every provider."""

MOST_KEPT = 8
"""How many chat models are kept for one loop, each with its connections: those used last."""

_made: dict[asyncio.AbstractEventLoop, OrderedDict[tuple[str, Settings], BaseChatModel]] = {}
_lock = threading.Lock()


async def chat_model(name: str, settings: Settings) -> BaseChatModel:
    """Return the chat model of that name, for use in the running loop.

    What callers registered under the name goes first. `openai:` names (and bare names when `OPENAI_BASE_URL` is set)
    use langchain-openai; other providers go through LangChain's `init_chat_model`. Models are kept by loop, since their
    connections belong to one. Raises `ModelNameError` for an unknown provider or a missing package, and
    `CredentialError` when a key is missing.
    """
    if name in registered_models.names():
        return registered_models.get(name)
    loop = asyncio.get_running_loop()
    kept = _kept(loop)
    model = kept.get((name, settings))
    if model is None:
        # in a thread: the first use of a provider imports its package, which takes a second
        made = await asyncio.to_thread(_make, name, settings)
        model = kept.setdefault((name, settings), made)
    kept.move_to_end((name, settings))
    while len(kept) > MOST_KEPT:  # whoever uses one of these meanwhile keeps it alive
        kept.popitem(last=False)
    return model


def _kept(loop: asyncio.AbstractEventLoop) -> OrderedDict[tuple[str, Settings], BaseChatModel]:
    """Return the models of this loop, and let go of those whose loop is closed."""
    with _lock:
        for old in [old for old in _made if old.is_closed()]:
            del _made[old]
        return _made.setdefault(loop, OrderedDict())


def split_model_name(name: str, settings: Settings) -> tuple[str | None, str]:
    """Split `provider:model`. A bare name belongs to `openai` when a base URL is set, else LangChain infers it."""
    provider, colon, model = name.partition(":")
    if not name.strip() or (colon and not model.strip()):
        raise ModelNameError(f"{name!r} names no model.", hint="Write `provider:model`, such as `openai:gpt-5`.")
    if colon and provider.replace("_", "").replace("-", "").isalnum() and model:
        return provider.replace("-", "_"), model
    return ("openai" if settings.openai_base_url else None), name


def _make(name: str, settings: Settings) -> BaseChatModel:
    provider, model = split_model_name(name, settings)
    if provider == "openai":
        return _openai(name, model, settings)
    return _other(name, provider, model)


def _openai(name: str, model: str, settings: Settings) -> BaseChatModel:
    import httpx
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    if not settings.openai_api_key and not settings.openai_base_url:
        raise CredentialError(
            f"No key for {name} is configured.",
            hint="Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own (Ollama, llama.cpp, vLLM).",
        )
    return ChatOpenAI(
        model=model,
        base_url=settings.openai_base_url,
        api_key=SecretStr(settings.openai_api_key or "none-needed"),
        timeout=REQUEST_SECONDS,
        max_retries=0,  # the node's own policy retries
        http_async_client=httpx.AsyncClient(timeout=REQUEST_SECONDS),  # ours: the shared default outlives its loop
        stream_usage=True,
    )


def _other(name: str, provider: str | None, model: str) -> BaseChatModel:
    return initialised(name, provider, model, {"timeout": REQUEST_SECONDS})


def initialised(name: str, provider: str | None, model: str, options: Mapping[str, Any]) -> BaseChatModel:
    """Return LangChain's chat model of that provider, called `name` in errors. Raises as `chat_model` does."""
    from langchain.chat_models import init_chat_model
    from pydantic import ValidationError

    try:
        made: BaseChatModel = init_chat_model(model, model_provider=provider, max_retries=0, **options)
    except ImportError as error:
        raise ModelNameError(
            f"The provider of {name!r} needs a package that is missing: {error}", hint="Install it."
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "its options"
        raise ModelNameError(
            f"{name!r} cannot be had so: {where}: {first['msg']}.", hint="Mend that option."
        ) from error
    except ValueError as error:
        raise ModelNameError(
            f"{name!r} names no known provider.",
            hint="Write `provider:model`, such as `openai:gpt-5` or `anthropic:…`.",
        ) from error
    except Exception as error:
        if "api_key" not in str(error):  # each provider's package has an error of its own for it
            raise
        raise CredentialError(
            f"No key for {name} is configured.", hint="Set the key that its provider asks for."
        ) from error
    return made
