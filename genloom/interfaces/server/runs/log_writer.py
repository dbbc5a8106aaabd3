"""The log of a run, written from its events: in order, in batches, each entry once.

Entries have keys: `<leg>:<step>:<node>…` for a step of the graph, counted as the checkpoints count. A run that was taken
over runs the step in flight again and names it alike, so that what stands in the log already is not written twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from genloom.errors import RunCancelledError, StorageError
from genloom.events import Event, NodeFinished, NodeStarted
from genloom.interfaces.server.runs.log_entry import Entry, live_entry, log_entry, step_detail, thought_of
from genloom.tools.security import Redactor

__all__ = ["LogWriter"]

BATCH = 100
MOST_WAITING = 2_000
FLUSH_SECONDS = 0.3
MOST_DETAILS = 100
MOST_CHARACTERS = 20_000

Append = Callable[[Sequence[Entry]], Awaitable[bool]]
"""Appends entries to the run's log; false when the run is no longer ours."""


class LogWriter:
    """Takes in events in the loop's thread and appends what they tell.

    `on_lost` is called when the log refuses an entry because the run's lease is another's. A log that cannot be written is
    tried again, with a bounded backlog. `read_keys` gives the keys of the newest entries that the log holds, for those
    whose writing may or may not have worked; `known` are those that it gave first.
    """

    def __init__(
        self,
        append: Append,
        redactor: Redactor,
        *,
        leg: int,
        known: Collection[str],
        read_keys: Callable[[], Awaitable[Collection[str]]],
        on_lost: Callable[[], None],
    ) -> None:
        self._append = append
        self._redactor = redactor
        self._on_lost = on_lost
        self._read_keys = read_keys
        self._unsure = False
        self._lost = False
        self._leg = leg
        self._step = 1
        self._known = set(known)
        self._waiting: deque[Entry] = deque()
        self._left_out = 0
        self._details: dict[str, list[dict[str, Any]]] = {}
        self._count = 0
        self._attempt = 1
        self._writing = asyncio.Lock()

    def begin_after(self, steps: int) -> None:
        """Count on from that many saved steps."""
        self._step = steps + 1

    def on_event(self, event: Event) -> None:
        """Take in one event of the graph."""
        if isinstance(event, NodeStarted):
            self._details, self._count, self._attempt = {}, 0, event.attempt
        if (detail := step_detail(event)) is not None:
            self._add_detail(*detail)
        if (entry := live_entry(event)) is not None:
            self.put({**entry, "key": entry["key"] or self._key(event)})
        if (thought := thought_of(event)) is not None:
            self.put(log_entry(self._key(event), "PLAN_EVALUATION", at=event.at, thought=thought))
        if isinstance(event, NodeFinished):
            self.put(self._action(event))
            self._step += 1

    def put(self, entry: Entry) -> None:
        """Take in an entry, unless the log holds it already."""
        if entry["key"] in self._known:
            return
        if len(self._waiting) >= MOST_WAITING and entry["message_type"] in ("PLAN_EVALUATION", "ACTION"):
            self._left_out += 1
            return
        self._known.add(entry["key"])
        self._waiting.append(_clipped(self._redactor.data(entry)))

    async def run(self) -> None:
        """Write what has been taken in, again and again, until cancelled or the lease is lost."""
        while not self._lost:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except StorageError:
                await asyncio.sleep(FLUSH_SECONDS * 10)  # a full disk or a database that restarts: the backlog waits

    async def flush(self) -> None:
        """Write all that has been taken in. Raises `StorageError`; what was not written stays for the next time.

        Who waits may be cancelled, the writing itself goes on: half of it would be written twice.
        """
        await self._written(ask=False)

    async def confirm(self) -> None:
        """Do the same, and raise `RunCancelledError` when the lease is lost, even if there was nothing to write."""
        await self._written(ask=True)
        if self._lost:
            raise RunCancelledError("Another worker has taken the run over.")

    async def _written(self, *, ask: bool) -> None:
        writing = asyncio.ensure_future(self._write_all(ask=ask))
        writing.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.shield(writing)

    async def _write_all(self, *, ask: bool) -> None:
        async with self._writing:
            if self._unsure:
                written = await self._read_keys()
                self._waiting = deque(entry for entry in self._waiting if entry["key"] not in written)
                self._unsure = False
            while (self._waiting or ask) and not self._lost:
                batch = [self._waiting[i] for i in range(min(BATCH, len(self._waiting)))]
                self._unsure = True  # until the answer is there
                taken = await self._append(batch)
                self._unsure = ask = False
                if not taken:
                    self._lost = True
                    self._on_lost()
                    return
                for _ in batch:
                    self._waiting.popleft()

    def _add_detail(self, name: str, told: dict[str, Any]) -> None:
        found = self._details.setdefault(name, [])
        if len(found) < MOST_DETAILS:
            found.append(told)

    def _action(self, event: NodeFinished) -> Entry:
        output = {"seconds": round(event.seconds, 3), **self._details}
        if self._left_out:
            output["entries_left_out"], self._left_out = self._left_out, 0
        return log_entry(
            f"{self._leg}:{self._step}:{event.node}",
            "ACTION",
            at=event.at,
            tool=event.node,
            tool_input={"step": self._step},
            tool_output=output,
            observation=f"Gave {event.summary}." if event.summary else None,
        )

    def _key(self, event: Event) -> str:
        """Name an event by its place in the step, which is the same when the step runs again."""
        self._count += 1
        return f"{self._leg}:{self._step}:{self._attempt}.{self._count}:{event.kind}"


def _clipped(value: Any) -> Any:  # Any: JSON values
    """Cut long texts: an entry is read by people."""
    if isinstance(value, str):
        return value if len(value) <= MOST_CHARACTERS else f"{value[:MOST_CHARACTERS]}…"
    if isinstance(value, list):
        return [_clipped(item) for item in value]
    if isinstance(value, dict):
        return {key: _clipped(item) for key, item in value.items()}
    return value
