"""One HTTP connection pool to one server: a request goes out, checked JSON or a typed error comes back.

Everything is bounded: each request has a total time, each answer a size. Redirects are not followed, so the token goes
to no other host. When the server refuses the token (401), its source is asked once more, and the request is repeated
once if that has another: a refused request did nothing. A connection belongs to the event loop that opened it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Self, TypeVar

from pydantic import BaseModel, ValidationError

from genloom.errors import AgentError, UsageError
from genloom.tools.codegen.access import Access
from genloom.tools.codegen.http.address import sends_in_the_clear
from genloom.tools.codegen.http.answer import ACCEPT_ENCODING, Answer, UnreadableError, read_answer
from genloom.tools.codegen.http.event_names import EVENT_STREAM, event_names
from genloom.tools.codegen.http.failures import TokenRefusedError, UnsentError, malformed_error, response_error
from genloom.tools.codegen.traffic import UNLIMITED, Breaker, GuardedServer, Traffic

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["ADDITIONS_HEADER", "MAX_ANSWER_BYTES", "Connection"]

ADDITIONS_HEADER = "X-Genloom-Additions"
"""In each answer of a server that offers more than the documents: `cancel`, `events`, `pause`."""

MAX_ANSWER_BYTES = 16 * 1024 * 1024
CONNECT_SECONDS = 10.0
WARM_UP_SECONDS = 5.0
CONNECTIONS = 20
MOST_STREAMS = 5
"""Of the connections, how many may be event streams, which keep theirs for as long as a run takes."""
SILENCE_SECONDS = 60.0
"""How long an event stream may be silent: servers send heartbeats more often."""
IDLE_SECONDS = 30.0
"""How long an unused connection is kept: longer than the pause between two polls, shorter than proxies wait."""

M = TypeVar("M", bound=BaseModel)


@cache
def _tls(trust_env: bool) -> ssl.SSLContext:
    """Return what all connections share: reading the certificates takes 30 ms, in which the event loop would stand."""
    import httpx  # cached by then

    return httpx.create_ssl_context(trust_env=trust_env)


class Connection:
    """An async context manager; `timeout` bounds each request from its start to the end of its answer, in seconds.

    Requests go out as `traffic` lets them; without it none waits.
    """

    def __init__(
        self,
        access: Access,
        *,
        timeout: float,
        transport: httpx.AsyncBaseTransport | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        self._access = access
        self._timeout = timeout
        self._transport = transport
        self._traffic = traffic or Traffic(UNLIMITED, GuardedServer(Breaker()))
        self._client: httpx.AsyncClient | None = None
        self._sent: deque[str] = deque(maxlen=4)
        self._streams = 0
        self.additions: frozenset[str] = frozenset()
        """What the server has been heard to offer beyond the documents."""

    def __repr__(self) -> str:
        return f"Connection({self._access})"

    async def __aenter__(self) -> Self:
        import httpx  # here: importing genloom.tools.codegen must stay cheap

        in_the_clear = sends_in_the_clear(self._access.base_url)
        self._client = httpx.AsyncClient(
            headers={"User-Agent": "genloom", "Accept": "application/json", "Accept-Encoding": ACCEPT_ENCODING},
            timeout=httpx.Timeout(self._timeout, connect=min(CONNECT_SECONDS, self._timeout)),
            limits=httpx.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=IDLE_SECONDS
            ),
            # a proxy from the environment would be sent the token where nothing is encrypted
            trust_env=not in_the_clear,
            verify=_tls(not in_the_clear),
            follow_redirects=False,
            transport=self._transport,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The last tokens that were sent, for redaction."""
        return tuple(self._sent)

    async def token(self) -> str:
        """Return the token that is sent at present. Raises what its source raises."""
        return await self._access.provider.token()

    async def warm_up(self) -> None:
        """Connect to the server (name, TLS), so that the first request need not.

        Sends `GET /` without the token; takes at most five seconds, and never fails: the first request tells what is
        wrong.
        """
        import httpx  # cached by then

        request = self._client_or_error().build_request("GET", self._access.base_url + "/")
        with contextlib.suppress(httpx.HTTPError, TimeoutError, UnreadableError):
            async with asyncio.timeout(min(WARM_UP_SECONDS, self._timeout)):
                await self._exchange(request)

    async def call(
        self,
        shape: type[M],
        method: str,
        path: str,
        *,
        doing: str,
        params: Mapping[str, str | int | bool] | None = None,
        body: BaseModel | None = None,
    ) -> M:
        """Send one request and return its answer as `shape`. `doing` says in errors what was asked.

        Raises `CredentialError`, `UsageError` or `AgentError` as `genloom.tools.codegen.http.failures` tells.
        """
        request = self._client_or_error().build_request(
            method,
            self._access.base_url + path,
            params=None if params is None else {name: _query(value) for name, value in params.items()},
            json=None if body is None else body.model_dump(mode="json", exclude_none=True),
        )
        token = await self.token()
        try:
            return await self._permitted(shape, request, path, token, doing)
        except TokenRefusedError:
            newer = await self._access.provider.token(refused=token)
            if newer == token:
                raise
        return await self._permitted(shape, request, path, newer, doing)

    async def events(self, path: str) -> AsyncIterator[str]:
        """Yield the name of each event of a stream until it ends, breaks or cannot be had, which is all the same: events
        are news only. At most five streams are open at once."""
        import httpx  # cached by then

        if self._streams >= MOST_STREAMS:
            return
        headers = {"Authorization": f"Bearer {await self.token()}", "Accept": EVENT_STREAM}
        timeout = httpx.Timeout(self._timeout, read=SILENCE_SECONDS)
        request = self._client_or_error().build_request(
            "GET", self._access.base_url + path, headers=headers, timeout=timeout
        )
        self._streams += 1
        try:
            async with self._traffic.permit("GET", path):
                response = await self._client_or_error().send(request, stream=True)
            try:
                if response.status_code == 200 and response.headers.get("content-type", "").startswith(EVENT_STREAM):
                    async for name in event_names(response):
                        yield name
            finally:
                await response.aclose()
        except (httpx.HTTPError, AgentError):
            return
        finally:
            self._streams -= 1

    async def _permitted(self, shape: type[M], request: httpx.Request, path: str, token: str, doing: str) -> M:
        async with self._traffic.permit(request.method, path):
            answer = await self._bounded(request, token, doing)
            offered = answer.headers.get(ADDITIONS_HEADER.lower(), "")
            self.additions = frozenset(filter(None, (word.strip() for word in offered[:200].split(","))))
            if not answer.succeeded:
                raise response_error(answer, doing=doing, secret=token)
            return _parse(shape, answer, doing)

    async def _bounded(self, request: httpx.Request, token: str, doing: str) -> Answer:
        import httpx  # cached by then

        request.headers["Authorization"] = f"Bearer {token}"
        if token not in self._sent:
            self._sent.append(token)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(request)
        except UnreadableError as error:
            raise malformed_error(str(error), doing=doing) from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise UnsentError(
                f"Could not {doing}: no connection to {self._access.base_url} ({_reason(error)}).",
                kind="connection",
                hint="Check the network and CODEGEN_API_BASE_URL.",
            ) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise AgentError(
                f"Could not {doing}: no complete answer within {self._timeout:g} s.",
                kind="timeout",
                hint="The server was too slow: try again later.",
            ) from error
        except httpx.RequestError as error:
            raise AgentError(
                f"Could not {doing}: the connection broke ({_reason(error)}).",
                kind="connection",
                hint="Try again later.",
            ) from error

    async def _exchange(self, request: httpx.Request) -> Answer:
        response = await self._client_or_error().send(request, stream=True)
        try:
            return await read_answer(response, limit=MAX_ANSWER_BYTES)
        finally:
            await response.aclose()

    def _client_or_error(self) -> httpx.AsyncClient:
        if self._client is None:
            raise UsageError(
                "The Codegen client is not open.", hint="Use it in `async with AsyncCodegen(…) as client:`."
            )
        return self._client


def _query(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parse(shape: type[M], answer: Answer, doing: str) -> M:
    try:
        return shape.model_validate_json(answer.content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
    # outside the handler: pydantic's error, which repeats what the server sent, is no cause of ours
    if answer.content.strip() == b"null":
        looks = "is `null`"
    elif first["type"] == "json_invalid":
        looks = "is a web page" if answer.content.lstrip()[:1] == b"<" else "is not JSON, or was cut short"
    else:
        place = ".".join(str(step) for step in first["loc"])[:80]
        looks = f"has not the documented shape ({place or 'top'}: {first['msg']})"
    raise malformed_error(looks, doing=doing, answer=answer)


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]
