"""What of a change was read, and by whom: models where programs have no eyes, and nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from genloom.state import Finding
from genloom.state.code_review import PartReport, Remark, Reviewer
from genloom.state.diff import FileDiff
from genloom.state.review import UNHEARD
from genloom.tools.scm.parts import LONGEST_LINE, parts_of, readable

__all__ = ["Coverage", "silence", "unheard"]

MAX_MESSAGE = 500
NAMED = 5


class Coverage:
    """Which files of a change programs passed over, and which of those models were shown whole."""

    def __init__(
        self, changes: Sequence[FileDiff], reports: Sequence[PartReport], reviewers: Sequence[Reviewer]
    ) -> None:
        self._passed = {path for report in reports for path in report.passed_over}
        names = {reviewer.name for reviewer in reviewers}
        heard = {report.part for report in reports if report.reviewer in names and not report.failure}
        missed = {file.path for part, files in enumerate(parts_of(changes)) if part not in heard for file in files}
        self._by_models = {file.path for file in changes if _shown_whole(file)} - missed

    def told(self, remarks: Sequence[Remark]) -> list[Remark]:
        """The remarks without those on files that programs passed over and a model has read."""
        return [each for each in remarks if not (each.finding.rule == "unread" and self._read(each.finding.path))]

    def summary(self, remarks: Sequence[Remark]) -> str:
        """A sentence that names the files that nobody read and no remark tells of; empty when there is none."""
        named = {each.finding.path for each in remarks if each.finding.rule == "unread"}
        nobody = sorted(path for path in self._passed - named if not self._read(path))
        if not nobody:
            return ""
        more = f" and {len(nobody) - NAMED} more" if len(nobody) > NAMED else ""
        return f"Looked through for secrets alone, read by nobody: {', '.join(nobody[:NAMED])}{more}."

    def _read(self, path: str) -> bool:
        return path in self._passed and path in self._by_models


def _shown_whole(file: FileDiff) -> bool:
    lines = [line for hunk in file.hunks for line in hunk.lines]
    return bool(lines) and readable(file) and all(len(line) <= LONGEST_LINE for line in lines)


def unheard(reviewers: Sequence[Reviewer], reports: Sequence[PartReport], parts: int) -> Iterator[Finding]:
    """A finding for each reviewer that did not look at all of the change, so that silence is no praise; and one that
    asks for a change where none of them was heard at all."""
    heard = False
    silent: list[Finding] = []
    for reviewer in reviewers:
        own = [report for report in reports if report.reviewer == reviewer.name]
        looked = sum(not report.failure for report in own)
        heard |= looked > 0
        if looked < parts:
            why = next(
                (report.failure for report in own if report.failure), "the change is longer than it was asked about"
            )
            of = "the change" if not looked else f"{parts - looked} of {parts} parts of the change"
            silent.append(silence(f"{reviewer.name} did not review {of}: {why}"))
    if silent and not heard:
        nobody = "Models were to review and none was heard: the change was looked at by programs alone"
        yield Finding(rule=UNHEARD, severity="error", message=nobody)
    yield from silent


def silence(message: str) -> Finding:
    """The finding that says that a model was not heard."""
    return Finding(rule=UNHEARD, severity="warning", message=message[:MAX_MESSAGE])
