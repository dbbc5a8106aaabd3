"""Starting, resuming and awaiting one run for the command line."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from genloom.config import load_settings
from genloom.interfaces.cli.agent_report import exit_code, run_json, run_lines
from genloom.interfaces.cli.agent_session import AgentSession, last_seen, read
from genloom.interfaces.cli.terminal import put_json, put_text, tell
from genloom.state import AgentRun
from genloom.tools.codegen import AsyncCodegen
from genloom.tools.codegen.deadline import Deadline
from genloom.tools.codegen.once.journaled import submit_journaled
from genloom.tools.codegen.options import SubmitOptions
from genloom.tools.codegen.watch import resumed
from genloom.tools.codegen.wire import AgentRunResponse

__all__ = [
    "NewRun",
    "Waiting",
    "await_run",
    "cancel_run",
    "pause_run",
    "resume_run",
    "start_run",
    "submit_once",
]


@dataclass(frozen=True, kw_only=True)
class NewRun:
    """What the command line asks for."""

    prompt: str
    key: str | None = None
    repo_id: int | None = None
    model: str | None = None
    images: tuple[str, ...] = ()
    metadata: dict[str, Any] | None = None  # Any: the caller's own JSON

    @property
    def options(self) -> SubmitOptions:
        """What `AsyncCodegen.submit` takes beside prompt and key."""
        asked: SubmitOptions = {"images": self.images}
        if self.metadata is not None:
            asked["metadata"] = self.metadata
        if self.repo_id is not None:
            asked["repo_id"] = self.repo_id
        if self.model is not None:
            asked["model"] = self.model
        return asked


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How long a command waits and what it prints."""

    wait: bool
    deadline: float | None
    as_json: bool
    quiet: bool


def start_run(new: NewRun, waiting: Waiting, *, org_id: int | None, logs: bool) -> int:
    """Start a run, wait for it and print it; return the exit code."""
    key = new.key or f"cli-{uuid.uuid4().hex}"
    session = AgentSession(org_id=org_id, quiet=waiting.quiet, logs=logs, key=key)

    async def work(client: AsyncCodegen) -> tuple[AgentRun, dict[str, Any]]:
        until = Deadline(waiting.deadline)
        run = await submit_once(client, new, key, session, deadline=until.left, fresh=new.key is None)
        session.run = run
        return await _awaited(client, run, session, waiting, until.left)

    return _give(*session.perform(work), waiting)


def await_run(number: int, waiting: Waiting, *, org_id: int | None) -> int:
    """Print a run, waited for when that is asked; return the exit code."""
    session = AgentSession(org_id=org_id, quiet=waiting.quiet or not waiting.wait)

    async def work(client: AsyncCodegen) -> tuple[AgentRun, dict[str, Any]]:
        until = Deadline(waiting.deadline)
        response = await read(lambda: client.get_run(number))
        run = response.to_run()
        if not waiting.wait:
            return run, run_json(response)
        session.run = run
        return await _awaited(client, run, session, waiting, until.left)

    return _give(*session.perform(work), waiting)


def resume_run(number: int, prompt: str, waiting: Waiting, *, org_id: int | None, logs: bool) -> int:
    """Let a run go on with a prompt, wait for it and print it; return the exit code."""
    session = AgentSession(org_id=org_id, quiet=waiting.quiet, logs=logs)

    async def work(client: AsyncCodegen) -> tuple[AgentRun, dict[str, Any]]:
        until = Deadline(waiting.deadline)
        response = await client.resume_run(number, prompt)
        session.run = resumed(response)
        return await _awaited(client, session.run, session, waiting, until.left)

    return _give(*session.perform(work), waiting)


def cancel_run(number: int, *, org_id: int | None, as_json: bool) -> int:
    """End a run and print it as it is then."""
    return _controlled(lambda client: client.cancel_run(number), org_id=org_id, as_json=as_json)


def pause_run(number: int, *, org_id: int | None, as_json: bool) -> int:
    """Hold a run and print it as it is then."""
    return _controlled(lambda client: client.pause_run(number), org_id=org_id, as_json=as_json)


def _controlled(
    control: Callable[[AsyncCodegen], Coroutine[Any, Any, AgentRunResponse]],  # Any: asyncio's own types
    *,
    org_id: int | None,
    as_json: bool,
) -> int:
    run = AgentSession(org_id=org_id).perform(control)
    if as_json:
        put_json(run_json(run))
    else:
        tell(f"run {run.id}: {run.to_run().status}")
    return 0


async def submit_once(
    client: AsyncCodegen,
    new: NewRun,
    key: str,
    session: AgentSession,
    *,
    deadline: float | None,
    fresh: bool = False,
) -> AgentRun:
    """Start the run of a key once, also when the command is given again; a `fresh` key was made by this one."""
    from genloom.tools.store.agent_journal import open_agent_journal  # imported here: reading runs needs no database

    until = Deadline(deadline)
    place = await client.place(deadline=until.left)
    journal = open_agent_journal(load_settings())
    options: SubmitOptions = {**new.options, "deadline": until.left, "fresh": fresh, "emit": session.emit}
    return await submit_journaled(client, journal, new.prompt, key=key, place=place, **options)


async def _awaited(
    client: AsyncCodegen, run: AgentRun, session: AgentSession, waiting: Waiting, deadline: float | None
) -> tuple[AgentRun, dict[str, Any]]:
    if waiting.wait and session.logs:
        async with aclosing(client.follow(run, deadline=deadline, emit=session.emit)) as items:
            async for item in items:
                run = item if isinstance(item, AgentRun) else run
    elif waiting.wait:
        run = await client.wait(run, deadline=deadline, emit=session.emit)
    return run, run_json(await last_seen(client, run), run)


def _give(run: AgentRun, shown: dict[str, Any], waiting: Waiting) -> int:
    if waiting.as_json:
        put_json(shown)
    elif shown.get("result"):
        put_text(shown["result"])
    if not waiting.quiet and (not waiting.as_json or not waiting.wait):
        tell(run_lines(shown))
    code = exit_code(run) if waiting.wait else 0
    if code == 130 and not waiting.quiet:
        tell(f"not ended within the deadline; `genloom agent get {run.id} --wait` goes on.")
    if run.status == "paused" and not waiting.quiet:
        seen = f"it waits for a person, who sees the draft at {run.web_url}" if run.web_url else "it waits for a person"
        tell(f"{seen}; `genloom agent resume {run.id} PROMPT` goes on.")
    return code
