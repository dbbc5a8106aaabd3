"""What all clients of one account share in a process: its traffic with the server, and its run poller.

An account is an address, the source of its token and, for the poller, an organisation; different pacing shares nothing
either. A forked child has its own: threads, locks and connections do not survive a fork.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from genloom.registry import Registry
from genloom.tools.codegen.access import Access
from genloom.tools.codegen.credentials.provider import TokenProvider
from genloom.tools.codegen.http.connection import Connection
from genloom.tools.codegen.pacing import Pacing
from genloom.tools.codegen.poller import ConnectionSource, RunPoller, RunSource
from genloom.tools.codegen.traffic import Breaker, GuardedServer, Traffic

if TYPE_CHECKING:
    import httpx

__all__ = ["run_poller", "shared_traffic"]

ACCOUNTS = 1_000

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True)
class _Account:
    """Whose requests share their windows."""

    base_url: str
    provider: TokenProvider
    pacing: Pacing


@dataclass(frozen=True)
class _Followed:
    """Whose runs share one poll. The time limit of its requests is that of whoever asked first."""

    access: Access
    pacing: Pacing
    transport: httpx.AsyncBaseTransport | None
    org_id: int
    timeout: float = field(compare=False)


def shared_traffic(access: Access, pacing: Pacing) -> Traffic:
    """Return the traffic of that account."""
    return _traffic.of(_Account(access.base_url, access.provider, pacing))


def run_poller(
    access: Access,
    org_id: int,
    *,
    pacing: Pacing,
    timeout: float,
    transport: httpx.AsyncBaseTransport | None = None,
) -> RunPoller:
    """Return the poller of that account and organisation; `timeout` bounds each of its requests, in seconds, when it is
    made here."""
    # the organisation may have been set, or asked for: it is the same
    return _pollers.of(_Followed(replace(access, org_id=org_id), pacing, transport, org_id, timeout))


class _Shared(Generic[K, T]):
    """Objects by key, at most a thousand, the least recently used forgotten; anew in each process."""

    def __init__(self, make: Callable[[K], T]) -> None:
        self._make = make
        self._shelves: dict[int, _Shelf[K, T]] = {}

    def of(self, key: K) -> T:
        process = os.getpid()
        shelf = self._shelves.get(process)
        if shelf is None:  # setdefault is atomic, and no lock is held that a fork could copy
            shelf = self._shelves.setdefault(process, _Shelf(self._make))
        return shelf.of(key)


class _Shelf(Generic[K, T]):
    """A registry by number, since a name is a string and must not hold a token."""

    def __init__(self, make: Callable[[K], T]) -> None:
        self._make = make
        self._lock = threading.RLock()
        self._names: dict[K, str] = {}
        self._keys: dict[str, K] = {}
        self._numbers = itertools.count(1)
        self._registry: Registry[tuple[str, T]] = Registry(self._made, size=ACCOUNTS, close=self._forget)

    def of(self, key: K) -> T:
        with self._lock:
            if key not in self._names:
                name = str(next(self._numbers))
                self._names[key], self._keys[name] = name, key
            return self._registry.get(self._names[key])[1]

    def _made(self, name: str) -> tuple[str, T]:
        return name, self._make(self._keys[name])

    def _forget(self, made: tuple[str, T]) -> None:
        # what is still in use goes on, and ends by itself
        with self._lock:
            self._names.pop(self._keys.pop(made[0]), None)


def _make_server(base_url: str) -> GuardedServer:
    return GuardedServer(Breaker())


def _make_traffic(account: _Account) -> Traffic:
    pacing = account.pacing
    return Traffic(
        pacing.limits,
        _servers.of(account.base_url),
        retry_after_cap=pacing.retry_after_cap,
        pause_base=pacing.retry_base,
        pause_cap=pacing.retry_cap,
    )


def _make_poller(followed: _Followed) -> RunPoller:
    traffic = shared_traffic(followed.access, followed.pacing)

    @asynccontextmanager
    async def source() -> AsyncIterator[RunSource]:
        async with Connection(
            followed.access, timeout=followed.timeout, transport=followed.transport, traffic=traffic
        ) as connection:
            yield ConnectionSource(connection, followed.org_id)

    return RunPoller(source, pacing=followed.pacing, traffic=traffic)


_servers: _Shared[str, GuardedServer] = _Shared(_make_server)
_traffic: _Shared[_Account, Traffic] = _Shared(_make_traffic)
_pollers: _Shared[_Followed, RunPoller] = _Shared(_make_poller)
