"""A model that answers once somebody lets it."""

from __future__ import annotations

import asyncio
import threading

__all__ = ["SHOUT_SOURCE", "Gate"]

SHOUT_SOURCE = "def shout(text: str) -> str:\n    return text.upper() + '?!x'\n"


class Gate:
    """A model's rule that answers once the gate is opened, and says when it was asked."""

    def __init__(self) -> None:
        self.asked, self.opened = threading.Event(), threading.Event()

    def __call__(self, request: object) -> str:
        self.asked.set()
        self.opened.wait(10)
        return SHOUT_SOURCE

    async def was_asked(self) -> None:
        assert await asyncio.to_thread(self.asked.wait, 10)
