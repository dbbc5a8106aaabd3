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
from typing import TYPE_CHECKING, Any, Self, Unpack

from genloom.errors import AgentError, UsageError
from genloom.events import AgentProgress, EventEmitter, ignore_events
from genloom.state import AgentRun
from genloom.tools.codegen.access import Access, resolve_access
from genloom.tools.codegen.accounts import run_poller, shared_traffic
from genloom.tools.codegen.batch import Batch, BatchItem, batch_keys
from genloom.tools.codegen.context_store import ContextStore, RunContext
from genloom.tools.codegen.credentials import TokenProvider
from genloom.tools.codegen.endpoints import (
    AccountConnections,
    AgentRunEndpoints,
    Integrations,
    Models,
    Organizations,
    PullRequests,
    Repos,
    Rules,
    SetupCommands,
    Users,
    Webhooks,
)
from genloom.tools.codegen.http.connection import Connection
from genloom.tools.codegen.log.reader import LogReader
from genloom.tools.codegen.log.stream import LogEntry, RunStream
from genloom.tools.codegen.once.journaled import SubmitOptions, submitting
from genloom.tools.codegen.once.submission import Submission, unstarted
from genloom.tools.codegen.pacing import Pacing, with_retries
from genloom.tools.codegen.poller import RunPoller
from genloom.tools.codegen.status import is_final, normalise_status
from genloom.tools.codegen.watch import RunWatch, announce, resumed
from genloom.tools.codegen.wire import IDEMPOTENCY_FIELD, MAX_PAGE, AgentRunResponse

if TYPE_CHECKING:
    import httpx

__all__ = ["AsyncCodegen"]

REQUEST_SECONDS = 30.0
LOOK_BACK_PAGES = 5


