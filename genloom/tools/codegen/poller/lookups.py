"""Idempotency keys that are looked for in the list of runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field

from genloom.errors import AgentError
from genloom.tools.codegen.raised import own_copy
from genloom.tools.codegen.wire import AgentRunResponse

__all__ = ["Found", "Lookup", "Lookups", "by_key"]

Found = Future[AgentRunResponse | None]


@dataclass(kw_only=True, eq=False)
class Lookup:
    """One key and who asked for it. Only a list that was asked for after `since` can say that no run carries it; `deep`:
    the newest page alone cannot."""

    key: str
    since: float
    deep: bool
    answer: Found
    older: int | None = None
    """A run that was there before any that could carry the key; the list is read as far as that one."""
    on_trouble: Callable[[AgentError, float], None] | None = None
    """Hears, in the poller's thread, of failures that are tried again."""


@dataclass
class Lookups:
    """`wanted` are questions that need an answer; `expected` are keys whose run is about to be created, noticed in
    passing."""

    wanted: list[Lookup] = field(default_factory=list)
    expected: dict[str, list[Found]] = field(default_factory=dict)

    def open(self) -> bool:
        """Whether somebody waits for an answer."""
        self.wanted = [lookup for lookup in self.wanted if not lookup.answer.done()]
        return bool(self.wanted)

    def asked_before(self, at: float) -> list[Lookup]:
        """Return the open questions that were asked by then."""
        return [lookup for lookup in self.wanted if lookup.since <= at and not lookup.answer.done()]

    def expect(self, key: str, answer: Found) -> None:
        """Answer when a list shows the key."""
        self.expected.setdefault(key, []).append(answer)

    def forget(self, key: str, answer: Found) -> None:
        """Expect it no more."""
        waiting = self.expected.get(key, [])
        if answer in waiting:
            waiting.remove(answer)
        if not waiting:
            self.expected.pop(key, None)

    def notice(self, runs: Iterable[AgentRunResponse]) -> None:
        """Answer whoever asked for or expects a key of these runs."""
        keys = by_key(runs)
        for lookup in self.wanted:
            if lookup.key in keys:
                resolve(lookup.answer, keys[lookup.key])
        for key in self.expected.keys() & keys.keys():
            for answer in self.expected[key]:
                resolve(answer, keys[key])

    def trouble(self, error: AgentError, wait: float) -> None:
        """Tell whoever waits for an answer that the poll failed and is tried again in `wait` seconds."""
        for lookup in self.wanted:
            if lookup.on_trouble and not lookup.answer.done():
                lookup.on_trouble(error, wait)

    def fail(self, error: BaseException, *, since: float = float("inf")) -> None:
        """Raise the error at whoever asked by then."""
        for lookup in self.asked_before(since):
            if lookup.answer.set_running_or_notify_cancel():
                lookup.answer.set_exception(own_copy(error))


def resolve(answer: Found, run: AgentRunResponse | None) -> None:
    """Answer, unless the question was answered or withdrawn."""
    if not answer.done() and answer.set_running_or_notify_cancel():
        answer.set_result(run)


def by_key(runs: Iterable[AgentRunResponse]) -> dict[str, AgentRunResponse]:
    """Return the runs that carry a key; of several with one key the oldest, which is the one to go by."""
    found: dict[str, AgentRunResponse] = {}
    for run in runs:
        key = run.idempotency_key
        if key and (key not in found or run.id < found[key].id):
            found[key] = run
    return found
