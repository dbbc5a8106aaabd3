"""The node that says how the run ended."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired

from langgraph.types import interrupt
from typing_extensions import TypedDict

from genloom.events import RunFinished
from genloom.nodes.node import node
from genloom.nodes.runtime import NodeRuntime
from genloom.state import Attempt, Draft, Failure, GenerationRequest, NotRun, Outcome, Passed, Problem, Review, Verdict
from genloom.state.reducers import append_attempts
from genloom.tools.checks import decide_outcome

__all__ = ["finalize"]


class FinalizeInput(TypedDict):
    """All that is known at the end."""

    request: GenerationRequest
    draft: NotRequired[Draft | None]
    abstentions: NotRequired[dict[str, str]]
    verdict: NotRequired[Verdict | None]
    review: NotRequired[Review | None]
    attempts: NotRequired[tuple[Attempt, ...]]
    failure: NotRequired[Failure | None]
    approval: NotRequired[bool]


class FinalizeOutput(TypedDict):
    """The outcome; and the last draft with its verdict as an attempt, when it is not in the history yet."""

    outcome: Outcome
    attempts: Annotated[tuple[Attempt, ...], append_attempts]


@node("finalize")
def finalize(state: FinalizeInput, runtime: NodeRuntime) -> FinalizeOutput:
    """Decide the outcome from the verdict and the review; ask a person first when the context asks for approval.

    The demand stands in the state, so that whoever resumes cannot leave it out. The interrupt's value is what the person
    needs to decide (`source`, `outcome`, `verdict`, `findings`); it is resumed with `true`, `false`, or
    `{"approve": bool, "comment": str}`. Code that never ran is not accepted by an approval.
    """
    history = tuple(state.get("attempts") or ())
    last = _last_attempt(state, len(history) + 1)
    attempts = history if last is None else (*history, last)
    outcome = _outcome(state, attempts, last, runtime)
    asked_for = state.get("approval") or runtime.context.approval
    if asked_for and last is not None and outcome.result != "failed":
        outcome = _after_approval(outcome, last)
    runtime.emit(
        RunFinished(
            outcome=outcome.result,
            generator=attempts[-1].draft.generator if attempts else None,
            attempts=len(attempts),
            reason=outcome.reason,
        )
    )
    return {"outcome": outcome, "attempts": () if last is None else (last,)}


def _last_attempt(state: FinalizeInput, number: int) -> Attempt | None:
    """Return the draft that came this far as an attempt, `None` when there is none: repair moves drafts to the history."""
    draft, verdict = state.get("draft"), state.get("verdict")
    if draft is None or verdict is None:
        return None
    return Attempt(number=number, draft=draft, verdict=verdict, review=state.get("review"))


def _outcome(
    state: FinalizeInput, attempts: tuple[Attempt, ...], last: Attempt | None, runtime: NodeRuntime
) -> Outcome:
    if last is not None:
        return decide_outcome(
            state["request"],
            last.draft,
            last.verdict,
            last.review,
            accept_unverified=runtime.context.accept_unverified,
        )
    verdict = state.get("verdict")
    if isinstance(verdict, NotRun):  # an agent completed without a module
        return Outcome(result="unverified", reason=" ".join(filter(None, (verdict.reason, verdict.hint))))
    if attempts:
        return Outcome(result="failed", reason=_failed_reason(attempts), problems=_problems(state))
    reasons = "; ".join(f"{name}: {reason}" for name, reason in (state.get("abstentions") or {}).items())
    return Outcome(result="needs_model", reason=reasons or "No generator was asked.")


def _problems(state: FinalizeInput) -> tuple[Problem, ...]:
    failure = state.get("failure")
    return () if failure is None else (Problem(type="AgentError", message=failure.message, hint=failure.hint),)


def _failed_reason(attempts: tuple[Attempt, ...]) -> str:
    last = attempts[-1]
    why = getattr(last.verdict, "reason", "") or (last.review.summary if last.review else "")
    drafts = "draft was" if len(attempts) == 1 else "drafts were"
    return f"{len(attempts)} {drafts} made and none passed. {why}".strip()


def _after_approval(outcome: Outcome, last: Attempt) -> Outcome:
    answer: Any = interrupt(  # Any: whatever the resuming side sends
        {
            "question": "Approve this code?",
            "source": last.draft.source,
            "path": last.draft.path,
            "outcome": outcome.model_dump(mode="json"),
            "verdict": last.verdict.model_dump(mode="json"),
            "findings": [f.model_dump(mode="json") for f in (last.review.findings if last.review else ())],
        }
    )
    approved = answer.get("approve") is True if isinstance(answer, dict) else answer is True
    comment = str(answer.get("comment", "")) if isinstance(answer, dict) else ""
    if not approved:
        return Outcome(result="failed", reason=f"A person rejected the code. {comment}".strip())
    verdict = last.verdict
    executed = isinstance(verdict, Passed) or (isinstance(verdict, NotRun) and verdict.executed)
    approval = "Approved by a person." if executed else "Approved by a person, but it never ran: it is not accepted."
    return outcome.model_copy(update={"accepted": executed, "reason": f"{outcome.reason} {approval} {comment}".strip()})
