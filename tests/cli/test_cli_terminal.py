"""What a person at a terminal sees, and text that cannot act on it."""

from __future__ import annotations

import subprocess

import pytest
from genloom_program import DOUBLE, Program, command, environment
from hypothesis import given
from hypothesis import strategies as st
from pseudo_terminal import PseudoTerminal

from genloom.events import ContextReady, DraftMade, NodeFailed, SearchProgress, VerdictReady
from genloom.interfaces.cli.event_text import event_text, plural
from genloom.interfaces.visible import visible


def at_terminal(program: Program, *arguments: str, typed: str = "") -> tuple[int, str]:
    """Run the program with a terminal as all three streams; return its exit code and what the terminal showed."""
    terminal = PseudoTerminal()
    process = subprocess.Popen(
        command(*arguments),
        stdin=terminal.end,
        stdout=terminal.end,
        stderr=terminal.end,
        cwd=program.folder,
        env=environment({}),
    )
    terminal.let_go()
    terminal.type_in(typed)
    code = process.wait(60)
    return code, terminal.shown()


@pytest.mark.slow
def test_person_at_the_terminal_follows_and_decides(program: Program) -> None:
    """The nodes show as they run, `--approval` asks at once, and the approved code comes in colour."""
    code, text = at_terminal(program, *DOUBLE, "--approval", typed="y\n")
    assert code == 0
    for shown in (
        "inject_context",
        "generate",
        "verify",
        "finalize",
        "Approve this code?",
        "\x1b[",
        "Approved by a person",
    ):
        assert shown in text
    code, text = at_terminal(program, *DOUBLE, "--approval", typed="n\ntoo short\n")
    assert code == 1
    assert "rejected the code. too short" in text


@pytest.mark.slow
def test_quiet_and_json_show_no_progress(program: Program) -> None:
    """Even at a terminal."""
    code, text = at_terminal(program, *DOUBLE, "--json", "--quiet")
    assert code == 0
    assert text.startswith("{")
    assert "inject_context" not in text


@given(st.text())
def test_visible_text_holds_no_control_characters(text: str) -> None:
    """Whatever comes in, only printable characters, line breaks and tabs come out, and plain text stays as it is."""
    shown = visible(text)
    assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in shown)
    assert not any(0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069 for c in shown)
    if text.isascii() and text.isprintable():
        assert shown == text


def test_events_are_told_in_few_words() -> None:
    """Each line says what came of the node."""
    assert event_text(DraftMade(generator="search", made=True, lines=1)) == "search: 1 line"
    assert event_text(DraftMade(generator="model", made=False, reason="no model")) == "model: no model"
    assert event_text(SearchProgress(size=3, candidates=1200)) == "searching: size 3, 1,200 candidates"
    assert event_text(ContextReady(references=0, files=0, tokens=0, relevance=0.0)) == "no context"
    assert event_text(NodeFailed(node="verify", seconds=0.1, error="OSError")) == "OSError"
    failed = VerdictReady(result="not_run", evidence="none", checks=0, reason="no sandbox")
    assert event_text(failed) == "not run: no sandbox"
    assert (plural(1, "file"), plural(2, "file")) == ("1 file", "2 files")
