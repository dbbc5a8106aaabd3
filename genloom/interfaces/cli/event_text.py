"""What each event of a run is in a few words, for the line of its node."""

from __future__ import annotations

from functools import singledispatch

from genloom.events import (
    AgentLogged,
    AgentProgress,
    ContextReady,
    DraftMade,
    Event,
    IndexProgress,
    ModelUsage,
    NodeFailed,
    RetryScheduled,
    ReviewReady,
    RunFinished,
    SearchProgress,
    VerdictReady,
)

__all__ = ["event_text", "plural"]


def plural(count: int, noun: str) -> str:
    """Return the count with its noun: `1 draft`, `2 drafts`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


@singledispatch
def event_text(event: Event) -> str:
    """Return the words for an event, empty when it needs none."""
    return ""


@event_text.register
def _(event: IndexProgress) -> str:
    return f"indexing: {event.done:,} of {plural(event.total, 'file')}"


@event_text.register
def _(event: ContextReady) -> str:
    if not event.tokens:
        return "no context"
    return f"{plural(event.references, 'place')} in {plural(event.files, 'file')}, {event.tokens:,} tokens"


@event_text.register
def _(event: SearchProgress) -> str:
    return f"searching: size {event.size}, {plural(event.candidates, 'candidate')}"


@event_text.register
def _(event: DraftMade) -> str:
    return f"{event.generator}: {plural(event.lines, 'line')}" if event.made else f"{event.generator}: {event.reason}"


@event_text.register
def _(event: VerdictReady) -> str:
    if event.result == "passed":
        return f"{plural(event.checks, 'check')} passed, evidence: {event.evidence.replace('_', ' ')}, {event.sandbox}"
    return f"{event.result.replace('_', ' ')}: {event.reason}"


@event_text.register
def _(event: ReviewReady) -> str:
    return f"{event.decision}, {plural(event.findings, 'finding')}"


@event_text.register
def _(event: RetryScheduled) -> str:
    return f"again in {event.wait:.1f} s: {event.reason}"


@event_text.register
def _(event: ModelUsage) -> str:
    return f"{event.model}: {event.input_tokens:,} tokens in, {event.output_tokens:,} out"


@event_text.register
def _(event: AgentProgress) -> str:
    run = f"run {event.run_id}: {event.status}" if event.run_id is not None else ""  # not started yet
    return " ".join(filter(None, [run, event.message, event.web_url]))


@event_text.register
def _(event: AgentLogged) -> str:
    return " ".join(filter(None, [f"run {event.run_id}:", event.tool or event.entry.lower(), event.text]))


@event_text.register
def _(event: NodeFailed) -> str:
    return f"{event.error}: {event.message}".removesuffix(": ")


@event_text.register
def _(event: RunFinished) -> str:
    return f"{event.outcome}: {event.reason}".removesuffix(": ")
