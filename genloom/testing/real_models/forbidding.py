"""A switch that forbids calls of real models: what is not scripted, replayed or on this machine raises."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, ClassVar, Self

from genloom.errors import UsageError
from genloom.testing.real_models.recognising import real_model, real_request

__all__ = ["RealModelError", "forbid_real_models"]

_ENTRIES = ("generate", "agenerate", "stream", "astream", "_chat_model_stream_v3", "_achat_model_stream_v3")
"""Every way into a chat model: `invoke`, `batch` and the rest lead here."""

_CLIENTS = ("httpx", "httpx2")
"""One interface in two packages: OpenAI's client has gone over to the second."""


class RealModelError(UsageError):
    """A real model was about to be called where that is forbidden."""


class forbid_real_models:  # noqa: N801  # read as a statement: `with forbid_real_models():`
    """Forbids calls of real models between enter and exit: in this process, in all its threads and tasks.

    Caught, before anything is sent, with a `RealModelError` that names what was asked:

    - chat models of LangChain's provider packages (`ChatOpenAI`, what `init_chat_model` makes, genloom's own by name),
      called, awaited, streamed or batched, whichever way they connect;
    - requests over httpx, by any client, to the known providers, to the servers that the environment names, to the Codegen
      API, or to a path of theirs (`…/chat/completions`); some clients wrap the error in one of their own.

    Not forbidden: servers on this machine, scripted and replayed models, LangChain's fakes, chat models of your own that
    send nothing over httpx. Not caught: other processes, plain sockets and other libraries for HTTP outside of LangChain's
    models, and code that calls a model's `_generate` itself.

    May be nested; the last exit, in whichever thread, lifts it. `refused` tells what was refused since it was entered: of
    calls whose error something swallowed, too.
    """

    _lock: ClassVar[threading.RLock] = threading.RLock()
    _active: ClassVar[list[forbid_real_models]] = []
    _originals: ClassVar[list[tuple[type, str, object]]] = []

    def __init__(self) -> None:
        self._refused: list[str] = []

    @property
    def refused(self) -> tuple[str, ...]:
        """What was refused so far."""
        return tuple(self._refused)

    def __enter__(self) -> Self:
        with self._lock:
            if not self._active:
                self._install()
            self._active.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._lock:
            self._active.remove(self)
            if not self._active:
                self._restore()

    @classmethod
    def _install(cls) -> None:
        from langchain_core.language_models import BaseChatModel  # here: heavy, and only who forbids pays

        for name in _ENTRIES:
            cls._guard(BaseChatModel, name, lambda *given, **_: real_model(given[0]))

        def of_request(*given: Any, **named: Any) -> str | None:  # Any: the transport and its request
            return real_request(named.get("request") or given[1])

        for package in filter(importlib.util.find_spec, _CLIENTS):
            client = importlib.import_module(package)
            cls._guard(client.HTTPTransport, "handle_request", of_request)
            cls._guard(client.AsyncHTTPTransport, "handle_async_request", of_request)

    @classmethod
    def _guard(cls, owner: type, name: str, real: Callable[..., str | None]) -> None:
        original = owner.__dict__.get(name)
        if original is None:  # another version of LangChain
            return

        @functools.wraps(original)
        def guarded(*arguments: Any, **options: Any) -> Any:  # Any: whatever the original takes and returns
            told = real(*arguments, **options)
            if told is not None:
                cls._refuse(told)
            return original(*arguments, **options)

        cls._originals.append((owner, name, original))
        setattr(owner, name, guarded)

    @classmethod
    def _refuse(cls, told: str) -> None:
        with cls._lock:
            active = list(cls._active)
        for switch in active:
            switch._refused.append(told)
        if active:  # else it was lifted while this call was on its way
            raise RealModelError(
                f"A real model was about to be called: {told}.",
                hint="Give the test a scripted or recorded model, or a server on 127.0.0.1 (see genloom.testing).",
            )

    @classmethod
    def _restore(cls) -> None:
        while cls._originals:
            owner, name, original = cls._originals.pop()
            setattr(owner, name, original)
