"""Questions that are gathered: what is asked while one answer is under way is answered together in the next.

An answer is never older than its question. Alone, a question is worked on at once; two hundred at once cost a few turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["Gathering"]

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Gathering(Generic[Question, Answer]):
    """The questions of one kind, in one event loop. `work` takes up to `most` of them, in the order in which they came, and
    returns their answers in the same order; what it raises, each who asked hears."""

    def __init__(self, name: str, work: Callable[[list[Question]], Awaitable[Sequence[Answer]]], *, most: int) -> None:
        self._name = name
        self._work = work
        self._most = most
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Answer:
        """Return the answer. A caller that is cancelled ends at once; the others get theirs all the same."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._answer_all(), name=self._name)
        return await asyncio.shield(answer)

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._answer(batch)
        finally:
            self._task = None

    async def _answer(self, batch: list[tuple[Question, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._work([question for question, _ in batch])
        except BaseException as error:  # each who asked hears of it
            for _, answer in batch:
                answer.set_exception(error)
                answer.exception()  # counts as heard although everybody may have left
            if not isinstance(error, Exception):
                raise
            return
        for (_, answer), value in zip(batch, answers, strict=True):
            answer.set_result(value)
