"""One notice on its way: a POST that is signed, goes where it may, follows nothing, and ends in time."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache

import httpcore

from genloom.errors import RequestError
from genloom.interfaces.server.webhooks.connecting import CheckedNetwork
from genloom.interfaces.server.webhooks.targets import TargetPolicy
from genloom.tools.backoff import parse_retry_after
from genloom.tools.codegen.signature import signature_headers
from genloom.version import VERSION

__all__ = ["DELIVERY_HEADER", "EVENT_HEADER", "Answered", "post_notice"]

DELIVERY_HEADER = "X-Genloom-Delivery"
EVENT_HEADER = "X-Genloom-Event"
POST_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Answered:
    """How one try ended: the status where there was an answer, else why there was none."""

    status: int | None = None
    problem: str = ""
    retry_after: float | None = None

    @property
    def taken(self) -> bool:
        """Whether the receiver has it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


async def post_notice(
    url: str,
    body: bytes,
    *,
    secret: str | None,
    delivery: str,
    event: str,
    policy: TargetPolicy,
    seconds: float = POST_SECONDS,
    context: ssl.SSLContext | None = None,
) -> Answered:
    """Send one notice and return how it was answered; failures are values. With a secret it is signed
    (`genloom.tools.codegen.signature`). A redirect is an answer like any other, and an answer's body is never read."""
    try:
        target = policy.check_url(url)
    except RequestError as error:
        return Answered(problem=error.message)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"genloom/{VERSION}",
        DELIVERY_HEADER: delivery,
        EVENT_HEADER: event,
        **(signature_headers(secret, body) if secret else {}),
    }
    try:
        async with (
            asyncio.timeout(seconds),
            httpcore.AsyncConnectionPool(
                ssl_context=context or _trusted(), network_backend=CheckedNetwork(policy, target)
            ) as connections,
            connections.stream(
                "POST",
                url,
                headers=[(name.encode(), value.encode()) for name, value in headers.items()],
                content=body,
                extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), seconds)},
            ) as response,
        ):
            retry_after = parse_retry_after(_header(response.headers, b"retry-after"))
            return Answered(status=response.status, retry_after=retry_after, problem=_told(response.status))
    except (TimeoutError, httpcore.TimeoutException):
        return Answered(problem=f"no answer within {seconds:g} seconds")
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError, ValueError) as error:
        return Answered(problem=f"{type(error).__name__}: {error}"[:200])


def _told(status: int) -> str:
    return "" if 200 <= status < 300 else f"answered with status {status}"


def _header(headers: list[tuple[bytes, bytes]], name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), None)


@cache
def _trusted() -> ssl.SSLContext:
    """The system's certificates (`SSL_CERT_FILE` names others), read once."""
    return ssl.create_default_context()
