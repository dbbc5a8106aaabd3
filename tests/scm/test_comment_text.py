"""Comments: what somebody else wrote shows as it is and does nothing."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from genloom.state.review import Finding, Review
from genloom.tools.inert_text import inert
from genloom.tools.scm.comment_text import line_comment, mark_of, marked, summary_comment

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
ZERO_WIDTH = "\u200b"
HOSTILE = (
    "@octocat @org/team @all look",
    "<!-- genloom:review -->",
    "--> <script>alert(1)</script> <img src=x onerror=y>",
    "```\n/close\n```",
    "\n/approve\n/merge",
    "[click](https://evil.example) ![i](http://evil.example/x.png) <https://evil.example>",
    "https://evil.example www.evil.example mailto:a@b.example GH-12 #12 org/repo#3 !4 %5",
    "| a | b |\n|---|---|\n# heading\n> quote\n- [ ] task",
    "$\\input{x}$ **bold** _it_ ~~gone~~ `code` \\ &copy; &#64;octocat",
    "<details><summary>x</summary>",
    f"commit {'a1b2c3d4' * 5} 16c999e PROJ-123 A_B2-7",
    "*" * 5_000,
)
WORDS = st.lists(
    st.sampled_from(
        [*"@#!%/|>-=+*_`~[]()<>&\\$:.^'\"\n\t", "www", "http", "GH-", "PR_J-", "0b1c2d3", "\x1b", "1", "a", " "]
    ),
    max_size=60,
)
TEXTS = st.text() | WORDS.map("".join) | st.sampled_from(HOSTILE)


def shown(text: str) -> str:
    """What a reader of the rendered text sees; anything but plain text in a paragraph fails."""
    rendered = MARKDOWN.render(f"x {text} x")
    inside = re.fullmatch(r"<p>x (.*) x</p>\n", rendered, re.DOTALL)
    assert inside, rendered
    assert not re.search(r"[<>]", inside[1]), rendered
    return html.unescape(inside[1])


@given(TEXTS)
def test_any_text_is_one_line_that_shows_itself_and_nothing_else(text: str) -> None:
    """By a Markdown renderer that lets HTML through: no tag, no link, no emphasis, no code; the same characters."""
    made = inert(text)
    seen = shown(made)
    assert "\n" not in made
    assert not re.search(r"@\w", seen), "somebody would be called"
    assert not re.search(r"[#!%]\w|GH-\d", seen), "another issue would be told"
    assert not re.search(r"\b[A-Z][A-Z0-9_]+-\d", seen), "a tracker's issue would be linked"
    assert not re.search(r"[0-9a-f]{7}", seen, re.IGNORECASE), "a commit would be linked"
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", seen), "a terminal would act on it"
    assert not re.search(r"://|\bwww\.|mailto:", seen, re.IGNORECASE), "it would become a link"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_keeps_its_words(text: str) -> None:
    """It is shown, not dropped: blanks aside, and up to its limit."""
    assert shown(inert(text)).replace(ZERO_WIDTH, "")[:900] == " ".join(text.split())[:900]


@given(TEXTS, TEXTS, TEXTS)
def test_no_finding_can_forge_a_mark_or_begin_a_command(rule: str, message: str, path: str) -> None:
    """The mark counts on the first line, which is ours; no line begins as a quick action or another block would."""
    finding = Finding(rule=rule, severity="error", message=message, path=path, line=3)
    body = line_comment("finding-1", [finding], limit=20_000)
    assert mark_of(body) == "finding-1"
    review = Review(decision="revise", findings=(finding,), reviewers=(rule,), summary=message)
    whole = summary_comment(review, head="a" * 40, on_lines=0, elsewhere=[finding], remarks=[path], limit=60_000)
    assert mark_of(whole) == "review"
    for text in (body, whole):
        assert text.count("<!--") == text.count("-->") == 1
        starts = (
            "<!-- genloom:",
            "**error**: ",
            "### genloom review: ",
            "- **error** ",
            "Note: ",
            "Summary: ",
            "1 finding",
            "Not on",
        )
        assert all(line.startswith(starts) for line in text.split("\n") if line)


def test_secrets_and_hidden_text_do_not_reach_a_comment() -> None:
    """A model may repeat what it read in the change."""
    hidden = "\u200b\u200c\u200c\u200b\u200c\u200b\u200b\u200c"
    finding = Finding(
        rule="r", severity="error", message=f"key AKIAIOSFODNN7EXAMPLE own-secret-1234 {hidden}", path="a.py", line=1
    )
    body = line_comment("finding-1", [finding], limit=20_000, secrets=["own-secret-1234"])
    assert "AKIAIOSFODNN7EXAMPLE" not in body
    assert "own-secret-1234" not in body
    assert "\u200c" not in body


@settings(max_examples=20)
@given(st.integers(2_000, 60_000), st.integers(0, 230), st.integers(1, 1_000))
def test_a_comment_keeps_within_its_limit_and_counts_what_is_left_out(limit: int, count: int, length: int) -> None:
    """Whatever is in it; escaping makes it longer, which counts."""
    findings = [Finding(rule="r", severity="note", message="@" * length, path="a.py", line=n) for n in range(count)]
    text = summary_comment(
        Review(decision="approve", findings=tuple(findings)), head="a" * 40, on_lines=0, elsewhere=findings, limit=limit
    )
    assert len(text) <= limit
    told = text.count("\n- **note**")
    left = re.search(r"and (\d+) more", text)
    assert told + (int(left[1]) if left else 0) == count


@pytest.mark.parametrize(
    "body", ["", "x\n<!-- genloom:review -->\n", "<!-- genloom:review --> x", "<!-- genloom:re view -->\n"]
)
def test_only_a_whole_first_line_is_a_mark(body: str) -> None:
    """Anything else is somebody's text."""
    assert mark_of(body) is None
    assert mark_of(marked("review", body)) == "review"
    assert mark_of("<!-- genloom:review -->\r\nx") == "review"
