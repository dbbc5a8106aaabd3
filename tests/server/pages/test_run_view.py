"""The run page as HTML: what it shows, and that nothing in it is markup but our own."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_record import HIDDEN, HOSTILE, log_record, run_record

from genloom.interfaces.server.pages.run_page import render_run
from genloom.interfaces.server.pages.texts import TEXT_CHARACTERS, PageTexts
from genloom.interfaces.server.pages.view import MOST_LINES, MOST_STEPS, run_view
from genloom.interfaces.visible import visible

OURS = {"html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "span", "p", "main", "section"}
OURS |= {"pre", "ul", "ol", "li", "code", "b", "details", "summary", "footer"}


class Reading(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(**changes: Any) -> Reading:
    logs = changes.pop("logs", ())
    page = Reading()
    page.feed(render_run(run_view(run_record(**changes), logs, changes.pop("total", len(logs)))))
    page.close()
    return page


def test_page_shows_status_verdict_checks_review_diff_and_steps() -> None:
    steps = [log_record(1, message_type="ACTION", tool_name="verify", thought="checking", tool_output={"result": "ok"})]
    text = read(logs=steps).text
    for shown in (
        *(
            "Run 7",
            "completed",
            "passed",
            "One check proves it. Evidence: its values were compared. Sandbox: bubblewrap.",
        ),
        *(
            "double(2) == 4",
            "expected 6, got 5",
            "held back from the draft's maker",
            "Review: approve",
            "a.py:3",
            "look [S1]",
        ),
        *("-old", "+new", "@@ -1 +1 @@", "step", "verify", "checking", '"result": "ok"', "Double a number"),
    ):
        assert shown in text


def test_without_a_diff_the_new_file_is_shown() -> None:
    assert "+def double(n):" in read(outcome=None).text


def test_what_a_run_waits_for_is_said_once_and_a_check_without_values_shows_none() -> None:
    waits = "The run waits for a person."
    checks = [{"check": "t", "source": "held_out", "result": "failed", "expected": "", "actual": "", "hidden": True}]
    told = read(outcome={"outcome": "pending", "reason": waits, "verdict": {"reason": waits, "checks": checks}}).text
    assert told.count(waits) == 1
    assert "person.;" not in told
    assert "expected" not in told
    assert told.count("held back") == 1
    assert "held_out" not in told


def test_a_later_leg_shows_its_follow_up_and_where_it_works() -> None:
    checkout = {"tool_input": {"repository": "team/app"}, "tool_output": {"commit": "0123456789abcdef"}}
    logs = [log_record(1, message_type="ACTION", tool_name="checkout", **checkout)]
    asked = {"kind": "follow_up", "prompt": "Halve it, too"}
    for resume in (asked, {"kind": "answer", "prompt": "approve", "follow_up": asked}):
        text = read(leg=2, resume=resume, logs=logs).text
        assert "Halve it, too" in text
        assert "repository team/app at 0123456789ab" in text
    assert "Follow-up" not in read(resume={"kind": "answer", "prompt": "approve"}).text


@pytest.mark.parametrize(
    ("status", "moving"), [("queued", True), ("in_progress", True), ("paused", False), ("failed", False)]
)
def test_page_refreshes_itself_only_while_the_run_may_move(status: str, moving: bool) -> None:
    page = render_run(run_view(run_record(status=status, outcome=None, result=None), (), 0))
    assert ('http-equiv="refresh"' in page) == moving


def everywhere(text: str) -> dict[str, Any]:
    check = dict.fromkeys(("check", "source", "evidence", "result", "expected", "actual", "detail"), text)
    finding = {**dict.fromkeys(("rule", "severity", "message", "path"), text), "line": 1}
    outcome = {
        **dict.fromkeys(("outcome", "reason", "diff", "source"), text),
        "verdict": {
            "reason": text,
            "evidence": text,
            "sandbox": text,
            "checks": [check, {**check, "result": "failed"}],
        },
        "review": {"decision": text, "findings": [finding]},
    }
    entry = {
        **dict.fromkeys(("message_type", "tool_name", "thought", "observation"), text),
        "tool_input": {text: text},
        "tool_output": {"x": [text]},
    }
    return {
        **dict.fromkeys(("status", "prompt", "model", "summary", "result"), text),
        "outcome": outcome,
        "logs": [log_record(1, **entry)],
    }


@pytest.mark.parametrize("text", [HOSTILE, "--></style><svg onload=x>", "javascript:alert(1)", "\x00<b x=1>"])
def test_hostile_text_is_text_wherever_it_stands(text: str) -> None:
    page = read(**everywhere(text))
    assert page.tags <= OURS
    assert not any(name.startswith("on") for name in page.names)
    assert page.text.count("{{7*7}}") == (33 if text == HOSTILE else 0)  # shown as it is, never evaluated


@given(st.text(max_size=200))
def test_no_text_makes_a_tag_or_an_attribute(text: str) -> None:
    page = read(**everywhere(text))
    assert page.tags <= OURS
    assert page.names <= {
        *("lang", "charset", "name", "content", "http-equiv", "class", "id"),
        "aria-labelledby",
        "tabindex",
    }


def test_text_that_hides_itself_is_made_visible() -> None:
    text = read(prompt=HIDDEN, summary=HIDDEN).text
    assert not re.search("[\u202e\x1b]", text)
    assert "safe\\u202eevil" in text


@pytest.mark.parametrize(
    "outcome", [{}, {"verdict": 3}, {"verdict": {"checks": "x"}}, {"verdict": {"checks": [1, None]}}, {"review": []}]
)
def test_an_outcome_of_another_shape_still_makes_a_page(outcome: dict[str, Any]) -> None:
    assert "Run 7" in read(outcome=outcome).text


def test_what_is_long_is_cut_and_says_so() -> None:
    page = render_run(run_view(run_record(outcome={"diff": "+x\n" * (MOST_LINES + 5)}), [log_record(9)], 12))
    assert "… 5 more lines" in page
    assert "11 earlier steps" in page
    assert "…" in read(prompt="p" * 100_000).text
    assert len(render_run(run_view(run_record(prompt="p" * 1_000_000, outcome=None), (), 0))) < 50_000


def test_a_page_has_a_size_whatever_its_steps_hold() -> None:
    """The newest steps are shown as far as any is, and what does not fit is cut."""
    huge = "ab<\u202e" * 50_000
    entry = {"message_type": "ACTION", "tool_input": {"a": [huge] * 9}, "tool_output": [huge], "observation": huge}
    logs = [log_record(number, thought=f"step {number}. {huge}", **entry) for number in range(1, MOST_STEPS + 1)]
    page = render_run(run_view(run_record(prompt=huge, result=huge, outcome={"diff": f"+{huge}\n" * 20}), logs, 600))
    assert len(page) < 4_000_000
    short = [log_record(number, message_type="ACTION", thought=f"step {number}.") for number in (1, 2)]
    text = read(logs=[*logs[:-2], *short]).text
    assert "step 2." in text
    assert "step 1." in text


def test_a_step_has_its_own_time() -> None:
    """Steps are stored in batches."""
    assert "2027-01-15 08:00:00 UTC" in read(logs=[log_record(1, at=1_800_000_000.5)]).text


class Counted:
    """A value that counts how often it is put into words."""

    told = 0

    def __str__(self) -> str:
        Counted.told += 1
        return "x" * 100


def test_of_a_large_value_only_the_beginning_is_put_into_words() -> None:
    entry = {"tool_output": {"drafts": [Counted() for _ in range(100_000)]}}
    assert "…" in read(logs=[log_record(1, **entry)]).text
    assert Counted.told < 100


@given(st.recursive(st.none() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_value_that_fits_is_shown_whole(value: Any) -> None:
    shown = PageTexts()({"v": value})
    whole = json.dumps({"v": value}, indent=1, ensure_ascii=False)
    assert shown == visible(whole) or (len(whole) > TEXT_CHARACTERS and shown.endswith("…"))
