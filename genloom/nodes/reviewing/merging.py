"""Findings of several reviewers as one list: each matter once, the weightiest and surest first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from genloom.state import SEVERITY_RANK, Finding, Severity
from genloom.state.code_review import Remark

__all__ = ["Matter", "as_findings", "merged"]

LONGEST = 400
"""Characters of a message before the names of those who say it as well."""
ALIKE = 0.5
"""How much of the shorter message's words two messages about one line share when they mean the same."""

_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
_EMPTY = frozenset(
    "the and for not this that with from are was will can could should would when then than its has have may might "
    "does here there which into line code function value because instead".split()
)


@dataclass(frozen=True)
class Matter:
    """One thing that is wrong, and who says so."""

    remarks: tuple[Remark, ...]
    message: str = ""
    severity: Severity | None = None

    @property
    def sure(self) -> bool:
        """Whether a program says it, too."""
        return any(remark.sure for remark in self.remarks)

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Who says it, each once."""
        return tuple(dict.fromkeys(remark.by for remark in self.remarks))

    @property
    def first(self) -> Remark:
        """The remark that speaks for the matter: a sure one, else the gravest."""
        return max(self.remarks, key=lambda r: (r.sure, SEVERITY_RANK[r.finding.severity]))

    @property
    def weight(self) -> Severity:
        """What it weighs: what is sure weighs what the check says; what models say is no blocker unless two say it."""
        if self.sure:
            return self.first.finding.severity
        worst = self.severity or self.first.finding.severity
        return "error" if worst == "blocker" and len(self.reviewers) < 2 else worst


def merged(remarks: Iterable[Remark]) -> list[Matter]:
    """Return the matters in rank order. Remarks about one line (or one file as a whole) that mean the same are one."""
    matters: list[Matter] = []
    places: dict[tuple[str, int], list[int]] = {}
    for remark in sorted(remarks, key=_order):
        place = places.setdefault((remark.finding.path, remark.finding.line), [])
        for index in place:
            if _same(matters[index], remark):
                matters[index] = replace(matters[index], remarks=(*matters[index].remarks, remark))
                break
        else:
            place.append(len(matters))
            matters.append(Matter((remark,)))
    return ranked(matters)


def ranked(matters: Iterable[Matter]) -> list[Matter]:
    """By weight, then what is sure, then how many say it, then by place."""
    return sorted(
        matters,
        key=lambda m: (-SEVERITY_RANK[m.weight], not m.sure, -len(m.reviewers), _order(m.first)),
    )


def as_findings(matters: Sequence[Matter]) -> list[Finding]:
    """Return each matter as one finding, which names the reviewers where several say it."""
    return [_finding(matter) for matter in matters]


def _finding(matter: Matter) -> Finding:
    first = matter.first
    others = [name for name in matter.reviewers if name != first.by]
    message = first.finding.message if matter.sure else matter.message or first.finding.message
    if others:
        message = f"{message[:LONGEST]} (said by {', '.join(others)}, too)"
    return first.finding.model_copy(update={"message": message, "severity": matter.weight})


def _order(remark: Remark) -> tuple[object, ...]:
    finding = remark.finding
    return finding.path, finding.line, not remark.sure, -SEVERITY_RANK[finding.severity], remark.by, finding.message


def _same(matter: Matter, remark: Remark) -> bool:
    if remark.sure:  # programs say each thing once, but for what is said word for word
        return any(known.finding == remark.finding for known in matter.remarks)
    return any(_alike(known.finding.message, remark.finding.message) for known in matter.remarks)


def _alike(one: str, other: str) -> bool:
    first, second = _meaning(one), _meaning(other)
    if not first or not second:
        return one == other
    return len(first & second) >= ALIKE * min(len(first), len(second))


def _meaning(message: str) -> frozenset[str]:
    """The words that carry a message, by their beginnings, so that endings do not part them."""
    return frozenset(word.lower()[:6] for word in _WORDS.findall(message)) - _EMPTY
