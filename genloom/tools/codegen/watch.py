"""Following one run until it is final."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from genloom.errors import AgentError
from genloom.events import AgentProgress, EventEmitter
from genloom.state import AgentRun
from genloom.tools.codegen.poller import RunPoller
from genloom.tools.codegen.status import is_final, normalise_status
from genloom.tools.codegen.wire import AgentRunResponse

__all__ = ["Retries", "RunWatch", "announce", "resumed"]


@dataclass(kw_only=True)
class Retries:
    """Tells of failures that are tried again, as progress of `run`, or of one that was not started yet."""

    emit: EventEmitter
    run: AgentRun | None = None
    last: AgentError | None = None

    def tell(self, error: AgentError, wait: float) -> None:
        """Say what failed, and that it is tried again in `wait` seconds."""
        self.last = error
        message = f"{error.message} Trying again in {wait:.1f} s."
        if self.run is None:
            self.emit(AgentProgress(run_id=None, status="queued", message=message))
        else:
            announce(self.run, self.emit, message)


@dataclass(kw_only=True)
class RunWatch:
    """`run` is what was last seen of it; it stays readable when `until_final` is cut off by a deadline."""

    run: AgentRun
    emit: EventEmitter
    on_retry: Callable[[AgentError, float], None]

    async def until_final(self, poller: RunPoller) -> None:
        """Follow until the server is done with the run, or it has rested (paused, unknown status) for too long.

        Raises `AgentError` when the run of that number carries another idempotency key: it is somebody else's.
        """
        if is_final(normalise_status(self.run.raw_status)):
            return
        by_number = not self.run.raw_status
        with poller.watch(self.run.id, at_once=by_number, on_trouble=self.on_retry) as changes:
            async for seen in changes:
                self._take(seen)

    def _take(self, seen: AgentRun) -> None:
        key = self.run.idempotency_key
        if key and seen.idempotency_key not in ("", key):
            raise AgentError(
                f"Agent run {seen.id} was started under another idempotency key than {key}.",
                kind="malformed",
                hint="The journal belongs to another server or organisation: check CODEGEN_API_BASE_URL, CODEGEN_ORG_ID.",
                status=409,
            )
        before = self.run
        self.run = seen if seen.idempotency_key else seen.model_copy(update={"idempotency_key": key})
        if seen.raw_status != before.raw_status or not before.raw_status:
            announce(self.run, self.emit)


def resumed(response: AgentRunResponse, *, idempotency_key: str = "") -> AgentRun:
    """Return the run that was just resumed; a final status in the answer is that of its earlier end, and says nothing."""
    run = response.to_run(idempotency_key=idempotency_key)
    if not is_final(run.status):
        return run
    return AgentRun(id=run.id, status="unknown", idempotency_key=run.idempotency_key, web_url=run.web_url)


def announce(run: AgentRun, emit: EventEmitter, message: str = "") -> None:
    """Emit the run's present status."""
    emit(AgentProgress(run_id=run.id, status=run.status, message=message, web_url=run.web_url))
