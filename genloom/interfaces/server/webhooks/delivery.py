"""The sender: takes what is due from the outbox and delivers it, at least once, with back-off, until it is given up."""

from __future__ import annotations

import asyncio
import ssl
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from genloom.errors import AgentError, GenloomError
from genloom.interfaces.server.storage.records import DeliveryRecord
from genloom.interfaces.server.supervision import Supervision
from genloom.interfaces.server.webhooks.notice import TEST_EVENT, sent_body
from genloom.interfaces.server.webhooks.post import POST_SECONDS, Answered, post_notice
from genloom.interfaces.server.webhooks.targets import TargetPolicy
from genloom.tools.backoff import backoff_seconds

if TYPE_CHECKING:
    from genloom.interfaces.server.storage import Storage

__all__ = ["MOST_ATTEMPTS", "WebhookSender"]

MOST_ATTEMPTS = 18
"""With the back-off below the last try comes after twelve hours as a rule, and after 21 at most."""

BACKOFF_SECONDS = 5.0
BACKOFF_CAP = 3 * 3600.0
AT_ONCE = 32
AT_ONCE_EACH = 4
LOOK_SECONDS = 1.0

WebUrl = Callable[[int, int], str]
"""Gives a fresh link to a run's page, by organisation and run."""


class WebhookSender:
    """A context manager that delivers while it is open: 32 messages at once at most, four of one organisation.

    A message is done when the receiver answered with a 2xx. What was sent but not noted as done, because this process or
    the database went away, is sent again with the same delivery id. A storage that fails is asked again later.
    """

    def __init__(
        self,
        storage: Storage,
        policy: TargetPolicy,
        web_url: WebUrl,
        *,
        post_seconds: float = POST_SECONDS,
        backoff: float = BACKOFF_SECONDS,
        attempts: int = MOST_ATTEMPTS,
        look_seconds: float = LOOK_SECONDS,
        clock: Callable[[], float] = time.time,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._storage = storage
        self._policy = policy
        self._web_url = web_url
        self._post_seconds = post_seconds
        self._backoff = backoff
        self._attempts = attempts
        self._look_seconds = look_seconds
        self._clock = clock
        self._context = context
        self._under_way: dict[str, tuple[int, asyncio.Task[None]]] = {}
        self._supervision = Supervision("webhooks")
        self._looking: asyncio.Task[None] | None = None

    @property
    def well(self) -> bool:
        """Whether the outbox is being looked at."""
        return self._looking is not None and not self._looking.done() and self._supervision.well

    async def __aenter__(self) -> Self:
        self._looking = asyncio.create_task(self._look(), name="genloom-webhooks")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop. What is under way may end within a post's time; what does not is sent again by the next start."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        under_way = [task for _, task in self._under_way.values()]
        if under_way:
            late = (await asyncio.wait(under_way, timeout=self._post_seconds))[1]
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def send_test(self, url: str, secret: str | None) -> None:
        """Send a test message, once. Raises `TargetRefusedError` for an address that may not be called, `AgentError` when
        it did not take the message."""
        self._policy.check_url(url)
        delivery = str(uuid.uuid4())
        body = sent_body(f'{{"event": "{TEST_EVENT}"}}', delivery=delivery, web_url=None)
        answered = await self._post(url, body, secret, delivery, TEST_EVENT)
        if not answered.taken:
            raise AgentError(f"The webhook was not taken: {answered.problem}.", kind="connection")

    async def _look(self) -> None:
        while True:
            wait = await self._supervision.turn(self._start_due)  # when the storage is away everything stays due
            await asyncio.sleep(self._look_seconds + wait)

    async def _start_due(self) -> None:
        free = AT_ONCE - len(self._under_way)
        if free <= 0:
            return
        busy = Counter(organization for organization, _ in self._under_way.values())
        found = await self._storage.deliveries.due(self._clock(), free, each=AT_ONCE_EACH, under_way=busy)
        for due in found:
            if due.id not in self._under_way:
                task = asyncio.create_task(self._carry(due), name=f"genloom-webhook-{due.id}")
                self._under_way[due.id] = due.organization_id, task

    async def _carry(self, due: DeliveryRecord) -> None:
        try:
            await self._deliver(due)
        except Exception as error:  # noqa: BLE001 - the edge of a delivery: it is due again when its hold has passed
            self._supervision.tell(error)
        finally:
            del self._under_way[due.id]

    async def _deliver(self, due: DeliveryRecord) -> None:
        body = sent_body(due.body, delivery=due.id, web_url=self._web_url(due.organization_id, due.run_id))
        answered = await self._post(due.url, body, due.secret, due.id, due.event)
        with suppress(GenloomError):  # it is sent again, with the same id
            await self._note(due, answered)

    async def _note(self, due: DeliveryRecord, answered: Answered) -> None:
        deliveries = self._storage.deliveries
        if answered.taken and answered.status is not None:
            await deliveries.done(due.id, answered.status)
        elif due.attempts >= self._attempts:
            await deliveries.give_up(due.id, answered.problem, status=answered.status)
        else:
            wait = backoff_seconds(
                max(1, due.attempts),
                base=self._backoff,
                cap=BACKOFF_CAP,
                retry_after=answered.retry_after,
                longest=BACKOFF_CAP,
            )
            await deliveries.again(due.id, self._clock() + wait, answered.problem, status=answered.status)

    async def _post(self, url: str, body: bytes, secret: str | None, delivery: str, event: str) -> Answered:
        return await post_notice(
            url,
            body,
            secret=secret,
            delivery=delivery,
            event=event,
            policy=self._policy,
            seconds=self._post_seconds,
            context=self._context,
        )
