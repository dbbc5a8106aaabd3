"""A generator: one way of making a draft. It makes one or says why it abstains."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from langchain_core.messages import AnyMessage

from genloom.nodes.runtime import NodeRuntime
from genloom.state import Attempt, CodeContext, Draft, GenerationRequest

__all__ = ["Abstention", "Assignment", "Generated", "Generator"]


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """What a generator is given: the request, its context, what was tried before, and the conversation so far."""

    request: GenerationRequest
    context: CodeContext | None
    attempts: tuple[Attempt, ...]
    messages: tuple[AnyMessage, ...]


@dataclass(frozen=True, kw_only=True)
class Generated:
    """A draft, and what the conversation gained."""

    draft: Draft
    messages: tuple[AnyMessage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Abstention:
    """The generator makes no draft, and why. `cut_by_clock`: it might have, with more time."""

    reason: str
    cut_by_clock: bool = False


Generator = Callable[[Assignment, NodeRuntime], Awaitable[Generated | Abstention]]
