"""The one typed event stream: what nodes and tools tell while they work.

Inside a graph, events leave as LangGraph's custom stream events (as plain JSON, so that they cross a server); a tool that
is used outside a graph takes an `EventEmitter`. The command line, traces, statistics and reports all read them through
`parse_event`. No event holds a secret or the text of the context.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

__all__ = [
    "AgentLogged",
    "AgentProgress",
    "CheckFinished",
    "ContextReady",
    "DraftMade",
    "Event",
    "EventEmitter",
    "IndexProgress",
    "ModelUsage",
    "NodeFailed",
    "NodeFinished",
    "NodeStarted",
    "Note",
    "RequestFinished",
    "RetryScheduled",
    "ReviewReady",
    "RunFinished",
    "SearchProgress",
    "VerdictReady",
    "ignore_events",
    "parse_event",
]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    at: float = Field(default_factory=time.time, description="Unix time in seconds")


class NodeStarted(_Event):
    """A node begins its work; `attempt` counts its own retries from 1."""

    kind: Literal["node_started"] = "node_started"
    node: str
    attempt: int = 1


class NodeFinished(_Event):
    """A node is done; `summary` says in a few words what came of it."""

    kind: Literal["node_finished"] = "node_finished"
    node: str
    seconds: float
    summary: str = ""


class NodeFailed(_Event):
    """A node raised."""

    kind: Literal["node_failed"] = "node_failed"
    node: str
    seconds: float
    error: str
    message: str = ""


class RetryScheduled(_Event):
    """A node will be tried again after `wait` seconds."""

    kind: Literal["retry_scheduled"] = "retry_scheduled"
    node: str
    attempt: int
    wait: float
    reason: str


class RequestFinished(_Event):
    """One request of a batch is done; `index` is its place among them, from 0."""

    kind: Literal["request_finished"] = "request_finished"
    index: int
    name: str
    outcome: str


class IndexProgress(_Event):
    """Files of the repository indexed so far."""

    kind: Literal["index_progress"] = "index_progress"
    done: int
    total: int


class ContextReady(_Event):
    """The context was chosen: how much, from how many files, how relevant; `best` are the first few places, each with the
    reasons for it."""

    kind: Literal["context_ready"] = "context_ready"
    references: int
    files: int
    tokens: int
    relevance: float
    best: tuple[str, ...] = ()


class SearchProgress(_Event):
    """The search's size of program and count of candidates so far."""

    kind: Literal["search_progress"] = "search_progress"
    size: int
    candidates: int


class DraftMade(_Event):
    """A generator made a draft, or abstained (`made` is false and `reason` says why)."""

    kind: Literal["draft_made"] = "draft_made"
    generator: str
    made: bool
    reason: str = ""
    lines: int = 0


class CheckFinished(_Event):
    """One check ran."""

    kind: Literal["check_finished"] = "check_finished"
    check: str
    source: str
    result: Literal["passed", "failed", "not_run"]
    detail: str = ""


class VerdictReady(_Event):
    """What the checks of a draft showed together."""

    kind: Literal["verdict_ready"] = "verdict_ready"
    result: Literal["passed", "failed", "not_run"]
    evidence: str
    checks: int
    sandbox: str = ""
    grants: tuple[str, ...] = ()
    limits: str = ""
    reason: str = ""
    missed: str = Field(default="", description="Lines of the draft that no check reached, such as `12-14, 20`")


class ReviewReady(_Event):
    """What the review decided."""

    kind: Literal["review_ready"] = "review_ready"
    decision: Literal["approve", "revise", "reject"]
    findings: int


class ModelUsage(_Event):
    """Tokens that one model call took; `cost_usd` where it is known."""

    kind: Literal["model_usage"] = "model_usage"
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float | None = None


class AgentProgress(_Event):
    """A Codegen run changed its status or logged something."""

    kind: Literal["agent_progress"] = "agent_progress"
    run_id: int | None
    status: str
    message: str = ""
    web_url: str = ""


class AgentLogged(_Event):
    """A Codegen run's agent took a step. `text` is its own, untrusted, shortened and without secrets; `entry` is the
    server's word for the kind of step."""

    kind: Literal["agent_logged"] = "agent_logged"
    run_id: int
    number: int
    entry: str = ""
    tool: str = ""
    text: str = ""


class Note(_Event):
    """Something that a person should know."""

    kind: Literal["note"] = "note"
    message: str
    level: Literal["info", "warning"] = "info"


class RunFinished(_Event):
    """The graph ended."""

    kind: Literal["run_finished"] = "run_finished"
    outcome: str
    generator: str | None = None
    attempts: int = 0
    reason: str = ""


Event = Annotated[
    NodeStarted
    | NodeFinished
    | NodeFailed
    | RetryScheduled
    | RequestFinished
    | IndexProgress
    | ContextReady
    | SearchProgress
    | DraftMade
    | CheckFinished
    | VerdictReady
    | ReviewReady
    | ModelUsage
    | AgentProgress
    | AgentLogged
    | Note
    | RunFinished,
    Field(discriminator="kind"),
]

EventEmitter = Callable[[Event], None]
"""Takes one event and returns at once; may be called from any thread."""

_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)


def ignore_events(event: Event) -> None:
    """An emitter that drops every event."""


def parse_event(data: object) -> Event | None:
    """Return the typed event of one custom stream item, or `None` when it is somebody else's."""
    if not isinstance(data, Mapping) or "kind" not in data:
        return None
    try:
        return _EVENTS.validate_python(dict(data))
    except ValueError:
        return None
