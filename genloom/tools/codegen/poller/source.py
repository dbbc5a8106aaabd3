"""Where the poller asks: the two questions that show runs."""

from __future__ import annotations

from typing import Protocol

from genloom.tools.codegen.http.connection import Connection
from genloom.tools.codegen.wire import MAX_PAGE, AgentRunPage, AgentRunResponse

__all__ = ["ConnectionSource", "RunSource"]


class RunSource(Protocol):
    """Shows runs of one organisation; each call is one request."""

    @property
    def tells_pauses(self) -> bool:
        """Whether the server was heard to mean it when it says that a run is paused: it goes on when it is resumed, not
        before. Elsewhere nobody knows."""

    async def page(self, skip: int) -> AgentRunPage:
        """Return up to 100 runs, newest first, after leaving out `skip`."""

    async def one(self, run_id: int) -> AgentRunResponse:
        """Return one run. Raises `UsageError` when there is none of that number."""


class ConnectionSource:
    """The API over a connection of the poller's own."""

    def __init__(self, connection: Connection, org_id: int) -> None:
        self._connection, self._root = connection, f"/v1/organizations/{org_id}/agent"

    @property
    def tells_pauses(self) -> bool:
        """Whether the server was heard to mean it when it says that a run is paused."""
        return "pause" in self._connection.additions

    async def page(self, skip: int) -> AgentRunPage:
        """Return up to 100 runs, newest first, after leaving out `skip`."""
        params = {"limit": MAX_PAGE, "skip": skip}
        return await self._connection.call(
            AgentRunPage, "GET", f"{self._root}/runs", doing="list the agent runs", params=params
        )

    async def one(self, run_id: int) -> AgentRunResponse:
        """Return one run. Raises `UsageError` when there is none of that number."""
        path = f"{self._root}/run/{int(run_id)}"
        return await self._connection.call(AgentRunResponse, "GET", path, doing=f"read agent run {int(run_id)}")
