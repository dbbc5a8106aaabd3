"""A review: what reading the draft showed."""

from __future__ import annotations

from typing import Literal

from genloom.state.part import StatePart

__all__ = ["UNHEARD", "Finding", "Review", "ReviewDecision", "Severity"]

UNHEARD = "model:unheard"
"""The rule of the finding that says that a model was to review and did not, so that nobody reads its silence as praise."""

Severity = Literal["note", "warning", "error", "blocker"]
ReviewDecision = Literal["approve", "revise", "reject"]


class Finding(StatePart):
    """One remark on one line. `rule` is the checker's own name for it (`S102`, `capability:network`, `model:naming`);
    `line` is 1-based, 0 when it concerns the whole file."""

    rule: str
    severity: Severity
    message: str
    path: str = ""
    line: int = 0


class Review(StatePart):
    """The findings, worst first, and what they decide. `reviewers` names who looked (`ruff`, `capabilities`, a model)."""

    decision: ReviewDecision
    findings: tuple[Finding, ...] = ()
    reviewers: tuple[str, ...] = ()
    summary: str = ""

    @property
    def unheard(self) -> bool:
        """Whether a model was to review and did not."""
        return any(finding.rule == UNHEARD for finding in self.findings)
