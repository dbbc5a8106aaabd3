"""One HTTP connection pool to one server: a request goes out, checked JSON or a typed error comes back.

Everything is bounded: each request has a total time, each answer a size. Redirects are not followed, so the token goes
to no other host. A connection belongs to the event loop that opened it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import BaseModel, ValidationError

from genloom.errors import AgentError, UsageError
from genloom.tools.codegen.access import Access
from genloom.tools.codegen.failures import UnsentError, response_error

if TYPE_CHECKING:
    import httpx

__all__ = ["MAX_ANSWER_BYTES", "Connection"]

MAX_ANSWER_BYTES = 16 * 1024 * 1024
CONNECT_SECONDS = 10.0

M = TypeVar("M", bound=BaseModel)


class Connection:
    """An async context manager; `timeout` bounds each request from its start to the end of its answer, in seconds."""

    def __init__(self, access: Access, *, timeout: float, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._access = access
        self._timeout = timeout
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"Connection({self._access})"

    async def __aenter__(self) -> Self:
        import httpx  # here: importing genloom.tools.codegen must stay cheap

        self._client = httpx.AsyncClient(
            headers={"User-Agent": "genloom", "Accept": "application/json", "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(self._timeout, connect=min(CONNECT_SECONDS, self._timeout)),
            limits=httpx.Limits(max_connections=20),
            follow_redirects=False,
            transport=self._transport,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def call(
        self,
        shape: type[M],
        method: str,
        path: str,
        *,
        doing: str,
        params: Mapping[str, str | int] | None = None,
        body: BaseModel | None = None,
    ) -> M:
        """Send one request and return its answer as `shape`. `doing` says in errors what was asked.

        Raises `CredentialError`, `UsageError` or `AgentError` as `genloom.tools.codegen.failures` tells.
        """
        status, headers, content = await self._bounded(method, path, doing=doing, params=params, body=body)
        if not 200 <= status < 300:
            raise response_error(status, headers, content, doing=doing, secret=self._access.secret)
        return _parse(shape, content, status, doing)

    async def _bounded(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        params: Mapping[str, str | int] | None,
        body: BaseModel | None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        import httpx  # cached by then

        request = self._request(method, path, params, body)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(request, doing)
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
        except httpx.DecodingError as error:
            raise _malformed(doing, "is not compressed as it says", 200) from error
        except httpx.RequestError as error:
            raise AgentError(
                f"Could not {doing}: the connection broke ({_reason(error)}).",
                kind="connection",
                hint="Try again later.",
            ) from error

    def _request(
        self, method: str, path: str, params: Mapping[str, str | int] | None, body: BaseModel | None
    ) -> httpx.Request:
        if self._client is None:
            raise UsageError(
                "The Codegen client is not open.", hint="Use it in `async with AsyncCodegen(…) as client:`."
            )
        return self._client.build_request(
            method,
            self._access.base_url + path,
            params=params,
            json=None if body is None else body.model_dump(mode="json", exclude_none=True),
            headers={"Authorization": f"Bearer {self._access.secret}"},
        )

    async def _exchange(self, request: httpx.Request, doing: str) -> tuple[int, Mapping[str, str], bytes]:
        assert self._client is not None
        response = await self._client.send(request, stream=True)
        try:
            # other encodings could blow up one small piece to any size before it is counted
            if response.headers.get("content-encoding", "identity").lower() not in ("identity", "gzip", "deflate"):
                raise _malformed(doing, "is compressed in a way that was not asked for", response.status_code)
            content = bytearray()
            async for piece in response.aiter_bytes(64 * 1024):
                content += piece
                if len(content) > MAX_ANSWER_BYTES:
                    raise _malformed(doing, f"is longer than {MAX_ANSWER_BYTES // 2**20} MB", response.status_code)
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return response.status_code, headers, bytes(content)


def _parse(shape: type[M], content: bytes, status: int, doing: str) -> M:
    try:
        data: Any = json.loads(content)  # Any: whatever the server sent
    except (ValueError, RecursionError) as error:
        looks = "is a web page" if content.lstrip()[:1] == b"<" else "is not JSON, or was cut short"
        raise _malformed(doing, looks, status) from error
    if data is None:
        raise _malformed(doing, "is `null`", status)
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])[:80]
        # without the cause: pydantic's message repeats what the server sent
        raise _malformed(doing, f"has not the documented shape ({place or 'top'}: {first['msg']})", status) from None


def _malformed(doing: str, looks: str, status: int) -> AgentError:
    return AgentError(
        f"Could not {doing}: the server's answer {looks}.",
        kind="malformed",
        hint="Check that CODEGEN_API_BASE_URL is the API's own address and no proxy answers in its place.",
        status=200 if 200 <= status < 300 else status,
    )


def _reason(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:200]
