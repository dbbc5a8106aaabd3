"""Lists of runs and their logs for the command line."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from functools import partial

from genloom.interfaces.cli.agent_report import exit_code, log_line, run_json, run_lines, run_row
from genloom.interfaces.cli.agent_run import Waiting
from genloom.interfaces.cli.agent_session import AgentSession, last_seen, read
from genloom.interfaces.cli.terminal import put_json, put_text, tell
from genloom.state import AgentRun
from genloom.tools.codegen import AsyncCodegen, LogEntry, normalise_status
from genloom.tools.codegen.wire import MAX_PAGE, AgentRunResponse, AgentRunWithLogsResponse

__all__ = ["follow_logs", "print_logs", "print_runs"]

MAX_LISTED = 1000


def print_runs(*, limit: int, status: str | None, org_id: int | None, as_json: bool) -> int:
    """Print the newest runs, of one status if that is asked."""

    async def work(client: AsyncCodegen) -> tuple[list[AgentRunResponse], int]:
        found: list[AgentRunResponse] = []
        total = 0
        for skip in range(0, MAX_LISTED, MAX_PAGE):
            size = MAX_PAGE if status else min(MAX_PAGE, limit - len(found))
            page = await read(partial(client.list_runs, limit=size, skip=skip))
            total = page.total
            known = {run.id for run in found}  # a run that starts meanwhile moves the others on
            found += [
                run for run in page.items if run.id not in known and status in (None, normalise_status(run.status))
            ]
            if len(found) >= limit or len(page.items) < size:
                break
        return found[:limit], total

    runs, total = AgentSession(org_id=org_id).perform(work)
    if as_json:
        put_json({"runs": [run_json(run) for run in runs], "total": total})
    else:
        put_text("\n".join([run_row(run) for run in runs] or ["There are no such runs."]))
    return 0


def print_logs(number: int, *, skip: int, limit: int, org_id: int | None, as_json: bool) -> int:
    """Print a part of a run's log."""

    async def work(client: AsyncCodegen) -> tuple[AgentRunWithLogsResponse, list[LogEntry]]:
        found: list[LogEntry] = []
        while True:
            size, at = min(MAX_PAGE, limit - len(found)), skip + len(found)
            page = await read(partial(client.run_logs, number, skip=at, limit=size))
            found += [
                LogEntry(run_id=number, number=at + place, step=step) for place, step in enumerate(page.logs[:size], 1)
            ]
            left = len(page.logs) == size if page.total_logs is None else skip + len(found) < page.total_logs
            if not (page.logs and left and len(found) < limit):
                return page, found

    page, entries = AgentSession(org_id=org_id).perform(work)
    if as_json:
        steps = [entry.step.model_dump(mode="json") for entry in entries]
        put_json({"run": run_json(page), "logs": steps, "total_logs": page.total_logs})
        return 0
    put_text("\n".join([log_line(entry) for entry in entries] or ["The log has no entries there."]))
    return 0


@dataclass(frozen=True)
class _Printer:
    as_json: bool

    def __call__(self, entry: LogEntry) -> None:
        if self.as_json:
            put_json({"entry": entry.step.model_dump(mode="json")})
        else:
            put_text(log_line(entry))


def follow_logs(number: int, waiting: Waiting, *, org_id: int | None) -> int:
    """Print a run's log as it grows, and the run when it has ended; the exit code says how it ended."""
    session = AgentSession(org_id=org_id, quiet=waiting.quiet)
    show = _Printer(waiting.as_json)

    async def work(client: AsyncCodegen) -> tuple[AgentRun, AgentRunResponse | None]:
        run = (await read(lambda: client.get_run(number))).to_run()
        session.run = run
        async with aclosing(client.follow(run, deadline=waiting.deadline, emit=session.emit)) as items:
            async for item in items:
                if isinstance(item, LogEntry):
                    show(item)
                else:
                    run = item
        return run, await last_seen(client, run)

    run, response = session.perform(work)
    shown = run_json(response, run)
    if waiting.as_json:
        put_json({"run": shown})
    elif not waiting.quiet:
        tell(run_lines(shown))
    return exit_code(run)
