"""Which tier holds: found by a self-test, then remembered in this process and, where that is wanted, across processes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial

from genloom.state import SandboxTier
from genloom.tools.sandbox.interpreter import Unavailable, find_interpreter
from genloom.tools.sandbox.report import SandboxStatus
from genloom.tools.sandbox.selftest import find_tier, try_tier
from genloom.tools.sandbox.tier_memory import TierMemory, circumstances
from genloom.tools.sandbox.tiers import tiers_of_this_system

__all__ = ["TierStatus", "try_tiers", "why_none"]

_MOST_FOUND = 64

_found: dict[tuple[str, tuple[SandboxTier, ...]], SandboxStatus] = {}
"""What the self-test showed in this process; only what holds is remembered."""


@dataclass(frozen=True, kw_only=True)
class TierStatus:
    """Which of the `allowed` tiers, strongest first, holds for an interpreter."""

    python: str
    allowed: tuple[SandboxTier, ...]
    memory: TierMemory | None = None
    """Where later processes find what held, if anywhere."""

    async def find(self) -> SandboxStatus:
        """Return the best tier that holds, tested at first use and then remembered."""
        key = (self.python, self.allowed)
        found = _found.get(key)
        if found is None:
            found = await self._look(recall=True)
            if found.tier and len(_found) < _MOST_FOUND:
                _found[key] = found
        return found

    async def find_again(self) -> SandboxStatus:
        """Forget what was remembered, since it does not hold any more, and test anew."""
        key = (self.python, self.allowed)
        _found.pop(key, None)
        found = await self._look(recall=False)
        if found.tier:
            _found[key] = found
        return found

    async def _look(self, *, recall: bool) -> SandboxStatus:
        interpreter = await asyncio.to_thread(find_interpreter, self.python)
        if isinstance(interpreter, Unavailable):
            return _none(interpreter)
        if self.memory is None:
            return await find_tier(interpreter, self.allowed)
        key = await asyncio.to_thread(circumstances, interpreter, self.allowed)
        remembered = await asyncio.to_thread(self.memory.recall, key, self.allowed) if recall else None
        if remembered:
            return remembered
        found = await find_tier(interpreter, self.allowed)
        keep = partial(self.memory.remember, key, found) if found.tier else partial(self.memory.forget, key)
        await asyncio.to_thread(keep)
        return found


async def try_tiers(python: str) -> tuple[SandboxStatus, ...]:
    """Return how each tier of this operating system stands, strongest first, each tried by running in it now."""
    interpreter = await asyncio.to_thread(find_interpreter, python)
    found = []
    for tier in tiers_of_this_system():
        tried = interpreter if isinstance(interpreter, Unavailable) else await try_tier(interpreter, tier)
        status = _none(tried) if isinstance(tried, Unavailable) else tried
        found.append(replace(status, tried=tier))
    return tuple(found)


def why_none(status: SandboxStatus) -> Unavailable:
    """Return why nothing can be run under a status that has no tier."""
    return Unavailable(reason=status.reason, cause=status.cause or "no_sandbox", hint=status.hint)


def _none(why: Unavailable) -> SandboxStatus:
    return SandboxStatus(tier=None, reason=why.reason, cause=why.cause, hint=why.hint)
