"""The summary of a run: what its events came to, and what two visits to one thread come to together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeVar

from genloom.events import DraftMade, Event, ModelUsage, NodeFailed, NodeFinished, NodeStarted, RunFinished

__all__ = ["MAX_NODE_RUNS", "RunSummary"]

MAX_NODE_RUNS = 500
"""Visits to nodes kept of one run; a run with more of them counts its first."""


@dataclass(kw_only=True)
class RunSummary:
    """What is kept of one run. Times are Unix seconds; `seconds` is the time worked, waiting for a person left out.

    `model` is the last chat model that wrote a draft, `None` where none did; a reviewer's model is not it. Tokens and cost
    count every model call, and are `None` where nobody told them. `attempts` are drafts. `nodes` are (node, seconds,
    failed) in the order in which they ended. `thread_id` is the thread that the run is saved under.
    """

    started: float
    seconds: float = 0.0
    outcome: str = "error"
    generator: str | None = None
    model: str | None = None
    attempts: int = 0
    cached: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    thread_id: str | None = None
    nodes: list[tuple[str, float, bool]] = field(default_factory=list)
    began: bool = field(default=False, repr=False)
    ended: bool = field(default=False, repr=False)
    _asked: str | None = field(default=None, repr=False)

    @property
    def of_thread(self) -> bool:
        """Whether it worked on its thread, or gave the thread's result. One that was refused before did neither, and says
        nothing of the run that the thread holds."""
        return self.thread_id is not None and (self.began or self.ended)

    def add(self, event: Event) -> None:
        """Take in what one event tells."""
        match event:
            case NodeStarted():
                self.began = True
            case NodeFinished() | NodeFailed():
                self._add_node(event)
            case DraftMade(made=True):
                self.attempts += 1
                self.model = self._asked if event.generator == "model" else self.model
            case ModelUsage():
                self._add_usage(event)
            case RunFinished():
                self._end(event)
            case _:
                pass

    def continued_by(self, later: RunSummary) -> RunSummary:
        """Return both as one run: what `later` tells of how it stands, and what the two took together."""
        return replace(
            later,
            started=self.started,
            seconds=self.seconds + later.seconds,
            generator=later.generator or self.generator,
            model=later.model or self.model,
            # a result tells all drafts of its thread, the events of a visit only those of that visit
            attempts=max(self.attempts, later.attempts) if later.ended else self.attempts + later.attempts,
            input_tokens=_sum(self.input_tokens, later.input_tokens),
            output_tokens=_sum(self.output_tokens, later.output_tokens),
            cost_usd=_sum(self.cost_usd, later.cost_usd),
            nodes=[*self.nodes, *later.nodes][:MAX_NODE_RUNS],
        )

    def _add_node(self, event: NodeFinished | NodeFailed) -> None:
        self.began = True
        if len(self.nodes) < MAX_NODE_RUNS:
            self.nodes.append((event.node, event.seconds, isinstance(event, NodeFailed)))

    def _add_usage(self, event: ModelUsage) -> None:
        self._asked = event.model
        if event.input_tokens or event.output_tokens:  # every call takes tokens: zeros say that the server told none
            self.input_tokens = _sum(self.input_tokens, event.input_tokens)
            self.output_tokens = _sum(self.output_tokens, event.output_tokens)
        self.cost_usd = _sum(self.cost_usd, event.cost_usd)

    def _end(self, event: RunFinished) -> None:
        self.ended = True
        self.outcome = event.outcome
        self.generator = event.generator
        self.attempts = event.attempts or self.attempts


_Number = TypeVar("_Number", int, float)


def _sum(first: _Number | None, second: _Number | None) -> _Number | None:
    """Add what is known: `None` when nothing is."""
    if first is None or second is None:
        return second if first is None else first
    return first + second
