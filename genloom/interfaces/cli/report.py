"""The report: what came of a request, what was checked and how, in plain lines for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from genloom.interfaces.cli.event_text import plural
from genloom.interfaces.result import GenerationResult
from genloom.state import CheckResult, Coverage, Draft, Finding, Review, Verdict

__all__ = ["finding_lines", "headline", "next_step", "report_lines", "verdict_lines"]

MAX_SHOWN = 40
MAX_VALUE = 200

_ADVICE = {
    "unverified": "Not proven. Give examples that it must meet (-e), or take it as it is with --accept-unverified.",
    "failed": "Look at the checks above; say more in the prompt, or try another model (--model) or more --attempts.",
    "needs_model": "Configure a model (--model, GENLOOM_MODEL), or give a few examples (-e); see `genloom doctor`.",
}


def headline(result: GenerationResult) -> str:
    """Return the first line, which says what the answer is worth."""
    word = f"{result.outcome} (accepted)" if result.accepted else result.outcome
    maker = f"{result.name} by {result.generator}" if result.generator else result.name
    model = f" ({result.draft.model})" if result.draft and result.draft.model else ""
    how = "from the cache" if result.cached else plural(result.attempts, "draft")
    return f"{word}: {maker}{model}, {how}, {result.seconds:.1f} s"


def report_lines(result: GenerationResult) -> Iterator[str]:
    """Yield what was checked and how, what the generator and the review remarked, and who else might be asked."""
    if result.reason:
        yield f"  {result.reason}"
    if result.verdict is not None:
        yield from verdict_lines(result.verdict)
    draft = result.draft
    if draft is not None and draft.fitted_to:
        yield f"fitted to {plural(len(draft.fitted_to), 'example')}, {len(draft.held_out)} held back as proof"
    if draft is not None:
        yield from _remark_lines(draft)
    if result.review is not None:
        yield f"review: {result.review.decision} by {', '.join(result.review.reviewers) or 'nobody'}"
        yield from finding_lines(result.review)
    if result.agent_run is not None:
        yield f"agent: run {result.agent_run.id}, {result.agent_run.status} {result.agent_run.web_url}".rstrip()
    yield from (f"problem: {problem.message} {problem.hint}".rstrip() for problem in result.problems)


def _remark_lines(draft: Draft) -> Iterator[str]:
    for title, remarks in (("note", draft.notes), ("rival", draft.rivals), ("gives", draft.outputs)):
        yield from (f"{title}: {_one_line(remark)}" for remark in remarks[:MAX_SHOWN])
    if draft.cut_by_clock:
        yield "clock: a search ran out of time, so this answer is not kept, and another run may give another one"


def next_step(result: GenerationResult) -> str:
    """Return what the person can do now, empty when nothing is left to do."""
    if result.usable:
        return ""
    if result.outcome == "pending":
        return f"Decide with `genloom thread resume {result.thread_id} --approve` or `--reject`."
    if result.outcome == "cancelled":
        return f"Go on with `genloom thread resume {result.thread_id}`."
    if result.verdict is not None and result.verdict.result == "not_run" and not result.verdict.executed:
        return ""  # the verdict's own hint stands above
    if result.outcome == "unverified" and result.deciding:
        example = shlex.quote(f"{result.deciding} == …")
        return f"Not proven. This example would decide best: -e {example}; or take it with --accept-unverified."
    return _ADVICE.get(result.outcome, "")


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Yield where the checks ran, and each check with its evidence."""
    granted = f"; granted: {', '.join(verdict.grants).replace('_', ' ')}" if verdict.grants else ""
    where = f"in the sandbox {verdict.sandbox} ({verdict.limits}{granted})" if verdict.sandbox else "not run"
    how = f"; {verdict.comparison}" if verdict.comparison else ""
    yield f"checks: {where}, {verdict.seconds:.1f} s; evidence: {verdict.evidence.replace('_', ' ')}{how}"
    for check in verdict.checks[:MAX_SHOWN]:
        yield f"  {_mark(check):<8}{_one_line(check.check)}  [{_kind(check)}]"
        if check.result != "passed":
            yield from _difference(check)
        elif check.detail.startswith("uncontrolled"):
            yield f"          {_one_line(check.detail)}"
    if len(verdict.checks) > MAX_SHOWN:
        yield f"  … and {len(verdict.checks) - MAX_SHOWN} more"
    if verdict.coverage is not None and (verdict.coverage.lines or verdict.coverage.unknown):
        yield _coverage_line(verdict.coverage)
    if verdict.result == "not_run" and verdict.hint:
        yield f"  {verdict.hint}"


def finding_lines(review: Review) -> Iterator[str]:
    """Yield the findings, worst first."""
    yield from map(_finding, review.findings[:MAX_SHOWN])
    if len(review.findings) > MAX_SHOWN:
        yield f"  … and {len(review.findings) - MAX_SHOWN} more"


def _finding(finding: Finding) -> str:
    place = f"{finding.path}:{finding.line}" if finding.line else finding.path
    return f"  {finding.severity:<8}{place} {finding.message} [{finding.rule}]"


def _coverage_line(coverage: Coverage) -> str:
    if coverage.unknown:
        return f"coverage unknown: {_one_line(coverage.unknown)}"
    if not coverage.missed:
        return f"coverage: the checks reached every line of the functions ({coverage.lines})"
    counted = f"{coverage.lines - coverage.reached} of {coverage.lines}"
    return f"lines no check reached: {_one_line(coverage.missed)} ({counted})"


def _mark(check: CheckResult) -> str:
    if check.advisory and check.result == "failed":
        return "advice"
    return {"passed": "ok", "failed": "FAILED", "not_run": "not run"}[check.result]


def _kind(check: CheckResult) -> str:
    words: Sequence[str] = [check.source.replace("_", " "), check.evidence.replace("_", " ")]
    if check.source == "import":
        words = ["it loads"]
    if check.source == "derived":
        words = ["derived: advisory" if check.advisory else "derived: required"]
    if check.source == "doctest" and check.advisory:
        words = ["doctest: left out"]
    if check.fitted:
        words = [*words, "fitted to: no proof"]
    if check.source == "proposed":
        words = [*words, "made up by the model: no proof"]
    return ", ".join(words)


def _difference(check: CheckResult) -> Iterator[str]:
    if check.expected or check.actual:
        yield f"          expected {_one_line(check.expected)}, got {_one_line(check.actual) or 'nothing'}"
    if check.detail:
        yield f"          {_one_line(check.detail)}"


def _one_line(text: str) -> str:
    line = text.strip("\n").replace("\n", "\\n")
    return line if len(line) <= MAX_VALUE else f"{line[: MAX_VALUE - 1]}…"
