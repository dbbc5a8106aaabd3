"""Which model an agent asks: a given one, one of a name, or what the run's context names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from langchain_core.language_models import BaseChatModel

from genloom.daemon_thread import OverrunError, run_daemon
from genloom.errors import CredentialError, TimeLimitError
from genloom.events import EventEmitter, RetryScheduled
from genloom.nodes.agent.surroundings import Surroundings
from genloom.nodes.conversation import model_label
from genloom.nodes.policies import NodePolicy
from genloom.portal import run_sync
from genloom.tools.chat import chat_model, model_failure

__all__ = ["ModelAccess", "NamedModel"]

T = TypeVar("T")

UNLIMITED_SECONDS = 1_200.0
"""The limit that an agent has by itself."""


@dataclass(frozen=True)
class NamedModel:
    """A chat model and what it is called in errors and events."""

    chat: BaseChatModel
    name: str

    @classmethod
    def of(cls, chat: BaseChatModel) -> NamedModel:
        """Return the model under the name that it gives itself."""
        return cls(chat, model_label(chat))


@dataclass(frozen=True)
class ModelAccess:
    """How an agent comes to its model, and how often it asks.

    `given` is a chat model, a `provider:model` name, or `None`: then the run's `GraphContext.model`, else `GENLOOM_MODEL`.
    `policy` says which failures are worth another try, and how long to wait.
    """

    given: BaseChatModel | str | None
    policy: NodePolicy
    surroundings: Surroundings = field(default_factory=Surroundings)

    def model(self, context: object) -> NamedModel:
        """Return the model for a run with that context, in synchronous code. Raises as `amodel`."""
        if isinstance(self.given, BaseChatModel):
            return NamedModel.of(self.given)
        return run_sync(self.amodel(context))

    async def amodel(self, context: object) -> NamedModel:
        """Return the model for a run with that context. Raises `CredentialError` where none is configured."""
        if isinstance(self.given, BaseChatModel):
            return NamedModel.of(self.given)
        settings, of_run = self.surroundings.of(context)
        name = self.given or of_run.model
        if not name:
            raise CredentialError(
                "The agent has no model.", hint="Give model=, set it in the run's context, or set GENLOOM_MODEL."
            )
        return NamedModel(await chat_model(name, settings), name)

    def ask(self, call: Callable[[], T], name: str, emit: EventEmitter) -> T:
        """Call the model's server, as often and each time for as long as the policy says. Failures come out classified.

        With a limit below 20 minutes each call runs in a thread of its own, where one that overruns its time goes on,
        unheard; else the limit is the client's, since a thread costs a tenth of a turn.
        """
        for this_try in range(1, self.policy.tries + 1):
            try:
                if self.policy.limit_seconds >= UNLIMITED_SECONDS:
                    return call()
                return run_daemon(call, "genloom-model", self.policy.limit_seconds)
            except OverrunError:
                raise self._overrun(name) from None
            except Exception as error:  # noqa: BLE001 - classified; what is no server's failure is raised again
                time.sleep(self._wait(error, name, this_try, emit))
        raise AssertionError("the last try raises")

    async def aask(self, call: Callable[[], Awaitable[T]], name: str, emit: EventEmitter) -> T:
        """Do as `ask` does, in a loop; a call that overruns its time is cancelled."""
        limit: asyncio.Timeout | None = None
        for this_try in range(1, self.policy.tries + 1):
            try:
                async with asyncio.timeout(self.policy.limit_seconds) as limit:
                    return await call()
            except Exception as error:
                if isinstance(error, TimeoutError) and limit is not None and limit.expired():
                    raise self._overrun(name) from error
                await asyncio.sleep(self._wait(error, name, this_try, emit))
        raise AssertionError("the last try raises")

    def _overrun(self, name: str) -> TimeLimitError:
        return TimeLimitError(
            f"The model {name} did not answer in {self.policy.limit_seconds:g} seconds.",
            kind="timeout",
            hint="Try again later, or give it more time: retries=NodePolicy(limit_seconds=…).",
        )

    def _wait(self, error: Exception, name: str, this_try: int, emit: EventEmitter) -> float:
        """Return the seconds to wait before the next try; raises what the failure is where there is none."""
        failure = model_failure(error, name)
        if failure is None:
            raise error
        if this_try == self.policy.tries or not self.policy.retries(failure):
            raise failure from error
        wait = self.policy.wait_seconds(this_try, failure)
        emit(RetryScheduled(node="model", attempt=this_try + 1, wait=wait, reason=failure.message))
        return wait
