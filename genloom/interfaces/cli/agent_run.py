"""Starting, resuming and awaiting one run for the command line."""

from __future__ import annotations

import base64
import json
import mimetypes
import uuid
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genloom.config import load_settings
from genloom.errors import StorageError, UsageError
from genloom.interfaces.cli.agent_report import exit_code, run_json, run_lines
from genloom.interfaces.cli.agent_session import AgentSession, last_seen, read
from genloom.interfaces.cli.terminal import put_json, put_text, tell
from genloom.state import AgentRun
from genloom.tools.codegen import AsyncCodegen
from genloom.tools.codegen.access import resolve_access
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
    "image_uri",
    "metadata_of",
    "pause_run",
    "resume_run",
    "start_run",
    "submit_once",
]

MAX_IMAGE_BYTES = 5_000_000


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
        run = await submit_once(client, new, key, session, deadline=waiting.deadline, fresh=new.key is None)
        session.run = run
        return await _awaited(client, run, session, waiting, until.left)

    return _give(*session.perform(work), waiting)


def await_run(number: int, waiting: Waiting, *, org_id: int | None) -> int:
    """Print a run, waited for when that is asked; return the exit code."""
    session = AgentSession(org_id=org_id, quiet=waiting.quiet or not waiting.wait)

    async def work(client: AsyncCodegen) -> tuple[AgentRun, dict[str, Any]]:
        response = await read(lambda: client.get_run(number))
        run = response.to_run()
        if not waiting.wait:
            return run, run_json(response)
        session.run = run
        return await _awaited(client, run, session, waiting, waiting.deadline)

    return _give(*session.perform(work), waiting)


def resume_run(number: int, prompt: str, waiting: Waiting, *, org_id: int | None, logs: bool) -> int:
    """Let a run go on with a prompt, wait for it and print it; return the exit code."""
    session = AgentSession(org_id=org_id, quiet=waiting.quiet, logs=logs)

    async def work(client: AsyncCodegen) -> tuple[AgentRun, dict[str, Any]]:
        response = await client.resume_run(number, prompt)
        session.run = resumed(response)
        return await _awaited(client, session.run, session, waiting, waiting.deadline)

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
    place = f"{resolve_access().base_url} {await client.organization(deadline=deadline)}"
    journal = open_agent_journal(load_settings())
    options: SubmitOptions = {**new.options, "deadline": until.left, "fresh": fresh, "emit": session.emit}
    return await submit_journaled(client, journal, new.prompt, key=key, place=place, **options)


async def _awaited(
    client: AsyncCodegen, run: AgentRun, session: AgentSession, waiting: Waiting, deadline: float | None
) -> tuple[AgentRun, dict[str, Any]]:
    if waiting.wait and session.logs:
        async for item in client.follow(run, deadline=deadline, emit=session.emit):
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


def image_uri(path: str) -> str:
    """Return a picture's file as a data URI. Raises `StorageError` or `UsageError`."""
    kind = mimetypes.guess_type(path)[0] or ""
    if not kind.startswith("image/"):
        raise UsageError(f"{path!r} does not look like an image.", hint="Give a .png, .jpg, .gif or .webp file.")
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_IMAGE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise StorageError(f"The image {path!r} cannot be read: {error}.", hint="Check the path.") from error
    if len(data) > MAX_IMAGE_BYTES:
        raise UsageError(f"The image {path!r} is larger than {MAX_IMAGE_BYTES:,} bytes.", hint="Make it smaller.")
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def metadata_of(
    pairs: Sequence[str], *, examples: Sequence[str] = (), tests: str | None = None, approval: bool = False
) -> dict[str, Any] | None:  # Any: the caller's own JSON
    """Return `KEY=VALUE` options as metadata, `None` without any, and beside them what a genloom server looks for.

    A value that is a JSON list, object, number, true, false or null is taken as such, anything else as text, also a number
    that would not be written so again (`1.10`). Raises `UsageError`, also for what is said twice.
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{pair!r} is no metadata.", hint="Write it as KEY=VALUE.")
        found[name.strip()] = _value(value)
    given = {"examples": list(examples), "tests": tests, "approval": approval}
    asked = {name: value for name, value in given.items() if value}
    for name in asked.keys() & found.keys():
        raise UsageError(f"{name} is given by an option of its own and by --metadata.", hint="Give one of them.")
    return {**found, **asked} or None


def _value(text: str) -> Any:  # Any: JSON
    try:
        value = json.loads(text)
        again = json.dumps(value, allow_nan=False)  # NaN and the infinities are Python's, not JSON's
    except (ValueError, RecursionError):
        return text
    number = isinstance(value, int | float)
    return text if isinstance(value, str) or (number and again != text) else value
