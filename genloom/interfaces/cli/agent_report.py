"""How a run of the Codegen agent is told: as JSON, in lines for people, and as an exit code."""

from __future__ import annotations

from typing import Any

from genloom.errors import RunCancelledError
from genloom.state import AgentRun
from genloom.tools.codegen.log.entry import LogEntry
from genloom.tools.codegen.status import normalise_status
from genloom.tools.codegen.wire import AgentRunResponse, RunFields

__all__ = ["AgentInterruptedError", "exit_code", "log_line", "run_json", "run_lines", "run_row"]

_EXIT_CODES = {"completed": 0, "failed": 4, "cancelled": 4, "paused": 5, "unknown": 1}
_RESULT_IN_ROW = 60


class AgentInterruptedError(RunCancelledError):
    """Waiting was stopped; `json_fields` say which run goes on, for programs."""

    def __init__(self, message: str, *, hint: str, json_fields: dict[str, Any]) -> None:  # Any: JSON values
        super().__init__(message, hint=hint)
        self.json_fields = json_fields


def exit_code(run: AgentRun) -> int:
    """Return what waiting for the run to end comes to.

    0 completed; 4 failed, cancelled or timed out at the server; 5 paused; 130 not ended within the deadline; 1 a status
    that nobody knows.
    """
    if run.status == "timeout":
        return 4 if normalise_status(run.raw_status) == "timeout" else 130
    return _EXIT_CODES.get(run.status, 0)


def run_json(response: RunFields | None, run: AgentRun | None = None) -> dict[str, Any]:  # Any: JSON values
    """Return the API's run object with the status normalised and `raw_status` beside it.

    `run` is what waiting came to; its status (a deadline passed, say) stands before the server's. Without a response the
    object holds what `run` knows.
    """
    if response is None:
        assert run is not None
        requests = [{"id": None, "url": url} for url in run.pull_requests]
        shown = run.model_dump(mode="json", exclude={"pull_requests"})
        return {"id": run.id, "organization_id": None, **shown, "github_pull_requests": requests}
    raw = response.status or ""
    known = normalise_status(raw)
    late = run is not None and run.status == "timeout" and known not in ("completed", "failed", "cancelled")
    return {
        **response.model_dump(mode="json", exclude={"logs"}),
        "status": "timeout" if late else known,
        "raw_status": raw,
        "idempotency_key": response.idempotency_key or (run.idempotency_key if run else ""),
    }


def run_lines(shown: dict[str, Any]) -> list[str]:  # Any: JSON values
    """Return a run's lines for people, without its result."""
    raw = shown["raw_status"]
    status = shown["status"] if raw.lower() == shown["status"] else f"{shown['status']} ({raw or 'no status'})"
    lines = [f"run {shown['id']}: {status}"]
    if shown.get("web_url"):
        lines.append(f"  {shown['web_url']}")
    requests = shown.get("github_pull_requests") or ()
    lines += [f"  pull request: {' '.join(filter(None, [each.get('url'), each.get('title')]))}" for each in requests]
    if shown.get("summary"):
        lines.append(f"  {shown['summary']}")
    return lines


def run_row(response: AgentRunResponse) -> str:
    """Return a run on one line."""
    result = " ".join((response.result or response.summary or "").split())
    cut = result if len(result) <= _RESULT_IN_ROW else f"{result[: _RESULT_IN_ROW - 1]}…"
    status = normalise_status(response.status)
    return f"{response.id:>8}  {(response.created_at or '')[:19]:<19}  {status:<10}  {cut}".rstrip()


def log_line(entry: LogEntry) -> str:
    """Return an entry of a log as a person reads it."""
    step = entry.step
    head = " ".join(filter(None, [(step.created_at or "")[:19], step.message_type, step.tool_name]))
    return f"{head}  {entry.text}".strip()
