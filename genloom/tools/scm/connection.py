"""A connection to a code host: a request goes out, a bounded answer or a typed error comes back.

The token stands in one header, is sent to the configured address alone and in no message; redirects are not followed.
What only reads is tried again after a failure that may pass; what writes only when it surely was not done.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel, TypeAdapter, ValidationError

from genloom.errors import ForgeError, UsageError
from genloom.tools.backoff import backoff_seconds
from genloom.tools.codegen.http.address import sends_in_the_clear
from genloom.tools.codegen.http.answer import ACCEPT_ENCODING, Answer, UnreadableError, read_answer
from genloom.tools.scm.failures import UnsentError, may_have_worked, refusal

if TYPE_CHECKING:
    import httpx

__all__ = ["MAX_ANSWER_BYTES", "ForgeConnection", "ForgePacing", "Pages"]

MAX_ANSWER_BYTES = 16 * 1024 * 1024
MAX_FILE_BYTES = 1_000_000
PER_PAGE = 100
MAX_PAGES = 20
CONNECT_SECONDS = 10.0

M = TypeVar("M", bound=BaseModel)

_LINK = re.compile(r"<([^<>]*)>([^<>]*)")
_NEXT = re.compile(r";\s*rel=\"?next\"?\s*(?:[;,]|\Z)")


@dataclass(frozen=True, kw_only=True)
class ForgePacing:
    """How long one request may take, how often it is tried, and how long is waited between, all in seconds. Where the host
    asks for more than `longest`, the request fails at once and says so."""

    timeout: float = 30.0
    attempts: int = 4
    base: float = 0.5
    cap: float = 8.0
    longest: float = 90.0


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The items of a list, in the host's order; not `complete` when there were more than are taken."""

    items: tuple[Any, ...]  # Any: of the shape that was asked for
    complete: bool


