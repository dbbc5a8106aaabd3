"""How a run's leg ended: its status, its result, and a summary that says first what the result is worth."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from genloom.errors import GenloomError
from genloom.interfaces.result import GenerationResult, error_json
from genloom.interfaces.told import sentences, without_secrets
from genloom.state import Draft

__all__ = ["Ending", "EndingStatus", "diff_of", "ending_of", "failed_by"]

EndingStatus = Literal["completed", "failed", "cancelled", "timeout", "paused", "released", "lost"]
"""`released` and `lost` are no statuses of a run: another worker goes on with it, or does so already."""

MAX_DIFF = 200_000

_NEXT = {
    "failed": "Say more in the prompt, give examples in metadata.examples, or try another model.",
    "needs_model": "Start the server with --model, or give a few examples in metadata.examples.",
    "error": "Look at the run's log.",
    "cancelled": "Its graph stopped, and nobody stopped it: look at the run's log.",
}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What is written down of a leg's end. `outcome` is the JSON of the generation's result, with its `diff`; `question`
    names the question that a paused run waits in for a person; `fitted` are the checks that a result was fitted to."""

    status: EndingStatus
    summary: str
    result: str | None = None
    outcome: dict[str, Any] | None = None  # Any: JSON values
    question: str | None = None
    fitted: tuple[str, ...] | None = None


def ending_of(result: GenerationResult, repository: Path | None) -> Ending:
    """Return how a leg ended whose graph came to an end or waits for a person."""
    outcome = {**result.to_json(), "diff": diff_of(result.draft, repository)}
    fitted = tuple(check.check for check in result.verdict.checks if check.fitted) if result.verdict is not None else ()
    match result.outcome:
        case "passed" | "unverified":
            return Ending(
                status="completed",
                summary=_worth(result),
                result=result.source or _agents_own(result),
                outcome=outcome,
                fitted=fitted,
            )
        case "pending":
            summary = f"{_worth(result)} A person's approval is asked for: read the draft on the run's page (web_url), "
            summary += "then resume with `approve`, or `reject: why`."
            return Ending(status="paused", summary=summary, outcome=outcome)
        case _:
            why = result.reason or "No draft was made."
            hints = [problem.hint for problem in result.problems if problem.hint] or [_NEXT[result.outcome]]
            word = result.outcome.replace("_", " ").capitalize()
            return Ending(status="failed", summary=f"{word}: {sentences(why, *hints[:2])}", outcome=outcome)


def failed_by(error: Exception) -> Ending:
    """Return the end of a leg that an error ended; nothing of it holds a secret."""
    if isinstance(error, GenloomError):
        told = sentences(error.message, error.hint)
        outcome = error_json(error)
    else:
        told = f"The graph raised {type(error).__name__}: {str(error)[:500]}"
        outcome = None
    return Ending(status="failed", summary=f"Error: {without_secrets(told)}", outcome=outcome)


def diff_of(draft: Draft | None, repository: Path | None) -> str:
    """Return a draft as a unified diff against the repository's files, cut after 200,000 characters."""
    pieces: list[str] = []
    for change in draft.changes if draft is not None else ():
        before = _lines(_content(repository, change.path))
        names = (
            f"a/{change.path}" if before else "/dev/null",
            "/dev/null" if change.content is None else f"b/{change.path}",
        )
        pieces.extend(difflib.unified_diff(before, _lines(change.content or ""), *names))
    text = "".join(pieces)
    return text if len(text) <= MAX_DIFF else f"{text[:MAX_DIFF]}\n… (cut)\n"


def _worth(result: GenerationResult) -> str:
    """Say what proves the result, or that nothing does."""
    if result.outcome == "unverified":
        accepted = "It was accepted as it is." if result.accepted else "Give examples that it must meet."
        return f"Unverified: nothing proves this code. {sentences(result.reason, accepted)}"
    if result.outcome == "pending":
        return f"Waiting: {result.name} is written."
    proofs = sum(check.proves for check in result.verdict.checks) if result.verdict is not None else 0
    maker = f"{result.name} by {result.generator or 'an agent'}"
    checks = "check" if proofs == 1 else "checks"
    return f"Passed: {maker}, proven by {proofs} {checks} in the sandbox. {result.reason}".strip()


def _agents_own(result: GenerationResult) -> str | None:
    return result.agent_run.result if result.agent_run is not None else None


def _content(repository: Path | None, path: str) -> str:
    """Read a file of the repository's own; what leads out of it is not read."""
    if repository is None:
        return ""
    file = (repository / path).resolve()
    if not file.is_relative_to(repository.resolve()) or not file.is_file() or file.stat().st_size > 4 * MAX_DIFF:
        return ""
    return file.read_bytes().decode(errors="replace")


def _lines(text: str) -> Sequence[str]:
    """Split at line feeds alone, as git does; a last line without one says so."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    return [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
