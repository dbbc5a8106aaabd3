"""What a real model is: a provider's chat model, or a request to a model's API, that is not for this machine."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from genloom.config import DEFAULT_CODEGEN_URL, load_settings
from genloom.errors import UsageError

if TYPE_CHECKING:
    import httpx
    from langchain_core.language_models import BaseChatModel

__all__ = ["is_loopback", "real_model", "real_request"]

_ADDRESSES = (
    "root_client.base_url",
    "root_async_client.base_url",
    "openai_api_base",
    "azure_endpoint",
    "anthropic_api_url",
    "base_url",
    "api_base",
    "endpoint",
    "endpoint_url",
    "_client._client.base_url",
)
"""Where chat models keep the address of their server."""

_OURS = frozenset({"langchain_core", "langchain_tests"})

_HOSTS = re.compile(
    r"(^|\.)(openai\.com|openai\.azure\.com|anthropic\.com|generativelanguage\.googleapis\.com|mistral\.ai|groq\.com"
    r"|cohere\.com|cohere\.ai|deepseek\.com|openrouter\.ai|together\.xyz|together\.ai|fireworks\.ai|perplexity\.ai|x\.ai"
    r"|cerebras\.ai|moonshot\.cn|replicate\.com|huggingface\.co|codegen\.com|githubcopilot\.com)$"
    r"|(^|-)aiplatform\.googleapis\.com$|^bedrock[a-z-]*\..*\.amazonaws\.com$"
)
_PATHS = re.compile(
    r"/(chat/completions|completions|responses|embeddings|v1/messages|api/chat|api/generate|agent/run)/?$"
    r"|:(stream)?generateContent$|:(stream)?rawPredict$",
    re.IGNORECASE,
)


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def real_model(model: BaseChatModel) -> str | None:
    """Return what is told of a chat model that is real; `None` for one that may be asked.

    Real is what comes from a provider's package (`langchain_…`), or derives from such a class, unless all addresses that it
    holds are this machine's. Where it holds none it is real. LangChain's own fakes and classes of others are not.
    """
    modules = [kind.__module__ for kind in type(model).__mro__]
    packages = {name.partition(".")[0] for name in modules if ".fake" not in name}
    if not any(name.startswith("langchain_") for name in packages - _OURS):
        return None
    hosts = set(_hosts(model))
    if hosts and all(map(is_loopback, hosts)):
        return None
    return f"{type(model).__name__} ({', '.join(sorted(hosts)) or 'whose address it does not tell'})"


def _hosts(model: BaseChatModel) -> Iterator[str]:
    for path in _ADDRESSES:
        try:
            address = attrgetter(path)(model)
        except AttributeError:
            continue
        host = urlsplit(str(address)).hostname if address else None
        if host:
            yield host


def real_request(request: httpx.Request) -> str | None:
    """Return what is told of a request to a model's or an agent's API elsewhere; `None` for any other.

    Told by the host (the known providers', the configured servers') or by the path (`…/chat/completions`, …).
    """
    host = request.url.host
    if is_loopback(host):
        return None
    known = _HOSTS.search(host.lower()) or host in _configured()
    asks = request.method == "POST" and _PATHS.search(request.url.path)
    return f"{request.method} {request.url.scheme}://{host}{request.url.path}" if known or asks else None


def _configured() -> set[str | None]:
    """Return the hosts of the servers that the environment names."""
    try:
        settings = load_settings()
    except UsageError:  # a variable that makes no sense: whoever needs it will say so
        return set()
    addresses = (settings.openai_base_url, settings.codegen_base_url, DEFAULT_CODEGEN_URL)
    return {urlsplit(address).hostname for address in addresses if address}
