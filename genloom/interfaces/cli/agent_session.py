"""One command's work with the Codegen API. What it is about is remembered: Ctrl-C and errors leave the run findable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from genloom.errors import GenloomError, RunCancelledError
from genloom.events import AgentLogged, AgentProgress, Event, Note
from genloom.interfaces.cli.agent_report import AgentInterruptedError
from genloom.interfaces.cli.event_text import event_text
from genloom.interfaces.cli.terminal import tell
from genloom.portal import run_sync
from genloom.state import AgentRun
from genloom.tools.codegen import AsyncCodegen, Pacing
from genloom.tools.codegen.pacing import with_retries
from genloom.tools.codegen.wire import AgentRunResponse

__all__ = ["AgentSession"]

T = TypeVar("T")

_READING = Pacing(attempts=5, retry_cap=5.0, retry_after_cap=30.0)


@dataclass(kw_only=True)
class AgentSession:
    """`key` is the idempotency key of the run that is started, `run` what is known of it; `emit` tells its events on
    standard error, its log too with `logs`."""

    org_id: int | None = None
    quiet: bool = False
    logs: bool = False
    key: str = ""
    run: AgentRun | None = None
    _told: str = field(default="", repr=False)
    _can_cancel: bool = False

    def perform(self, work: Callable[[AsyncCodegen], Coroutine[Any, Any, T]]) -> T:  # Any: asyncio's own types
        """Run the work with an open client. Ctrl-C becomes an error that says how to go on; other errors are told that, too,
        once there is a run."""

        async def with_client() -> T:
            async with AsyncCodegen(org_id=self.org_id) as client:
                try:
                    return await work(client)
                finally:
                    self._can_cancel = "cancel" in client.additions

        try:
            return run_sync(with_client())
        except KeyboardInterrupt:
            raise self._interrupted() from None
        except GenloomError:
            if self.run is not None:
                tell(f"run {self.run.id} was started and goes on; {self._go_on()}")
            raise

    def emit(self, event: Event) -> None:
        """Take an event of the run; a repeated line is told once."""
        if isinstance(event, AgentProgress) and event.run_id is not None:
            known = self.run or AgentRun(id=event.run_id, status="unknown", idempotency_key=self.key)
            self.run = known.model_copy(update={"id": event.run_id, "web_url": event.web_url or known.web_url})
        if self.quiet or (isinstance(event, AgentLogged) and not self.logs):
            return
        if isinstance(event, AgentProgress | AgentLogged):
            self._tell(event_text(event))
        elif isinstance(event, Note):
            self._tell(f"{event.level}: {event.message}")

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            tell(text)

    def _go_on(self) -> str:
        if self.run is not None:
            return f"`genloom agent get {self.run.id} --wait` goes on."
        return f"the same command with `--key {self.key}` finds it, or starts it." if self.key else ""

    def _interrupted(self) -> RunCancelledError:
        run = self.run
        shown = {
            "id": run.id if run else None,
            "status": run.status if run else None,
            "raw_status": run.raw_status if run else None,
            "web_url": run.web_url if run else None,
            "idempotency_key": self.key or (run.idempotency_key if run else ""),
        }
        if run is not None:
            message = f"Interrupted; run {run.id} goes on at the server" + (
                f" ({run.web_url})." if run.web_url else "."
            )
            if shown["idempotency_key"]:
                message += f" Its idempotency key is {shown['idempotency_key']}."
        elif self.key:
            message = f"Interrupted; a run with the idempotency key {self.key} may have been started."
        else:
            message = "Interrupted."
        hint = self._go_on()
        if run is not None and self._can_cancel:
            hint += f" `genloom agent cancel {run.id}` ends it."
        return AgentInterruptedError(message, hint=hint[:1].upper() + hint[1:], json_fields=shown)


async def read(operation: Callable[[], Awaitable[T]]) -> T:
    """Await a reading request, up to five times."""
    return await with_retries(operation, _READING)


async def last_seen(client: AsyncCodegen, run: AgentRun) -> AgentRunResponse | None:
    """Return the run as the server shows it now, `None` when it cannot be had: what waiting came to stands."""
    try:
        async with asyncio.timeout(30):
            return await read(lambda: client.get_run(run.id))
    except (GenloomError, TimeoutError):
        return None
