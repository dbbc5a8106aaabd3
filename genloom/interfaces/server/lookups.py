"""Looking up runs for many who poll: those who ask while a query is under way share the next one."""

from __future__ import annotations

from collections.abc import Sequence

from genloom.interfaces.server.gathering import Gathering
from genloom.interfaces.server.storage import RunOverview, Storage

__all__ = ["RunLookups"]

MOST_AT_ONCE = 200

Key = tuple[int, int]


class RunLookups:
    """The lookups of one server, in one event loop."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._asked: Gathering[Key, RunOverview | None] = Gathering("run-lookups", self._look, most=MOST_AT_ONCE)

    async def get(self, organization_id: int, run_id: int) -> RunOverview | None:
        """Return an organisation's run, `None` when it has none of that number."""
        return await self._asked.ask((organization_id, run_id))

    async def _look(self, keys: list[Key]) -> Sequence[RunOverview | None]:
        found = await self._storage.runs.progress(set(keys))
        return [found[key][0] if key in found else None for key in keys]
