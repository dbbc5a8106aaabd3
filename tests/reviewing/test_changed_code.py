"""What programs find in a change: what its lines cause, in Python and in any text; and how a review reads as Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from genloom.portal import run_sync
from genloom.state import Finding, Review
from genloom.state.diff import FileDiff, Hunk
from genloom.tools.checks import to_markdown
from genloom.tools.checks.reviewing.changed_file import review_changed_file
from genloom.tools.checks.reviewing.changed_lines import look_at_lines, look_at_tests
from genloom.tools.scm.diff import read_diff
from genloom.tools.scm.parts import PART_LINES, parts_of
from genloom.tools.scm.texts import text_after, text_before

BEFORE = """import os
import re


def listed(path):
    return os.listdir(path)


def words(text):
    return re.findall('x', text)
"""


def changed(before: str, after: str, path: str = "shop.py") -> FileDiff:
    """The change from one text to another, as a diff of one passage."""
    old, new = before.splitlines(), after.splitlines()
    hunk = Hunk(old_start=1, new_start=1, lines=tuple([f"-{line}" for line in old] + [f"+{line}" for line in new]))
    return FileDiff(path=path, old_path=path, change="modified", hunks=(hunk,))


def narrowly(before: str, after: str, path: str = "shop.py") -> FileDiff:
    """The change as git tells it."""
    import difflib

    told = "\n".join(
        difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{path}", f"b/{path}", lineterm="", n=1)
    )
    (file,) = read_diff(told)
    return file


def rules(file: FileDiff, text: str) -> dict[str, tuple[int, str]]:
    review = run_sync(review_changed_file(file, text))
    return {finding.rule: (finding.line, finding.severity) for finding in review.findings}


def test_what_stood_before_is_not_told() -> None:
    """Neither the unused names nor the reach of lines that the change leaves alone."""
    before = "import json\n" + BEFORE
    assert rules(narrowly(before, before.replace("'x'", "'y'")), before.replace("'x'", "'y'")) == {}


def test_what_a_change_causes_elsewhere_is_told() -> None:
    """An import that the removed line needed: the finding stands on a line that did not change."""
    after = BEFORE.replace("re.findall('x', text)", "text.split()")
    assert rules(narrowly(BEFORE, after), after) == {"F401": (2, "note")}


def test_reach_is_an_error_where_it_is_new_a_note_where_it_is_not() -> None:
    """A file that reads folders may read another; that it runs commands is new."""
    after = BEFORE + "\n\ndef more(path):\n    os.rmdir(path)\n    os.system(path)\n"
    found = rules(narrowly(BEFORE, after), after)
    assert found["capability:files"] == (14, "note")
    assert found["capability:processes"][1] in ("error", "blocker")


def test_a_blocker_stays_one_where_the_file_did_the_like_before() -> None:
    """An old `eval` is no leave for code that is put together byte by byte."""
    before = "import types\n\n\ndef old(text):\n    return eval(text)\n"
    after = before + "\n\ndef new(data):\n    return types.FunctionType(types.CodeType(data), {})\n"
    assert rules(narrowly(before, after), after)["capability:dynamic_code"][1] == "blocker"


def test_tests_may_reach_for_files() -> None:
    """Once for a file, as a note that names the lines."""
    text = (
        "from pathlib import Path\n\n\ndef test_it():\n    Path('a').write_text('x')\n    Path('b').write_text('y')\n"
    )
    file = FileDiff(path="tests/test_a.py", old_path="tests/test_a.py", change="added", hunks=changed("", text).hunks)
    review = run_sync(review_changed_file(file, text))
    assert [(f.rule, f.line, f.severity) for f in review.findings] == [("capability:files", 5, "note")]
    assert "also on line 6" in review.findings[0].message
    assert review.decision == "approve"


def test_rules_of_performance_and_correctness_are_looked_for() -> None:
    loop = "    made = []\n    for item in items:\n        made.append(item)\n"
    after = f"{BEFORE}\n\ndef copied(items):\n{loop}    breakpoint()\n    return made == made\n"
    assert {"PERF402", "T100", "PLR0124"} <= set(rules(narrowly(BEFORE, after), after))


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        (
            "def test_a():\n    assert f() == 1\n    assert g()\n",
            "def test_a():\n    assert f() == 1\n",
            "tests:weaker",
        ),
        ("def test_a():\n    pass\n", "@pytest.mark.skip\ndef test_a():\n    pass\n", "tests:skipped"),
        ("def test_a():\n    assert f()\n", "", "tests:removed"),
        ("def test_a():\n    assert f()\n", "def test_b():\n    assert g()\n", None),
        ("@pytest.mark.skip\ndef test_a(): ...\n", "@pytest.mark.skip\ndef test_a():\n    ...\n", None),
    ],
)
def test_what_becomes_of_tests(before: str, after: str, rule: str | None) -> None:
    """Fewer assertions, a skip, a test that goes; not one that is replaced, or was skipped before."""
    found = [finding.rule for finding in look_at_tests([changed(before, after, "tests/test_a.py")])]
    assert found == ([] if rule is None else [rule])


def test_code_without_tests_is_noted_once() -> None:
    """Unless a test changes as well, or nothing but comments and imports does."""
    code, test = changed("a = 1\n", "a = 2\n"), changed("assert a\n", "assert b\n", "tests/test_a.py")
    assert [finding.rule for finding in look_at_tests([code, code])] == ["tests:none"]
    assert not list(look_at_tests([code, test]))
    assert not list(look_at_tests([changed("# a\n", "# b\nimport c\n")]))


def test_conflicts_and_secrets_are_told_in_any_text() -> None:
    """By their lines; the secret itself is not."""
    secret = "ghp_" + "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zA1bC2"
    text = f"a\n<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\ntoken = {secret}\n"
    for path in ("setup.cfg", "uv.lock"):
        found = {finding.rule: finding for finding in look_at_lines(changed("", text, path))}
        assert {rule: told.line for rule, told in found.items()} == {"correctness:conflict": 2, "security:secret": 7}
        assert secret not in found["security:secret"].message


LINES = st.lists(st.sampled_from(["a", "b", "", "c\r"]), max_size=8)


@given(before=LINES, after=LINES)
def test_the_text_before_is_made_of_the_text_after(before: Sequence[str], after: Sequence[str]) -> None:
    """And a text that the diff is not about gives none."""
    old, new = ["s", *before, "e"], ["s", *after, "e"]
    if old == new:
        return
    file = narrowly("\n".join(old), "\n".join(new))
    made = text_before(file, "\n".join(new))
    assert made is not None
    assert made.splitlines() == "\n".join(old).splitlines() or made.split("\n") == [line.rstrip("\r") for line in old]
    assert text_before(file, "quite another\ntext\n") is None
    assert text_after(file, {"shop.py": "quite another"}, None) is None


@given(st.lists(st.integers(1, 900), min_size=1, max_size=6))
def test_parts_hold_every_line_once(sizes: list[int]) -> None:
    """Whatever the lengths of the passages, with their right numbers and within the size of a part."""
    files = [
        FileDiff(
            path=f"{name}.py",
            old_path=f"{name}.py",
            change="modified",
            hunks=(Hunk(old_start=5, new_start=7, lines=tuple(f"{'+- '[n % 3]}{n}" for n in range(size))),),
        )
        for name, size in enumerate(sizes)
    ]
    parts = parts_of(files)
    pieces = [(file.path, hunk) for part in parts for file in part for hunk in file.hunks]
    for file in files:
        own = [hunk for path, hunk in pieces if path == file.path]
        assert tuple(line for hunk in own for line in hunk.lines) == file.hunks[0].lines
        assert {n: t for hunk in own for n, t in hunk.new_lines.items()} == file.new_lines
    assert all(sum(len(h.lines) for file in part for h in file.hunks) <= PART_LINES for part in parts)


HOSTILE = st.lists(
    st.sampled_from([*"@#<>[]()`_\\\n\x1b a1:", "https://", "www.", "GH-1", "octocat", "](x)"]), max_size=20
)


@given(HOSTILE.map("".join) | st.text(max_size=60), HOSTILE.map("".join) | st.text(max_size=20))
def test_markdown_holds_findings_as_text(message: str, path: str) -> None:
    """Nobody is mentioned, nothing linked or broken out of by what a finding says, also where a code host shows it."""
    told = to_markdown(
        Review(decision="revise", findings=(Finding(rule="a", severity="error", message=message, path=path, line=1),))
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", told)
    (line,) = [line for line in told.split("\n") if line.startswith("- **error**")]
    shown = MarkdownIt("commonmark").render(line)
    inside = re.fullmatch(
        r"<ul>\n<li><strong>error</strong> line 1: (.*) \(<code>a</code>\)</li>\n</ul>\n", shown, re.DOTALL
    )
    assert inside, shown
    assert not re.search(r"[<>]", inside[1])
    assert not re.search(r"@\w|[#!]\w|://|\bwww\.|GH-\d", html.unescape(inside[1]), re.IGNORECASE)


@pytest.mark.parametrize("path", ["n.ipynb", "uv.lock", "app.min.js", "a.svg", "a.map", "n.json"])
def test_secrets_are_found_in_files_that_nobody_reads(path: str) -> None:
    """Notebooks above all."""
    line = '"outputs": ["key AKIAIOSFODNN7EXAMPLZ"]'
    (finding,) = look_at_lines(changed("", line, path))
    assert (finding.rule, finding.path, finding.line) == ("security:secret", path, 1)
    binary = FileDiff(path=path, old_path=path, change="added", binary=True)
    assert list(look_at_lines(binary)) == []
