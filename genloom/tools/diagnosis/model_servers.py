"""Chat models: the configured one with its key and server, and servers that run on this machine."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from genloom.config import Settings
from genloom.tools.chat import split_model_name
from genloom.tools.diagnosis.diagnosis import Diagnosis

if TYPE_CHECKING:
    import httpx

__all__ = ["LOCAL_SERVERS", "examine_models"]

LOCAL_SERVERS = {"Ollama": 11434, "LM Studio": 1234, "llama.cpp": 8080, "vLLM": 8000}
"""The ports that these servers take by default; all speak OpenAI's API under `/v1`."""

LOCAL_SECONDS = 2.0
REMOTE_SECONDS = 3.0
_MAX_NAMES = 20


async def examine_models(settings: Settings) -> tuple[Diagnosis, ...]:
    """Return how the configured model, its server and the local servers stand. Asks loopback ports, and the configured
    base URL for its list of models; nothing else is sent."""
    found = await asyncio.gather(_server(settings), *(_local(name, port) for name, port in LOCAL_SERVERS.items()))
    return (_configured(settings), *filter(None, found))


def _configured(settings: Settings) -> Diagnosis:
    if settings.model is None:
        return Diagnosis(
            area="model",
            state="off",
            message="no model is configured: reuse and search write the code",
            hint="Set GENLOOM_MODEL (or --model), such as openai:gpt-5 with OPENAI_API_KEY, "
            "or OPENAI_BASE_URL for a server of your own.",
        )
    provider, _ = split_model_name(settings.model, settings)
    key = bool(settings.openai_api_key)
    facts = {"model": settings.model, "provider": provider, "key": key if provider == "openai" else None}
    if provider == "openai" and not key and not settings.openai_base_url:
        return Diagnosis(
            area="model",
            state="problem",
            message=f"{settings.model}: its key is missing",
            hint="Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own.",
            facts=facts,
        )
    package = f"langchain_{provider}"
    if provider and provider != "openai" and find_spec(package) is None:
        return Diagnosis(
            area="model",
            state="problem",
            message=f"{settings.model}: the package of its provider is missing",
            hint=f"Install {package.replace('_', '-')}, or correct the provider's name.",
            facts=facts,
        )
    keyed = "its key is set" if key and provider == "openai" else "its own package looks for its key"
    return Diagnosis(area="model", state="ok", message=f"{settings.model}: {keyed}", facts=facts)


async def _server(settings: Settings) -> Diagnosis | None:
    """Ask the configured base URL for its models."""
    if settings.openai_base_url is None:
        return None
    host = _host(settings.openai_base_url)
    names = await _models(settings.openai_base_url, settings.openai_api_key, REMOTE_SECONDS, trust_env=True)
    if isinstance(names, str):
        return Diagnosis(
            area="model server",
            state="problem",
            message=f"{host}: {names}",
            hint="Check OPENAI_BASE_URL (it usually ends in /v1) and OPENAI_API_KEY, and that the server runs.",
            facts={"host": host},
        )
    return Diagnosis(
        area="model server", state="ok", message=f"{host}: {_named(names)}", facts={"host": host, "models": names}
    )


async def _local(name: str, port: int) -> Diagnosis | None:
    url = f"http://127.0.0.1:{port}/v1"
    names = await _models(url, None, LOCAL_SECONDS, trust_env=False)
    if isinstance(names, str):
        return None
    return Diagnosis(
        area="local server",
        state="ok",
        message=f"port {port} (usually {name}): {_named(names)}",
        hint=f"Use it with OPENAI_BASE_URL={url} and --model openai:NAME.",
        facts={"server": name, "url": url, "models": names},
    )


async def _models(url: str, key: str | None, seconds: float, *, trust_env: bool) -> list[str] | str:
    """Return the models that a server names, or why it names none."""
    import httpx

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with asyncio.timeout(seconds), httpx.AsyncClient(timeout=seconds, trust_env=trust_env) as client:
            reply = await client.get(f"{url.rstrip('/')}/models", headers=headers)
    except TimeoutError:
        return "it does not answer in time"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError):
        return "it cannot be reached"
    return _names(reply)


def _names(reply: httpx.Response) -> list[str] | str:
    if reply.status_code in (401, 403):
        return f"it refused the key (HTTP {reply.status_code})"
    if reply.status_code != 200:
        return f"it answered HTTP {reply.status_code} when asked for its models"
    try:
        return [str(model["id"])[:100] for model in reply.json()["data"]][:_MAX_NAMES]
    except (ValueError, KeyError, TypeError):
        return "its answer is not a list of models"


def _host(url: str) -> str:
    """Return host and port: the rest of an address may hold a password."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "an address that is none"
    return f"{parts.hostname or '?'}:{port}"


def _named(names: list[str]) -> str:
    return f"serves {', '.join(names)}" if names else "it runs, and has no model"
