"""A registry: live objects of one kind (chat models, agent backends, indexes) by name.

A graph's context holds names only, so that it can cross a server; the objects behind the names are found here. Callers
can fill a registry; what nobody put there is made on demand and kept, least recently used first out.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Objects of one kind by name; safe to use from several threads.

    `make(name)` builds what is not there; at most `size` made objects are kept. What callers register stays until they
    take it out. `close` is called with each made object that is dropped.
    """

    def __init__(self, make: Callable[[str], T], *, size: int = 32, close: Callable[[T], None] | None = None) -> None:
        self._make = make
        self._size = size
        self._close = close
        self._given: dict[str, T] = {}
        self._makers: dict[str, Callable[[], T]] = {}
        self._made: OrderedDict[str, T] = OrderedDict()
        self._lock = threading.RLock()

    def register(self, name: str, value: T) -> None:
        """Put an object under a name; it hides what would be made."""
        with self._lock:
            self._given[name] = value

    def offer(self, name: str, make: Callable[[], T]) -> None:
        """Say how the object of a name is made, should it be asked for; until then nothing is."""
        with self._lock:
            self._makers[name] = make

    def remove(self, name: str) -> None:
        """Take out what was registered or made under a name; nothing happens when there is none."""
        with self._lock:
            self._given.pop(name, None)
            made = self._made.pop(name, None)
        if made is not None and self._close:
            self._close(made)

    def get(self, name: str) -> T:
        """Return the object of that name, made on first use. Raises what `make` raises."""
        with self._lock:
            if name in self._given:
                return self._given[name]
            if name not in self._made:
                maker = self._makers.get(name)
                self._made[name] = self._make(name) if maker is None else maker()
            self._made.move_to_end(name)
            dropped = [self._made.popitem(last=False)[1] for _ in range(len(self._made) - self._size)]
            value = self._made[name]
        if self._close:
            for old in dropped:
                self._close(old)
        return value

    @contextmanager
    def override(self, name: str, value: T) -> Iterator[T]:
        """Register for the length of a `with` block, then put back what stood there."""
        with self._lock:
            missing = name not in self._given
            before = self._given.get(name)
            self._given[name] = value
        try:
            yield value
        finally:
            with self._lock:
                if missing or before is None:
                    self._given.pop(name, None)
                else:
                    self._given[name] = before

    def names(self) -> tuple[str, ...]:
        """The names that were registered, offered or made, sorted."""
        with self._lock:
            return tuple(sorted({*self._given, *self._makers, *self._made}))
