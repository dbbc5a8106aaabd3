"""What the run page shows: the run, its steps, its diff and its verdict, cut to what a page can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from genloom.interfaces.server.pages.texts import PageTexts
from genloom.interfaces.server.storage.records import LogRecord, RunRecord
from genloom.interfaces.told import sentences
from genloom.tools.codegen.status import is_final, normalise_status

__all__ = ["MOST_STEPS", "Check", "Finding", "Line", "RunView", "Step", "run_view"]

MOST_STEPS = 100
MOST_LINES = 3_000
MOST_CHECKS = 300
_GOOD = frozenset({"passed", "completed", "approve"})
_BAD = frozenset({"failed", "cancelled", "timeout", "reject", "error"})
_WORDS = {
    "ACTION": "step",
    "PLAN_EVALUATION": "thought",
    "FINAL_ANSWER": "result",
    "ERROR": "error",
    "USER_MESSAGE": "message",
    "AGENT_RUN_LINK": "link",
    "held_out": "an example held back from the draft's maker",
    "hidden": "held back from the draft's maker",
    "import": "it loads",
    "proposed": "made up by the model: no proof",
    "fitted": "the draft was fitted to it: no proof",
    "advisory": "advice",
    "values": "its values were compared",
    "test_report": "as the test's own report says",
    "none": "",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One entry of the log."""

    at: str
    kind: str
    tool: str
    thought: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the diff; `kind` is `added`, `removed`, `place` or `same`."""

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check of the verdict."""

    text: str
    result: str
    told: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One remark of the review."""

    severity: str
    place: str
    text: str


@dataclass(frozen=True, kw_only=True)
class RunView:
    """Everything the template needs, as plain text: nothing in it is markup. `moving` says that the run may change by
    itself. `mark` is `good`, `bad` or `open`."""

    number: int
    status: str
    mark: str
    moving: bool
    created: str
    ended: str
    prompt: str
    follow_up: str
    model: str
    repository: str
    summary: str
    verdict: str
    verdict_mark: str
    verdict_told: str
    checks: tuple[Check, ...]
    decision: str
    findings: tuple[Finding, ...]
    diff: tuple[Line, ...]
    steps: tuple[Step, ...]
    steps_left_out: int


def run_view(run: RunRecord, logs: Sequence[LogRecord], total_logs: int) -> RunView:
    """Return the view of a run with its newest steps, oldest first, of `total_logs`. Where a page cannot hold all of their
    texts, those of the older steps are cut. It takes a moment: in an event loop, call it in a thread."""
    text = PageTexts()
    outcome: Mapping[str, Any] = run.outcome or {}
    verdict = _part(outcome, "verdict")
    review = _part(outcome, "review")
    status = normalise_status(run.status)
    return RunView(
        number=run.id,
        status=str(run.status).replace("_", " "),
        mark=_mark(status),
        moving=not is_final(status) and status != "paused",
        created=_moment(run.created_at),
        ended=_moment(run.ended_at),
        prompt=text(run.prompt),
        follow_up=text(_follow_up(run)),
        model=text(run.model or outcome.get("model")),
        repository=_checkout(logs, text),
        summary=text(run.summary),
        verdict=text(outcome.get("outcome")),
        verdict_mark=_mark(str(outcome.get("outcome") or "")),
        verdict_told=_told_of(verdict, outcome, text),
        checks=tuple(_check(check, text) for check in _parts(verdict, "checks")[:MOST_CHECKS]),
        decision=text(review.get("decision")),
        findings=tuple(_finding(finding, text) for finding in _parts(review, "findings")[:MOST_CHECKS]),
        diff=_diff(str(outcome.get("diff") or ""), str(run.result or outcome.get("source") or ""), text),
        steps=tuple(reversed([_step(log, text) for log in reversed(logs)])),
        steps_left_out=max(0, total_logs - len(logs)),
    )


def _mark(word: str) -> str:
    return "good" if word in _GOOD else "bad" if word in _BAD else "open"


def _told_of(verdict: Mapping[str, Any], outcome: Mapping[str, Any], text: PageTexts) -> str:
    told = [sentences(text(outcome.get("reason")), text(verdict.get("reason")))]
    if evidence := _plain(verdict.get("evidence"), text):
        told.append(f"Evidence: {evidence}.")
    if verdict.get("sandbox"):
        told.append(f"Sandbox: {text(verdict['sandbox'])}.")
    return " ".join(filter(None, told))


def _check(check: Mapping[str, Any], text: PageTexts) -> Check:
    marks = [word for word in ("fitted", "hidden", "advisory") if check.get(word)]
    if check.get("source") == "held_out" and "hidden" in marks:
        marks.remove("hidden")  # says the same
    told = [_plain(word, text) for word in (check.get("source"), check.get("evidence"), *marks)]
    detail = text(check.get("detail"))
    if check.get("result") == "failed" and (check.get("expected") or check.get("actual")):
        detail = f"expected {text(check.get('expected'))}, got {text(check.get('actual')) or 'nothing'}. {detail}"
    return Check(
        text=text(check.get("check")),
        result=text(check.get("result")),
        told=", ".join(filter(None, told)),
        detail=detail.strip(),
    )


def _finding(finding: Mapping[str, Any], text: PageTexts) -> Finding:
    line = finding.get("line") or 0
    place = f"{finding.get('path') or ''}:{line}" if line else str(finding.get("path") or "")
    told = f"{finding.get('message') or ''} [{finding.get('rule') or ''}]"
    return Finding(severity=text(finding.get("severity")), place=text(place), text=text(told))


def _diff(diff: str, source: str, text: PageTexts) -> tuple[Line, ...]:
    lines = diff.splitlines() if diff else [f"+{line}" for line in source.splitlines()]
    shown = [_line(line, text) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        shown.append(Line(kind="place", text=f"… {len(lines) - MOST_LINES} more lines"))
    return tuple(shown)


def _line(line: str, text: PageTexts) -> Line:
    kinds = {"+": "added", "-": "removed", "@": "place"}
    kind = "place" if line.startswith(("+++ ", "--- ")) else kinds.get(line[:1], "same")
    return Line(kind=kind, text=text(line))


def _step(log: LogRecord, text: PageTexts) -> Step:
    entry = log.entry
    details = {"input": "tool_input", "output": "tool_output", "observation": "observation"}
    return Step(
        at=_moment(entry.get("at", log.created_at)),
        kind=_plain(entry.get("message_type"), text),
        tool=text(entry.get("tool_name")),
        thought=text(entry.get("thought")),
        details=tuple((shown, text(entry[name])) for shown, name in details.items() if entry.get(name)),
    )


def _plain(word: object, text: PageTexts) -> str:
    """Return a word of the API in words for people."""
    return _WORDS[word] if isinstance(word, str) and word in _WORDS else text(word)


def _checkout(logs: Sequence[LogRecord], text: PageTexts) -> str:
    """Return the repository that the run works in, and its commit, empty when none of these entries tells them."""
    for entry in (log.entry for log in reversed(logs)):
        given, came = _part(entry, "tool_input"), _part(entry, "tool_output")
        if entry.get("tool_name") == "checkout" and given.get("repository") and came.get("commit"):
            return f"{text(given['repository'])} at {text(str(came['commit'])[:12])}"
    return ""


def _follow_up(run: RunRecord) -> object:
    """Return what a later leg of the run was asked for, `None` in the first."""
    asked = _part({"resume": run.resume}, "resume")
    asked = asked if asked.get("kind") == "follow_up" else _part(asked, "follow_up")
    return asked.get("prompt") if run.leg > 1 else None


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _part(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = values.get(name)
    return part if isinstance(part, Mapping) else {}


def _parts(values: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    parts = values.get(name)
    return [part for part in parts if isinstance(part, Mapping)] if isinstance(parts, list | tuple) else []
