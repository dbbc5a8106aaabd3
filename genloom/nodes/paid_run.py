"""What every node needs that starts a run which may cost: its backend, its journal, and what counts as done."""

from __future__ import annotations

from genloom.errors import AgentError, CredentialError
from genloom.nodes.runtime import NodeRuntime
from genloom.state import AgentRun
from genloom.tools.codegen import NO_BACKEND_HINT, PROCESS_JOURNAL, RunJournal

__all__ = ["backend_name", "demand_completed", "run_journal"]


def backend_name(runtime: NodeRuntime) -> str:
    """Return the name of the configured backend. Raises `CredentialError` where none is."""
    if runtime.context.agent_backend is None:
        raise CredentialError("An agent was asked for, but no agent backend is configured.", hint=NO_BACKEND_HINT)
    return runtime.context.agent_backend


def run_journal(runtime: NodeRuntime) -> RunJournal:
    """Return a journal as durable as the graph: a run without a checkpointer cannot outlive its process."""
    if runtime.thread_id is None:
        return PROCESS_JOURNAL
    from genloom.tools.store.agent_journal import open_agent_journal

    return open_agent_journal(runtime.settings)


def demand_completed(run: AgentRun) -> None:
    """Raise `AgentError` with the run's own words unless it completed."""
    if run.status == "completed":
        return
    status = run.raw_status or run.status
    ended = run.status in ("failed", "cancelled")
    raise AgentError(
        f"The agent's run {run.id} " + (f"ended as {status}." if ended else f"did not end in time (it is {status})."),
        kind="run_failed",
        hint=f"Look at {run.web_url}." if run.web_url else (run.summary or "Look at the run at the backend.")[:500],
    )