class AsyncCodegen(AgentRunEndpoints):
    """An async context manager; use it in the event loop in which it was opened, and open one per loop.

    What is not given comes from `CODEGEN_API_TOKEN`, `CODEGEN_ORG_ID` and `CODEGEN_API_BASE_URL`; `token` may also be a
    provider (`genloom.tools.codegen.credentials`), and the environment may name one. An `access` that was resolved
    already stands for all three. Without an organisation the server
    is asked, and a token that belongs to exactly one needs none. `timeout` is the total time of one request in seconds.
    All requests of a process go out under the documented limits, and pending runs share one poll in a thread of its own
    (a `transport` given is used there, too). The token is sent to `base_url` alone and appears in no `repr`, event or
    error. Raises `CredentialError` or `UsageError` when token or address are unusable.

    Agent runs are methods of the client; the other endpoints stand in groups: `organizations`, `users`, `repos`,
    `pull_requests`, `integrations`, `rules`, `models`, `setup_commands`, `webhooks`, `account`.
    """

    def __init__(
        self,
        *,
        token: str | TokenProvider | None = None,
        org_id: int | None = None,
        base_url: str | None = None,
        access: Access | None = None,
        timeout: float = REQUEST_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
        pacing: Pacing | None = None,
    ) -> None:
        if access is not None and (token, org_id, base_url) != (None, None, None):
            raise UsageError(
                "An access was given, and token, organisation or address beside it.", hint="Give one or the other."
            )
        self._access = access or resolve_access(token=token, org_id=org_id, base_url=base_url)
        self._org_id = self._access.org_id
        self._pacing = pacing or Pacing()
        self._timeout, self._transport = timeout, transport
        traffic = shared_traffic(self._access, self._pacing)
        connection = Connection(self._access, timeout=timeout, transport=transport, traffic=traffic)
        super().__init__(connection, self.organization)
        self.organizations = Organizations(connection, self.organization)
        self.users = Users(connection, self.organization)
        self.repos = Repos(connection, self.organization)
        self.pull_requests = PullRequests(connection, self.organization)
        self.integrations = Integrations(connection, self.organization)
        self.rules = Rules(connection, self.organization)
        self.models = Models(connection, self.organization)
        self.setup_commands = SetupCommands(connection, self.organization)
        self.webhooks = Webhooks(connection, self.organization)
        self.account = AccountConnections(connection, self.organization)

    def __repr__(self) -> str:
        return f"AsyncCodegen({self._access})"

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.__aexit__()

    async def warm_up(self) -> None:
        """Connect to the server now, so that the first request is answered sooner. Bounded, and never fails."""
        await self._connection.warm_up()

    async def organization(self, *, deadline: float | None = None) -> int:
        """Return the organisation that is worked in; asks the server once when none was set.

        Raises `UsageError` when the token belongs to none or to several: the choice is never made silently. `AgentError`
        of kind timeout when the server does not say within `deadline` seconds.
        """
        if self._org_id is None:
            try:
                async with asyncio.timeout(deadline):
                    page = await with_retries(self.organizations.list, self._pacing, on_retry=_quietly)
            except TimeoutError as error:
                raise AgentError(
                    f"The server did not say within {deadline:.3g} s which organisation the token belongs to.",
                    kind="timeout",
                    hint="Nothing was started. Set CODEGEN_ORG_ID, or try again later.",
                ) from error
            if len(page.items) != 1:
                names = ", ".join(f"{item.id} ({item.name})" for item in page.items[:10]) or "none"
                raise UsageError(
                    f"The token does not belong to exactly one organisation: {names}.",
                    hint="Set CODEGEN_ORG_ID to the one to work in.",
                )
            self._org_id = page.items[0].id
        return self._org_id

    async def run_poller(self) -> RunPoller:
        """Return the poller that this client shares with all others of its address, token, organisation and pacing."""
        return run_poller(
            self._access,
            await self.organization(),
            pacing=self._pacing,
            timeout=self._timeout,
            transport=self._transport,
        )

    async def find_run(self, idempotency_key: str) -> AgentRunResponse | None:
        """Return the run whose metadata hold that key, the oldest of several, or `None`.

        Looks at the newest 500 runs: a key is searched for soon after its run was created.
        """
        for number in range(LOOK_BACK_PAGES):
            page = await self.list_runs(limit=MAX_PAGE, skip=number * MAX_PAGE)
            found = [run for run in page.items if run.idempotency_key == idempotency_key]
            if found:
                return min(found, key=lambda run: run.id)
            if len(page.items) < MAX_PAGE:
                break
        return None

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
        labelled = _with_key(metadata, key)
        tell, failures = _telling(emit, None), list[AgentError]()

        def on_retry(error: AgentError, wait: float) -> None:
            failures[:] = [error]
            tell(error, wait)

        async def create() -> AgentRunResponse:
            return await self.create_run(prompt, metadata=labelled, repo_id=repo_id, model=model, images=images)

        try:
            async with asyncio.timeout(deadline):
                poller = await self.run_poller()
                async with submitting(key, f"{self._access.base_url} {await self.organization()}") as waited:
                    submission = Submission(
                        key=key,
                        create=create,
                        poller=poller,
                        pacing=self._pacing,
                        on_retry=on_retry,
                        in_doubt=in_doubt or waited,
                    )
                    look = idempotency_key is not None and not (fresh or submission.in_doubt)
                    known = await submission.known() if look else None
                    response = known or await submission.once()
        except TimeoutError as error:
            raise unstarted(key, deadline or 0.0, failures) from error
        run = response.to_run(idempotency_key=key)
        announce(run, emit)
        return run

    async def wait(
        self, run: AgentRun | int, *, deadline: float | None = None, emit: EventEmitter = ignore_events
    ) -> AgentRun:
        """Follow a run (or the run of a number) until it is final and return it; all pending runs share one poll.

        After `deadline` seconds it comes back with status `timeout` and its raw status as last seen: it goes on at the
        server and can be waited for again. A run that rests (paused, or a status that nobody knows) comes back as it is
        after some minutes. Raises the last error when the server stays out of reach.
        """
        known = _known(run)
        watch = RunWatch(run=known, emit=emit, on_retry=_telling(emit, known))
        try:
            async with asyncio.timeout(deadline):
                await watch.until_final(await self.run_poller())
        except TimeoutError:
            late = watch.run.model_copy(update={"status": "timeout"})
            announce(late, emit, f"not finished within {deadline:.3g} s; it goes on at the server")
            return late
        return watch.run

    async def run(
        self,
        prompt: str,
        *,
        idempotency_key: str | None = None,
        deadline: float | None = None,
        metadata: Mapping[str, Any] | None = None,  # Any: the caller's own JSON
        repo_id: int | None = None,
        model: str | None = None,
        images: Sequence[str] = (),
        emit: EventEmitter = ignore_events,
    ) -> AgentRun:
        """Start a run once and return it when it is final: `submit`, then `wait`, within `deadline` seconds together."""
        return await self._run(
            prompt,
            key=idempotency_key,
            metadata=metadata,
            repo_id=repo_id,
            model=model,
            images=images,
            deadline=deadline,
            emit=emit,
        )

    async def _run(self, prompt: str, *, key: str | None, **options: Unpack[SubmitOptions]) -> AgentRun:
        loop = asyncio.get_running_loop()
        started = loop.time()
        run = await self.submit(prompt, idempotency_key=key, **options)
        deadline = options.get("deadline")
        left = None if deadline is None else max(0.0, deadline - (loop.time() - started))
        return await self.wait(run, deadline=left, emit=options.get("emit", ignore_events))

    async def resume(
        self, run: AgentRun | int, prompt: str, *, deadline: float | None = None, emit: EventEmitter = ignore_events
    ) -> AgentRun:
        """Let a paused or ended run go on with another prompt, and return it when it is final again.

        The request is sent once: where its answer is lost, the error says so, and what became of it shows in the run.
        """
        number = run if isinstance(run, int) else run.id
        loop = asyncio.get_running_loop()
        started = loop.time()
        response = await self.resume_run(number, prompt)
        again = resumed(response, idempotency_key="" if isinstance(run, int) else run.idempotency_key)
        announce(again, emit)
        left = None if deadline is None else max(0.0, deadline - (loop.time() - started))
        return await self.wait(again, deadline=left, emit=emit)

    def follow(
        self, run: AgentRun | int, *, deadline: float | None = None, emit: EventEmitter = ignore_events
    ) -> AsyncGenerator[LogEntry | AgentRun, None]:
        """Yield a run as it is known, then each entry of its log as it comes, and last the run as `wait` returns it.

        Entries are emitted as events, too. A log that cannot be read is told in a note and does not end the stream.
        Iterate to the end, or close the iterator (`contextlib.aclosing`): that ends the waiting.
        """
        known = _known(run)
        stream = RunStream(
            run=known,
            reader=LogReader(lambda skip, limit: self.run_logs(known.id, skip=skip, limit=limit)),
            wait=lambda started: self.wait(started, deadline=deadline, emit=emit),
            pacing=self._pacing,
            emit=emit,
            deadline=deadline,
            secrets=lambda: self._connection.secrets,
        )
        return stream.items()

    async def run_stream(
        self,
        prompt: str,
        *,
        idempotency_key: str | None = None,
        deadline: float | None = None,
        metadata: Mapping[str, Any] | None = None,  # Any: the caller's own JSON
        repo_id: int | None = None,
        model: str | None = None,
        images: Sequence[str] = (),
        emit: EventEmitter = ignore_events,
    ) -> AsyncGenerator[LogEntry | AgentRun, None]:
        """Start a run once and yield it as it began, each entry of its log, and last the run as it ended: `submit`, then
        `follow`, within `deadline` seconds together."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        run = await self.submit(
            prompt,
            idempotency_key=idempotency_key,
            metadata=metadata,
            repo_id=repo_id,
            model=model,
            images=images,
            deadline=deadline,
            emit=emit,
        )
        left = None if deadline is None else max(0.0, deadline - (loop.time() - started))
        async with aclosing(self.follow(run, deadline=left, emit=emit)) as items:
            async for item in items:
                yield item

    async def run_with_context(
        self,
        prompt: str,
        key: str,
        *,
        store: ContextStore,
        idempotency_key: str | None = None,
        deadline: float | None = None,
        metadata: Mapping[str, Any] | None = None,  # Any: the caller's own JSON
        repo_id: int | None = None,
        model: str | None = None,
        images: Sequence[str] = (),
        emit: EventEmitter = ignore_events,
    ) -> AgentRun:
        """Run a prompt that begins with what earlier runs of `key` came to, keep what this one comes to, and return it.

        `store` is any LangGraph store. What is kept and told, and how it is bounded, stands at `RunContext`. A run that did
        not end within the deadline is not kept.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        org_id = await self.organization(deadline=deadline)
        secrets = (await self._connection.token(),)
        context = RunContext(store=store, key=key, org_id=org_id, secrets=secrets)
        extended = await context.extended(prompt)
        left = None if deadline is None else max(0.0, deadline - (loop.time() - started))
        run = await self.run(
            extended,
            idempotency_key=idempotency_key,
            deadline=left,
            metadata=metadata,
            repo_id=repo_id,
            model=model,
            images=images,
            emit=emit,
        )
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
        made = keys if keys is not None else batch_keys(name or uuid.uuid4().hex, prompts)
        if len(made) != len(prompts):
            raise UsageError("A batch needs one idempotency key for each prompt.")
        return await Batch(
            keys=made,
            run_one=lambda index, key: self._run(
                prompts[index], key=key, fresh=name is None and keys is None, deadline=deadline, emit=emit
            ),
            concurrency=concurrency,
            on_item=on_item or _unheard,
        ).run()


def _known(run: AgentRun | int) -> AgentRun:
    return run if isinstance(run, AgentRun) else AgentRun(id=run, status="unknown")


def _with_key(metadata: Mapping[str, Any] | None, key: str) -> dict[str, Any]:
    labelled = {**(metadata or {}), IDEMPOTENCY_FIELD: key}
    if metadata and metadata.get(IDEMPOTENCY_FIELD, key) != key:
        raise UsageError(
            f"The metadata hold another {IDEMPOTENCY_FIELD!r} than the argument.", hint="Give the key as argument only."
        )
    return labelled


def _telling(emit: EventEmitter, run: AgentRun | None) -> Callable[[AgentError, float], None]:
    def tell(error: AgentError, wait: float) -> None:
        message = f"{error.message} Trying again in {wait:.1f} s."
        if run is None:
            emit(AgentProgress(run_id=None, status="queued", message=message))
        else:
            announce(run, emit, message)

    return tell


def _unheard(item: BatchItem) -> None:
    """Nobody wants to hear of single items."""


def _quietly(error: AgentError, wait: float) -> None:
    """Repeat without telling."""
