"""The result of a generation: what the graph's final state says, typed, and as the JSON contract shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from genloom.errors import GenloomError
from genloom.interfaces.told import without_secrets
from genloom.state import (
    AgentRun,
    Attempt,
    CodeContext,
    Draft,
    GenerationRequest,
    GeneratorName,
    NotRun,
    Outcome,
    OutcomeResult,
    Problem,
    Review,
    Verdict,
)
from genloom.state.part import StatePart
from genloom.tools.checks import verdict_to_json

__all__ = ["GenerationResult", "error_json"]

RESULT_FORMAT = 1
"""Goes into the cache's key: a result of another format is never read back."""


class GenerationResult(StatePart):
    """How a request ended, with its code, verdict and review.

    `outcome` is the word of the JSON contract; `usable` says whether the code may be written or imported. `path` is where
    the code was written, once it was. `question` is what a pending run asks a person. `seconds` is the wall time.
    """

    name: str
    outcome: OutcomeResult
    reason: str = ""
    accepted: bool = False
    draft: Draft | None = None
    verdict: Verdict | None = None
    review: Review | None = None
    context: CodeContext | None = None
    agent_run: AgentRun | None = None
    attempts: int = 0
    cached: bool = False
    thread_id: str | None = None
    path: str | None = None
    question: Annotated[dict[str, Any] | None, Field(description="What a pending run asks")] = (
        None  # Any: the interrupt's own JSON
    )
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0

    @property
    def source(self) -> str | None:
        """The text of the module, `None` without a draft."""
        return self.draft.source if self.draft is not None else None

    @property
    def generator(self) -> GeneratorName | None:
        """Who made the draft."""
        return self.draft.generator if self.draft is not None else None

    @property
    def deciding(self) -> str:
        """The call whose result would decide best between the code and a candidate of like cost that differs, such as
        `f("a b")`; empty where nothing of the kind stands against it. Give it as a further example, and ask again."""
        return self.draft.deciding if self.draft is not None else ""

    @property
    def usable(self) -> bool:
        """Whether the code may be written, cached or imported."""
        return Outcome(result=self.outcome, accepted=self.accepted).usable

    @property
    def exit_code(self) -> int:
        """The command line's exit code."""
        return Outcome(result=self.outcome, accepted=self.accepted).exit_code

    @classmethod
    def of_state(cls, values: Mapping[str, Any], *, thread_id: str | None, seconds: float) -> GenerationResult:
        """Parse the graph's final state, whose values may still be plain JSON. Any: LangGraph returns raw values."""
        request = GenerationRequest.model_validate(values["request"])
        attempts: tuple[Attempt, ...] = tuple(values.get("attempts") or ())
        shown = _shown(values, attempts)
        interrupts = values.get("__interrupt__") or ()
        ended: Outcome | None = values.get("outcome")
        outcome = ended or _stopped(interrupts)
        return cls(
            name=request.target_name,
            outcome=outcome.result,
            reason=outcome.reason,
            accepted=outcome.accepted,
            draft=shown.draft if shown else None,
            verdict=shown.verdict if shown else values.get("verdict"),
            review=shown.review if shown else None,
            context=values.get("context"),
            agent_run=values.get("agent_run"),
            attempts=len(attempts) + (1 if ended is None and values.get("draft") is not None else 0),
            thread_id=thread_id,
            question=interrupts[0].value if interrupts else None,
            problems=outcome.problems,
            seconds=seconds,
        )

    def to_json(self) -> dict[str, Any]:  # Any: JSON values
        """Return the object that `genloom generate --json` prints."""
        return {
            "outcome": self.outcome,
            "reason": self.reason,
            "accepted": self.accepted,
            "name": self.name,
            "source": self.source,
            "path": self.path,
            "generator": self.generator,
            "model": self.draft.model if self.draft else None,
            "notes": list(self.draft.notes) if self.draft else [],
            "rivals": list(self.draft.rivals) if self.draft else [],
            "deciding": self.deciding,
            "outputs": list(self.draft.outputs) if self.draft else [],
            "cut_by_clock": self.draft is not None and self.draft.cut_by_clock,
            "attempts": self.attempts,
            "cached": self.cached,
            "verdict": verdict_to_json(self.verdict) if self.verdict is not None else None,
            "review": _review_json(self.review),
            "context": _context_json(self.context),
            "agent_run": _agent_json(self.agent_run),
            "thread_id": self.thread_id,
            "question": self.question,
            "seconds": round(self.seconds, 4),
            "errors": [problem.model_dump() for problem in self.problems],
        }


def error_json(error: GenloomError) -> dict[str, Any]:
    """Return the contract's object for a request that ended in an error; the causes follow the error itself."""
    problems = [error.to_json()]
    problems.extend(_cause_json(cause) for cause in getattr(error, "causes", ()))
    empty = GenerationResult(name="", outcome="error", thread_id=error.thread_id).to_json()
    return {**empty, "outcome": error.outcome, "reason": error.message, "errors": problems}


def _cause_json(cause: BaseException) -> dict[str, str]:
    if isinstance(cause, GenloomError):
        return cause.to_json()
    return {"type": type(cause).__name__, "message": without_secrets(str(cause)), "hint": ""}


def _stopped(interrupts: Sequence[object]) -> Outcome:
    """Return how a run stands that has not ended: it waits for a person, or was stopped between two nodes."""
    if interrupts:
        return Outcome(result="pending", reason="The run waits for a person.")
    return Outcome(result="cancelled", reason="The run was stopped and can be resumed.")


def _shown(values: Mapping[str, Any], attempts: tuple[Attempt, ...]) -> Attempt | None:
    """Return the attempt to show: the last one, or the draft that a run which has not ended stands with."""
    draft, verdict = values.get("draft"), values.get("verdict")
    if draft is None and verdict is not None:
        return None  # an agent completed without a module: its verdict stands alone
    if draft is not None and values.get("outcome") is None:
        verdict = values.get("verdict") or NotRun(cause="no_draft")
        return Attempt(number=len(attempts) + 1, draft=draft, verdict=verdict, review=values.get("review"))
    return attempts[-1] if attempts else None


def _review_json(review: Review | None) -> dict[str, Any] | None:
    if review is None:
        return None
    return {
        "decision": review.decision,
        "summary": review.summary,
        "reviewers": list(review.reviewers),
        "findings": [finding.model_dump(mode="json") for finding in review.findings],
    }


def _context_json(context: CodeContext | None) -> dict[str, Any]:
    if context is None:
        return {"tokens": 0, "relevance": 0.0, "items": []}
    items = [
        {"path": r.path, "symbol": r.symbol, "score": round(r.score, 4), "reasons": list(r.reasons), "form": r.form}
        for r in context.references
    ]
    return {"tokens": context.tokens, "relevance": round(context.relevance, 4), "items": items}


def _agent_json(run: AgentRun | None) -> dict[str, Any] | None:
    return (
        None
        if run is None
        else {"id": run.id, "status": run.status, "raw_status": run.raw_status, "web_url": run.web_url}
    )
