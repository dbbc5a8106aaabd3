"""What a person at a terminal sees, and text that cannot act on it."""

from __future__ import annotations

import re
import signal
import subprocess
import time

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


class Conversation:
    """The program at a terminal, except for its standard output, with somebody who answers its questions."""

    QUESTION = re.compile(r"combine\((-?\d+), (-?\d+)\) → \? ")
    EXAMPLES = ("-e", "combine(2, 2) == 4", "-e", "combine(0, 0) == 0", "--search-seconds", "120")

    def __init__(self, program: Program, *arguments: str) -> None:
        self.terminal = PseudoTerminal()
        self.process = subprocess.Popen(
            command("generate", "Combine two numbers", *self.EXAMPLES, "--no-cache", *arguments),
            stdin=self.terminal.end,
            stdout=subprocess.PIPE,
            stderr=self.terminal.end,
            cwd=program.folder,
            env=environment({}),
        )
        self.terminal.let_go()

    def questions(self) -> list[tuple[int, int]]:
        """What was asked so far."""
        return [(int(one), int(other)) for one, other in self.QUESTION.findall(self.terminal.so_far())]

    def wait_for_question(self, number: int) -> bool:
        """Wait until that many were asked; `False` when the program has ended instead."""
        while len(self.questions()) < number and self.process.poll() is None:
            time.sleep(0.02)
        return len(self.questions()) >= number

    def end(self) -> tuple[int, str, str]:
        """Return the exit code, the standard output and what the terminal showed."""
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, out.decode(), self.terminal.shown()


@pytest.mark.slow
def test_the_deciding_example_is_asked_for_and_the_search_goes_on(program: Program) -> None:
    """What is no literal is asked again; each answer is an example of the next search, whose program gives it. The code
    alone goes to standard output."""
    talk = Conversation(program, "--thread", "named")
    assert talk.wait_for_question(1)
    talk.terminal.type_in("twelve\n")
    number = 2
    while talk.wait_for_question(number):
        one, other = talk.questions()[-1]
        talk.terminal.type_in(f"{one * other}\n")
        number += 1
    code, out, text = talk.end()
    assert "no Python literal" in text
    assert 2 <= number - 1 <= 4
    space: dict[str, object] = {}
    exec(out, space)
    combine = space["combine"]
    assert callable(combine)
    assert all(combine(one, other) == one * other for one, other in talk.questions())
    assert out.startswith("# genloom: UNVERIFIED") == (code == 1)
    assert "thread: named." in text


@pytest.mark.slow
def test_enter_leaves_the_question_open(program: Program) -> None:
    """The answer stands, unverified, with its outputs and the example that would decide."""
    talk = Conversation(program)
    assert talk.wait_for_question(1)
    talk.terminal.type_in("\n")
    code, out, text = talk.end()
    assert code == 1
    assert out.startswith("# genloom: UNVERIFIED")
    assert "gives: combine(" in text
    assert "This example would decide best: -e 'combine(" in text
    assert len(talk.questions()) == 1


@pytest.mark.slow
def test_ctrl_c_at_the_question_ends_the_program(program: Program) -> None:
    """With its exit code, and no traceback."""
    talk = Conversation(program)
    assert talk.wait_for_question(1)
    talk.process.send_signal(signal.SIGINT)
    code, out, text = talk.end()
    assert (code, out) == (130, "")
    assert "Traceback" not in text


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--json", "--quiet", "--accept-unverified"])
def test_nobody_is_asked_who_wants_no_questions(program: Program, option: str) -> None:
    """Programs read JSON, quiet is quiet, and who accepts what is unverified has decided."""
    talk = Conversation(program, option)
    assert not talk.wait_for_question(1)
    assert talk.end()[0] == (0 if option == "--accept-unverified" else 1)


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
