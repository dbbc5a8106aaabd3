"""Where each finding of a review goes, for any change: compared with another reading of the same patch."""

from __future__ import annotations

import difflib

from forge_imitation import shown_lines
from hypothesis import given
from hypothesis import strategies as st

from genloom.state.review import Finding, Review
from genloom.tools.scm.comment_text import mark_of
from genloom.tools.scm.diff import read_diff
from genloom.tools.scm.forge import ChangedFile
from genloom.tools.scm.patches import diff_of
from genloom.tools.scm.posting import plan_posting

LINES = st.lists(st.sampled_from(["a", "b", "", "  a", "+x", "-y", "@@ -1 +1 @@", "--- a/x", "\\"]), max_size=25)
FINDINGS = st.lists(
    st.builds(
        Finding,
        rule=st.sampled_from(["r", "s"]),
        severity=st.sampled_from(["note", "warning", "error", "blocker"]),
        message=st.text(max_size=20),
        path=st.sampled_from(["f.py", "g.py", ""]),
        line=st.integers(0, 30),
    ),
    max_size=40,
)


def patch_of(old: list[str], new: list[str], context: int) -> str:
    return "\n".join([*difflib.unified_diff(old, new, lineterm="", n=context)][2:])


@given(LINES, LINES, st.integers(0, 4), FINDINGS, st.integers(1, 8))
def test_every_finding_is_told_once_and_on_a_line_that_is_there(
    old: list[str], new: list[str], context: int, findings: list[Finding], most: int
) -> None:
    """With the old number where the line stayed; the worst are on lines where not all can be."""
    patch = patch_of(old, new, context)
    changes = read_diff(
        diff_of([ChangedFile(path="f.py", old_path="f.py", change="modified", patch=patch)]) if patch else ""
    )
    shown = shown_lines(patch)
    plan = plan_posting(Review(decision="revise", findings=tuple(findings)), changes, most=most)
    assert len(plan.comments) <= most
    assert plan.on_lines + len(plan.elsewhere) == len(findings)
    for mark, comment in plan.comments.items():
        assert mark_of(comment.body) == mark
        assert comment.path == "f.py"
        assert comment.line in shown
        assert comment.old_line == shown[comment.line]
    could = [f for f in findings if f.path == "f.py" and f.line in shown]
    assert len(plan.comments) == min(most, len({(f.line, f.rule) for f in could}))
    assert all(f in plan.elsewhere for f in findings if f not in could)


@given(LINES, LINES, FINDINGS)
def test_marks_stay_when_lines_above_come_and_go(old: list[str], new: list[str], findings: list[Finding]) -> None:
    """The same file, three lines further down: the same marks."""
    above = ["# one", "# two", "# three"]
    patches = [patch_of(old, new, 99), patch_of(above + old, above + new, 99)]
    if not patches[0]:
        return
    marks = []
    for patch, further in zip(patches, (0, len(above)), strict=True):
        changes = read_diff(diff_of([ChangedFile(path="f.py", old_path="f.py", change="modified", patch=patch)]))
        moved = tuple(f.model_copy(update={"line": f.line + further}) for f in findings if f.line)
        plan = plan_posting(Review(decision="revise", findings=moved), changes)
        marks.append(set(plan.comments))
    assert marks[0] == marks[1]


def test_equal_remarks_on_equal_lines_are_two_comments() -> None:
    """One rule, one text, two places."""
    patch = "@@ -1,1 +1,3 @@\n+x = 1\n a\n+x = 1"
    changes = read_diff(diff_of([ChangedFile(path="f.py", old_path="f.py", change="modified", patch=patch)]))
    findings = tuple(Finding(rule="r", severity="note", message="m", path="f.py", line=line) for line in (1, 3))
    plan = plan_posting(Review(decision="approve", findings=findings), changes)
    assert [comment.line for comment in plan.comments.values()] == [1, 3]


def test_a_matter_keeps_its_comment_whichever_model_says_it_and_how_gravely() -> None:
    """The finding bears the name of the gravest reviewer, which is another one in each run; programs keep comments of
    their own."""
    patch = "@@ -1,1 +1,2 @@\n+x = 1\n a"
    changes = read_diff(diff_of([ChangedFile(path="f.py", old_path="f.py", change="modified", patch=patch)]))
    plans = []
    for first, second in (("model:correctness", "model:security"), ("model:security", "model:style")):
        findings = [
            Finding(rule=rule, severity="error", message=f"{rule} says", path="f.py", line=1)
            for rule in (first, second, "S102")
        ]
        plans.append(plan_posting(Review(decision="revise", findings=tuple(findings)), changes))
    assert plans[0].comments.keys() == plans[1].comments.keys()
    (by_models, by_programs) = sorted((c.body for c in plans[0].comments.values()), key=len, reverse=True)
    assert "model:correctness says" in by_models
    assert "model:security says" in by_models
    assert "S102 says" in by_programs
