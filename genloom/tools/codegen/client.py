"""The client of the Codegen agent API.

    async with AsyncCodegen(token=…, org_id=…) as client:
        run = await client.run("Add a test for the parser", deadline=900)

`create_run`, `get_run`, `list_runs` and the other endpoints send the requests they are named after, once. `submit`,
`wait` and `run` are the safe way on top: they try again, never start a run twice, and give up in bounded time.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Unpack

from genloom.errors import UsageError
from genloom.events import EventEmitter, ignore_events
from genloom.state import AgentRun
from genloom.tools.codegen.api import CodegenApi
from genloom.tools.codegen.deadline import Deadline
from genloom.tools.codegen.once.journaled import submitting
from genloom.tools.codegen.once.submission import Submission, labelled, unstarted
from genloom.tools.codegen.options import SubmitOptions
from genloom.tools.codegen.status import is_final, normalise_status
from genloom.tools.codegen.watch import Retries, RunWatch, announce, resumed
from genloom.tools.codegen.wire import AgentRunResponse

if TYPE_CHECKING:
    from genloom.tools.codegen.batch import BatchItem
    from genloom.tools.codegen.context_store import ContextStore
    from genloom.tools.codegen.log.entry import LogEntry

__all__ = ["AsyncCodegen"]


class AsyncCodegen(CodegenApi):
    """An async context manager; use it in the event loop in which it was opened, and open one per loop.

    What is not given comes from `CODEGEN_API_TOKEN`, `CODEGEN_ORG_ID` and `CODEGEN_API_BASE_URL`; `token` may also be a
    provider (`genloom.tools.codegen.credentials`), and the environment may name one. An `access` that was resolved already
    stands for all three. Without an organisation the server is asked, and a token that belongs to exactly one needs none.
    `timeout` is the total time of one request in seconds. All requests of a process go out under the documented limits,
    and pending runs share one poll in a thread of its own (a `transport` given is used there, too). The token is sent to
    `base_url` alone and appears in no `repr`, event or error. Raises `CredentialError` or `UsageError` when token or
    address are unusable.

    Agent runs are methods of the client; the other endpoints stand in groups: `organizations`, `users`, `repos`,
    `pull_requests`, `integrations`, `rules`, `models`, `setup_commands`, `webhooks`, `account`.
    """

    async def find_run(self, idempotency_key: str) -> AgentRunResponse | None:
        """Return the run whose metadata hold that key, the oldest of several, or `None`.

        Looks at the newest 500 runs: a key is searched for soon after its run was created. Transient failures are repeated.
        """
        return await (await self.run_poller()).find(idempotency_key, deep=True)

    async def submit(
        self,
        prompt: str,
        *,
        idempotency_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,  # Any: the caller's own JSON
        repo_id: int | None = None,
        model: str | None = None,
        images: Sequence[str] = (),
        deadline: float | None = None,
        in_doubt: bool = False,
        fresh: bool = False,
        emit: EventEmitter = ignore_events,
    ) -> AgentRun:
        """Start a run once and return it; with a key that a run already carries, return that run.

        Without a key a new one is made. Submitted several times at once, a key starts one run. `fresh` says that the key
        was made for this call, so that no run can carry it yet. `in_doubt` says that an earlier process may have sent the
        key moments ago, so it is looked for with more patience. Transient failures are repeated. Raises the last error
        when they last; `AgentError` of kind timeout after `deadline` seconds: the run may exist, and the same key finds it.
        """
        key = idempotency_key or uuid.uuid4().hex
        carried, retries = labelled(metadata, key), Retries(emit=emit)

        async def create() -> AgentRunResponse:
            return await self.create_run(prompt, metadata=carried, repo_id=repo_id, model=model, images=images)

        try:
            async with asyncio.timeout(deadline):
                poller = await self.run_poller()
                async with submitting(key, await self.place()) as waited:
                    submission = Submission(
                        key=key,
                        create=create,
                        poller=poller,
                        pacing=self._pacing,
                        on_retry=retries.tell,
                        in_doubt=in_doubt or waited,
                    )
                    look = idempotency_key is not None and not (fresh or submission.in_doubt)
                    known = await submission.known() if look else None
                    response = known or await submission.once()
        except TimeoutError as error:
            raise unstarted(key, deadline or 0.0, retries.last) from error
        run = response.to_run(idempotency_key=key)
        announce(run, emit)
        return run

    async def wait(
        self, run: AgentRun | int, *, deadline: float | None = None, emit: EventEmitter = ignore_events
    ) -> AgentRun:
        """Follow a run (or the run of a number) until it is final and return it; all pending runs share one poll.

        After `deadline` seconds it comes back with status `timeout` and its raw status as last seen: it goes on at the
        server and can be waited for again. A paused run comes back at once from `genloom serve`, which tells pauses for
        certain; elsewhere it, and a status that nobody knows, comes back as it is after some minutes. Raises the last error
        when the server stays out of reach.
        """
        known = _known(run)
        watch = RunWatch(run=known, emit=emit, on_retry=Retries(emit=emit, run=known).tell)
        try:
            async with asyncio.timeout(deadline):
                await watch.until_final(await self.run_poller())
        except TimeoutError:
            late = watch.run.model_copy(update={"status": "timeout"})
            announce(late, emit, f"not finished within {deadline:.3g} s; it goes on at the server")
            return late
        return watch.run

    async def run(
        self, prompt: str, *, idempotency_key: str | None = None, **options: Unpack[SubmitOptions]
    ) -> AgentRun:
        """Start a run once and return it when it is final: `submit`, then `wait`, within the deadline together."""
        deadline = Deadline(options.get("deadline"))
        run = await self.submit(prompt, idempotency_key=idempotency_key, **options)
        return await self.wait(run, deadline=deadline.left, emit=options.get("emit", ignore_events))

    async def resume(
        self, run: AgentRun | int, prompt: str, *, deadline: float | None = None, emit: EventEmitter = ignore_events
    ) -> AgentRun:
        """Let a paused or ended run go on with another prompt, and return it when it is final again.

        The request is sent once: where its answer is lost, the error says so, and what became of it shows in the run.
        """
        known, until = _known(run), Deadline(deadline)
        response = await self.resume_run(known.id, prompt)
        again = resumed(response, idempotency_key=known.idempotency_key)
        announce(again, emit)
        return await self.wait(again, deadline=until.left, emit=emit)

    def follow(
        self, run: AgentRun | int, *, deadline: float | None = None, emit: EventEmitter = ignore_events
    ) -> AsyncGenerator[LogEntry | AgentRun, None]:
        """Yield a run as it is known, then each entry of its log as it comes, and last the run as `wait` returns it.

        Entries are emitted as events, too. A log that cannot be read is told in a note and does not end the stream.
        Iterate to the end, or close the iterator (`contextlib.aclosing`): that ends the waiting.
        """
        from genloom.tools.codegen.log.reader import LogReader  # here: most runs are awaited without their log
        from genloom.tools.codegen.log.stream import RunStream

        known = _known(run)
        stream = RunStream(
            run=known,
            reader=LogReader(lambda skip, limit: self.run_logs(known.id, skip=skip, limit=limit)),
            wait=lambda started: self.wait(started, deadline=deadline, emit=emit),
            pacing=self._pacing,
            emit=emit,
            deadline=deadline,
            secrets=lambda: self._connection.secrets,
            events=lambda: self._news(known.id) if "events" in self.additions else None,
        )
        return stream.items()

    async def _news(self, run_id: int) -> AsyncGenerator[str, None]:
        """The events of a run; each also has the poller look sooner."""
        poller = await self.run_poller()
        async for name in self.run_events(run_id):
            poller.nudge(run_id)
            yield name

    async def run_stream(
        self, prompt: str, *, idempotency_key: str | None = None, **options: Unpack[SubmitOptions]
    ) -> AsyncGenerator[LogEntry | AgentRun, None]:
        """Start a run once and yield it as it began, each entry of its log, and last the run as it ended: `submit`, then
        `follow`, within the deadline together."""
        deadline = Deadline(options.get("deadline"))
        run = await self.submit(prompt, idempotency_key=idempotency_key, **options)
        emit = options.get("emit", ignore_events)
        async with aclosing(self.follow(run, deadline=deadline.left, emit=emit)) as items:
            async for item in items:
                yield item

    async def run_with_context(
        self,
        prompt: str,
        key: str,
        *,
        store: ContextStore,
        idempotency_key: str | None = None,
        **options: Unpack[SubmitOptions],
    ) -> AgentRun:
        """Run a prompt that begins with what earlier runs of `key` came to, keep what this one comes to, and return it.

        `store` is any LangGraph store. What is kept and told, and how it is bounded, stands at `RunContext`. A run that did
        not end within the deadline is not kept.
        """
        from genloom.tools.codegen.context_store import RunContext  # here: few runs have one

        deadline = Deadline(options.get("deadline"))
        org_id = await self.organization(deadline=deadline.left)
        secrets = (await self._connection.token(),)
        context = RunContext(store=store, key=key, org_id=org_id, secrets=secrets)
        extended = await context.extended(prompt)
        options["deadline"] = deadline.left
        run = await self.run(extended, idempotency_key=idempotency_key, **options)
        if is_final(normalise_status(run.raw_status)):
            await context.keep(prompt, run)
        return run

    async def batch(
        self,
        prompts: Sequence[str],
        *,
        name: str | None = None,
        keys: Sequence[str] | None = None,
        concurrency: int = 10,
        deadline: float | None = None,
        on_item: Callable[[BatchItem], None] | None = None,
        emit: EventEmitter = ignore_events,
    ) -> tuple[BatchItem, ...]:
        """Run every prompt, `concurrency` at a time, and return one item for each, in their order.

        A run that fails, or cannot be started, is an item like any other. `on_item` hears of each as it ends. `deadline` is
        each run's own, in seconds. A `name` makes the batch resumable: begun again under the same name, prompts that were
        sent are found and not sent twice. `keys` are idempotency keys of the caller's own.
        """
        from genloom.tools.codegen.batch import Batch, batch_keys  # here: few clients run one

        made = keys if keys is not None else batch_keys(name or uuid.uuid4().hex, prompts)
        if len(made) != len(prompts):
            raise UsageError("A batch needs one idempotency key for each prompt.")
        fresh = name is None and keys is None
        return await Batch(
            keys=made,
            run_one=lambda index, key: self.run(
                prompts[index], idempotency_key=key, fresh=fresh, deadline=deadline, emit=emit
            ),
            concurrency=concurrency,
            on_item=on_item,
        ).run()


def _known(run: AgentRun | int) -> AgentRun:
    return run if isinstance(run, AgentRun) else AgentRun(id=run, status="unknown")