@dataclass(kw_only=True)
class ForgeConnection:
    """An async context manager for one event loop. `headers` hold the token, `host` is what errors call the other side."""

    api_url: str
    host: str
    token: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    token_hint: str = ""
    pacing: ForgePacing = ForgePacing()
    _client: httpx.AsyncClient | None = field(default=None, init=False, repr=False)

    async def __aenter__(self) -> Self:
        import httpx  # here: importing the tools must stay cheap

        self._client = httpx.AsyncClient(
            headers={"User-Agent": "genloom", "Accept-Encoding": ACCEPT_ENCODING, **self.headers},
            timeout=httpx.Timeout(self.pacing.timeout, connect=min(CONNECT_SECONDS, self.pacing.timeout)),
            # a proxy from the environment would be sent the token where nothing is encrypted
            trust_env=not sends_in_the_clear(self.api_url),
            follow_redirects=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def read(
        self,
        path: str,
        *,
        doing: str,
        params: Mapping[str, str] | None = None,
        accept: str | None = None,
        limit: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        """Return the answer to a GET of at most `limit` bytes. Raises what `genloom.tools.scm.failures` tells."""
        return await self._tried("GET", path, doing=doing, params=params, accept=accept, limit=limit, again=True)

    async def text(self, path: str, *, doing: str, params: Mapping[str, str], accept: str) -> str | None:
        """Return a file's text; `None` for one that is not there, is no UTF-8 or is longer than 1 MB."""
        try:
            answer = await self.read(path, doing=doing, params=params, accept=accept, limit=MAX_FILE_BYTES)
            return answer.content.decode("utf-8")
        except (UsageError, UnicodeDecodeError):
            return None
        except ForgeError as error:
            if error.kind == "malformed":  # too long
                return None
            raise

    async def get(self, shape: type[M], path: str, *, doing: str, params: Mapping[str, str] | None = None) -> M:
        """Return the answer to a GET as `shape`."""
        found: M = self.parsed(TypeAdapter(shape), await self.read(path, doing=doing, params=params), doing)
        return found

    async def pages(
        self,
        shape: type[M],
        path: str,
        *,
        doing: str,
        params: Mapping[str, str] | None = None,
        most: int = PER_PAGE * MAX_PAGES,
    ) -> Pages:
        """Return at most `most` items of a list that comes in pages.

        Of the address of the next page only the query is taken: where it leads is settled.
        """
        items: list[M] = []
        query: dict[str, str] | None = {"per_page": str(min(PER_PAGE, most)), **(params or {})}
        for _ in range(MAX_PAGES):
            answer = await self.read(path, doing=doing, params=query)
            items += self.parsed(TypeAdapter(list[shape]), answer, doing)  # type: ignore[valid-type]  # made at run time
            query = _next_query(answer.headers.get("link", ""))
            if query is None or len(items) >= most:
                break
        return Pages(items=tuple(items[:most]), complete=query is None and len(items) <= most)

    async def write(
        self, method: str, path: str, body: Mapping[str, object], *, doing: str, idempotent: bool = False
    ) -> Answer:
        """Send a JSON body. One that is not `idempotent` is sent again only when it surely was not done; a `ForgeError` of
        which `may_have_worked` holds leaves it to the caller to look."""
        return await self._tried(method, path, doing=doing, body=body, again=idempotent)

    def parsed(self, adapter: TypeAdapter[Any], answer: Answer, doing: str) -> Any:  # Any: of the adapter's shape
        """Return an answer's JSON, checked. Raises `ForgeError` malformed."""
        try:
            return adapter.validate_python(answer.json())
        except (UnreadableError, ValidationError) as error:
            why = str(error) if isinstance(error, UnreadableError) else _first_mistake(error)
            raise self._malformed(why, doing) from None

    async def _tried(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        again: bool,
        params: Mapping[str, str] | None = None,
        accept: str | None = None,
        body: Mapping[str, object] | None = None,
        limit: int = MAX_ANSWER_BYTES,
    ) -> Answer:
        headers = {"Accept": accept} if accept else {}
        for failures in range(1, self.pacing.attempts):
            try:
                return await self._once(method, path, doing, headers, params, body, limit)
            except ForgeError as error:
                if not error.transient or not (again or not may_have_worked(error)):
                    raise
                if (error.retry_after or 0) > self.pacing.longest:
                    raise
                wait = self._wait(failures, error.retry_after)
            await asyncio.sleep(wait)
        return await self._once(method, path, doing, headers, params, body, limit)

    def _wait(self, failures: int, asked: float | None) -> float:
        pacing = self.pacing
        return backoff_seconds(failures, base=pacing.base, cap=pacing.cap, retry_after=asked, longest=pacing.longest)

    async def _once(
        self,
        method: str,
        path: str,
        doing: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        body: Mapping[str, object] | None,
        limit: int,
    ) -> Answer:
        import httpx  # cached by then

        assert self._client is not None, "use the connection in an `async with` block"
        url = self.api_url + path
        try:
            async with (
                asyncio.timeout(self.pacing.timeout),
                self._client.stream(method, url, headers=headers, params=params, json=body) as response,
            ):
                answer = await read_answer(response, limit=limit)
        except UnreadableError as error:
            raise self._malformed(str(error), doing) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            why = f"Could not {doing}: no connection to {self.api_url} ({type(error).__name__})."
            raise UnsentError(why, kind="connection", hint="Check the network and the address.") from None
        except (TimeoutError, httpx.TimeoutException):
            why = f"Could not {doing}: no complete answer within {self.pacing.timeout:g} s."
            raise ForgeError(why, kind="timeout", hint=f"{self.host} was too slow: try again later.") from None
        except httpx.HTTPError as error:
            why = f"Could not {doing}: the connection broke ({type(error).__name__})."
            raise ForgeError(why, kind="connection", hint="Try again later.") from None
        if not answer.succeeded:
            raise refusal(answer, host=self.host, doing=doing, token_hint=self.token_hint, secret=self.token)
        return answer

    def _malformed(self, why: str, doing: str) -> ForgeError:
        message = f"Could not {doing}: the answer of {self.host} {why}."
        return ForgeError(message, kind="malformed", hint=f"Check whether the address is that of {self.host}'s API.")


def _next_query(link: str) -> dict[str, str] | None:
    """Return the query of the next page from a `Link` header (RFC 8288), `None` on the last page."""
    for address, parameters in _LINK.findall(link[:8_000]):
        if _NEXT.search(parameters):
            try:
                return dict(parse_qsl(urlsplit(address).query)) or None
            except ValueError:
                return None
    return None


def _first_mistake(error: ValidationError) -> str:
    """Where the first mistake is, without the value, which is somebody else's."""
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"is not as documented ({place or 'the whole'}: {first['type']})"
