"""`genloom agent batch`: a file of prompts, a JSON line for each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genloom.errors import CredentialError, RunCancelledError, UsageError
from genloom.interfaces.cli.agent_report import exit_code, run_json
from genloom.interfaces.cli.agent_run import NewRun, submit_once
from genloom.interfaces.cli.agent_session import AgentSession
from genloom.interfaces.cli.inputs import read_prompt, read_text
from genloom.interfaces.cli.terminal import put_json, tell
from genloom.state import AgentRun
from genloom.tools.codegen import AsyncCodegen, BatchItem, batch_keys
from genloom.tools.codegen.batch import MAX_PROMPTS, Batch
from genloom.tools.codegen.deadline import Deadline

__all__ = ["BatchLine", "read_batch", "run_batch"]


class BatchLine(BaseModel):
    """What a line may hold; a line that is a JSON string is a prompt alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str = Field(min_length=1)
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=200)
    metadata: dict[str, Any] | None = None  # Any: the caller's own JSON
    repo_id: int | None = None
    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class NumberedLine:
    """A line with its number in the file, from 1, and its key."""

    number: int
    line: BatchLine
    key: str

    @property
    def new_run(self) -> NewRun:
        """The run that it asks for."""
        asked = self.line
        return NewRun(prompt=asked.prompt, repo_id=asked.repo_id, model=asked.model, metadata=asked.metadata)


def read_batch(file: str, name: str | None) -> tuple[NumberedLine, ...]:
    """Read a file (`-`: standard input) of JSON lines; empty lines are passed over.

    A line's idempotency key is its own, else made of the batch's name (the file's path unless one is given) and of what
    the line says, wherever it stands. Raises `UsageError` that names the line.
    """
    text = read_prompt("-") if file == "-" else read_text(file, "batch file") or ""
    lines = [(number, _parsed(number, line)) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not 1 <= len(lines) <= MAX_PROMPTS:
        raise UsageError(f"The batch has {len(lines):,} prompts.", hint=f"Give 1 to {MAX_PROMPTS:,}, one on each line.")
    called = name or ("standard input" if file == "-" else str(Path(file).resolve()))
    made = batch_keys(called, (line.model_dump_json() for _, line in lines))
    return tuple(
        NumberedLine(number=number, line=line, key=line.idempotency_key or key)
        for (number, line), key in zip(lines, made, strict=True)
    )


def _parsed(number: int, text: str) -> BatchLine:
    try:
        data = json.loads(text)
        return BatchLine.model_validate({"prompt": data} if isinstance(data, str) else data)
    except (ValueError, RecursionError) as error:
        why = str(error)
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_input=False)[0]
            why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
        raise UsageError(
            f"Line {number} of the batch is no prompt: {why}.".replace("..", "."),
            hint='A line is a JSON string, or an object such as {"prompt": "…", "repo_id": 7}.',
        ) from error


def run_batch(
    lines: Sequence[NumberedLine], *, org_id: int | None, concurrency: int, deadline: float | None, quiet: bool
) -> int:
    """Run all lines and print a JSON line for each as it ends; return the exit code."""
    session = _BatchSession(org_id=org_id, quiet=True)
    progress = _Progress(lines, quiet=quiet)

    async def work(client: AsyncCodegen) -> tuple[BatchItem, ...]:
        async def one(index: int, key: str) -> AgentRun:
            until = Deadline(deadline)
            run = await submit_once(client, lines[index].new_run, key, AgentSession(quiet=True), deadline=deadline)
            progress.begun(lines[index], run)
            return await client.wait(run, deadline=until.left)

        await client.organization()  # a refused token ends the command, not one line
        keys = [line.key for line in lines]
        return await Batch(keys=keys, run_one=one, concurrency=concurrency, on_item=progress.ended).run()

    items = session.perform(work)
    if not quiet:
        tell(progress.summary)
    return _exit_code(items)


class _BatchSession(AgentSession):
    """Ctrl-C says how the batch goes on."""

    def _interrupted(self) -> RunCancelledError:
        return RunCancelledError(
            "Interrupted; runs that were started go on at the server.",
            hint="Give the same command again: what was started is found by its key, and nothing is started twice.",
        )


class _Progress:
    """Prints each line's outcome on standard output, and how far the batch is on standard error."""

    def __init__(self, lines: Sequence[NumberedLine], *, quiet: bool) -> None:
        self._lines = lines
        self._quiet = quiet
        self._done = 0
        self._completed = 0

    @property
    def summary(self) -> str:
        """How many ended, and how."""
        return f"{self._completed} of {len(self._lines)} completed, {self._done - self._completed} did not"

    def begun(self, line: NumberedLine, run: AgentRun) -> None:
        """Tell that a line's run was started or found."""
        if not self._quiet:
            tell(f"line {line.number}: run {run.id} {run.web_url}".rstrip())

    def ended(self, item: BatchItem) -> None:
        """Print a line's outcome."""
        line = self._lines[item.index]
        self._done += 1
        self._completed += item.completed
        put_json(
            {
                "line": line.number,
                "idempotency_key": line.key,
                "run": run_json(None, item.run) if item.run else None,
                "error": item.error.to_json() if item.error else None,
            }
        )
        if not self._quiet:
            what = item.run.status if item.run else f"error: {item.error.message if item.error else ''}"
            tell(f"line {line.number}: {what} ({self._done} of {len(self._lines)})")


def _exit_code(items: Sequence[BatchItem]) -> int:
    if all(item.completed for item in items):
        return 0
    if any(isinstance(item.error, CredentialError) for item in items):
        return CredentialError.exit_code
    codes = {exit_code(item.run) if item.run else 4 for item in items}
    return codes.pop() if len(codes) == 1 else 1
