"""The Codegen API as it is documented: one connection, and each endpoint as a method that sends one request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from genloom.errors import AgentError, UsageError
from genloom.tools.codegen.access import Access, resolve_access
from genloom.tools.codegen.accounts import run_poller, shared_traffic
from genloom.tools.codegen.credentials.provider import TokenProvider
from genloom.tools.codegen.endpoints.groups import ApiEndpoints
from genloom.tools.codegen.http.connection import Connection
from genloom.tools.codegen.pacing import Pacing, with_retries
from genloom.tools.codegen.poller import RunPoller

if TYPE_CHECKING:
    import httpx

__all__ = ["REQUEST_SECONDS", "CodegenApi"]

REQUEST_SECONDS = 30.0


class CodegenApi(ApiEndpoints):
    """An async context manager; what it takes stands at `AsyncCodegen`."""

    def __init__(
        self,
        *,
        token: str | TokenProvider | None = None,
        org_id: int | None = None,
        base_url: str | None = None,
        access: Access | None = None,
        timeout: float = REQUEST_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
        pacing: Pacing | None = None,
    ) -> None:
        if access is not None and (token, org_id, base_url) != (None, None, None):
            raise UsageError(
                "An access was given, and token, organisation or address beside it.", hint="Give one or the other."
            )
        self._access = access or resolve_access(token=token, org_id=org_id, base_url=base_url)
        self._org_id = self._access.org_id
        self._pacing = pacing or Pacing()
        self._timeout, self._transport = timeout, transport
        traffic = shared_traffic(self._access, self._pacing)
        connection = Connection(self._access, timeout=timeout, transport=transport, traffic=traffic)
        super().__init__(connection, self.organization)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._access})"

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.__aexit__()

    async def warm_up(self) -> None:
        """Connect to the server now, so that the first request is answered sooner. Bounded, and never fails."""
        await self._connection.warm_up()

    async def organization(self, *, deadline: float | None = None) -> int:
        """Return the organisation that is worked in; asks the server once when none was set.

        Raises `UsageError` when the token belongs to none or to several: the choice is never made silently. `AgentError`
        of kind timeout when the server does not say within `deadline` seconds.
        """
        if self._org_id is None:
            try:
                async with asyncio.timeout(deadline):
                    page = await with_retries(self.organizations.list, self._pacing)
            except TimeoutError as error:
                raise AgentError(
                    f"The server did not say within {deadline:.3g} s which organisation the token belongs to.",
                    kind="timeout",
                    hint="Nothing was started. Set CODEGEN_ORG_ID, or try again later.",
                ) from error
            if len(page.items) != 1:
                names = ", ".join(f"{item.id} ({item.name})" for item in page.items[:10]) or "none"
                raise UsageError(
                    f"The token does not belong to exactly one organisation: {names}.",
                    hint="Set CODEGEN_ORG_ID to the one to work in.",
                )
            self._org_id = page.items[0].id
        return self._org_id

    async def place(self, *, deadline: float | None = None) -> str:
        """Return the server and organisation that are worked in as one text: run numbers and keys mean nothing at another.
        Raises as `organization`."""
        return f"{self._access.base_url} {await self.organization(deadline=deadline)}"

    async def run_poller(self) -> RunPoller:
        """Return the poller that this client shares with all others of its address, token, organisation and pacing."""
        return run_poller(
            self._access,
            await self.organization(),
            pacing=self._pacing,
            timeout=self._timeout,
            transport=self._transport,
        )
