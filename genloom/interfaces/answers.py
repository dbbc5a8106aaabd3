"""Answers that passed, kept for the next who asks: the result cache as the Python interface uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from pydantic import ValidationError

from genloom.config import Settings
from genloom.errors import StorageError
from genloom.events import EventEmitter, Note
from genloom.interfaces.result import GenerationResult
from genloom.tools.security import holds_secret
from genloom.tools.store.result_cache import ResultCache, open_result_cache

__all__ = ["KeptAnswers"]


class KeptAnswers:
    """The cache in front of the graph. A cache that cannot serve (a full disk, no permission) is told as a note and left
    out: it never fails a run."""

    def __init__(self, settings: Settings, emit: EventEmitter) -> None:
        self._settings = settings
        self._emit = emit
        self._cache: ResultCache = open_result_cache(settings)

    @asynccontextmanager
    async def asking(self, key: str) -> AsyncIterator[GenerationResult | None]:
        """Give the kept answer, or `None` to the one caller who is to make it: others who ask meanwhile wait for it."""
        async with AsyncExitStack() as stack:
            stack.callback(self._cache.close)
            kept = None
            try:
                kept = await asyncio.to_thread(self._cache.get, key)
                if kept is None:
                    kept = (await stack.enter_async_context(self._cache.alead(key))).value
            except StorageError as error:
                self._tell(error)
            yield self._parsed(kept)

    async def keep(self, key: str, result: GenerationResult) -> None:
        """Keep an answer, unless it holds what looks like a secret."""
        value = result.model_dump(mode="json")
        if holds_secret(value, secrets=self._settings.secrets):
            return
        try:
            await asyncio.to_thread(self._cache.put, key, value)
        except StorageError as error:
            self._tell(error)

    def _parsed(self, kept: dict[str, object] | None) -> GenerationResult | None:
        try:
            return None if kept is None else GenerationResult.model_validate(kept)
        except ValidationError:
            return None  # written by another version: as good as none

    def _tell(self, error: StorageError) -> None:
        self._emit(Note(message=f"The result cache is left out: {error.message}", level="warning"))
