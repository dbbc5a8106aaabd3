"""Log entries: what a run does, in the types that the Codegen documents name.

`ACTION` is a step with its tool, input and output; `PLAN_EVALUATION` a thought; `ERROR` and `FINAL_ANSWER` carry an
observation; `USER_MESSAGE` is what a person said to a run; `AGENT_RUN_LINK` points to a run elsewhere.
"""

from __future__ import annotations

import time
from typing import Any, Literal

from genloom.events import (
    AgentLogged,
    AgentProgress,
    CheckFinished,
    ContextReady,
    DraftMade,
    Event,
    ModelUsage,
    NodeFailed,
    NodeStarted,
    Note,
    RetryScheduled,
    ReviewReady,
    VerdictReady,
)

__all__ = ["Entry", "MessageType", "live_entry", "log_entry", "step_detail", "thought_of"]

MessageType = Literal["ACTION", "PLAN_EVALUATION", "FINAL_ANSWER", "ERROR", "USER_MESSAGE", "AGENT_RUN_LINK"]

Entry = dict[str, Any]  # Any: JSON values
"""The fields of `AgentRunLogResponse` without the run's number, and `key`, which tells an entry from all others of its
run and stays inside the server."""

_BEGINS = {
    "inject_context": "Looking for what of the codebase the request needs.",
    "generate": "Writing a draft.",
    "verify": "Running the draft's checks in the sandbox.",
    "review": "Reading the draft that ran.",
    "repair": "Using what failed to repair the draft.",
    "fallback": "Looking for another way, since this one led to nothing.",
    "dispatch_agent": "Giving the request to an agent.",
    "finalize": "Deciding how the run ends.",
}


def log_entry(
    key: str,
    kind: MessageType,
    *,
    at: float | None = None,
    tool: str | None = None,
    thought: str | None = None,
    observation: dict[str, Any] | str | None = None,
    tool_input: dict[str, Any] | None = None,
    tool_output: dict[str, Any] | None = None,
) -> Entry:
    """Return an entry of the Unix time given, or of now."""
    return {
        "key": key,
        "at": time.time() if at is None else at,
        "message_type": kind,
        "tool_name": tool,
        "thought": thought,
        "observation": observation,
        "tool_input": tool_input,
        "tool_output": tool_output,
    }


def step_detail(event: Event) -> tuple[str, dict[str, Any]] | None:
    """Return the list of a step's output that an event belongs to, and what it adds there; `None` when it adds nothing."""
    match event:
        case ContextReady():
            name = "context"
        case DraftMade():
            name = "drafts"
        case CheckFinished():
            name = "checks"
        case VerdictReady():
            name = "verdicts"
        case ReviewReady():
            name = "reviews"
        case ModelUsage():
            name = "model_calls"
        case _:
            return None
    told = event.model_dump(mode="json", exclude={"at", "kind"}, exclude_defaults=True)
    return name, told


def thought_of(event: Event) -> str | None:
    """Return what an event says was thought or decided, `None` when it says nothing of that."""
    match event:
        case NodeStarted():
            return _BEGINS.get(event.node, f"Beginning {event.node}.") if event.attempt == 1 else None
        case DraftMade():
            return f"{event.generator} made a draft." if event.made else f"{event.generator} made none: {event.reason}"
        case VerdictReady():
            return _verdict(event)
        case ReviewReady():
            return f"The review says {event.decision}, with {event.findings} findings."
        case RetryScheduled():
            return f"{event.node} is tried again in {event.wait:.1f} s: {event.reason}"
        case Note():
            return event.message
        case _:
            return None


def _verdict(event: VerdictReady) -> str:
    words = {"passed": "The checks passed", "failed": "A check failed", "not_run": "The checks could not decide"}
    evidence = f", evidence: {event.evidence.replace('_', ' ')}" if event.evidence else ""
    return f"{words[event.result]} ({event.checks} checks{evidence}). {event.reason}".strip()


def live_entry(event: Event) -> Entry | None:
    """Return the entry of an event that is not part of a step's own entry: failures, and what a remote agent does."""
    match event:
        case AgentLogged():
            return log_entry(
                f"agent:{event.run_id}:{event.number}",
                "ACTION",
                at=event.at,
                tool=event.tool or event.entry or "agent",
                thought=event.text or None,
                tool_input={"agent_run_id": event.run_id},
                tool_output={"entry": event.entry},
            )
        case AgentProgress(web_url=url) if url:
            seen = {"agent_run_id": event.run_id, "status": event.status, "web_url": url}
            return log_entry(f"agent:{event.run_id}:link", "AGENT_RUN_LINK", at=event.at, observation=seen)
        case NodeFailed():
            failure = {"error": event.error, "message": event.message, "seconds": round(event.seconds, 3)}
            return log_entry("", "ERROR", at=event.at, tool=event.node, observation=failure)
        case _:
            return None
