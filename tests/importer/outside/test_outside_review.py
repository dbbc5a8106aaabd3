"""`mode="review"`: a person accepts a diff, at a terminal or later, in whatever process, without a second generation."""

from __future__ import annotations

import json

import pytest
from outside_project import ANCHOR, USES_MIX, Project
from outside_terminal import at_terminal

pytestmark = pytest.mark.slow

TELLS = """
import sys
try:
    from myapp.gen.text import mix
except ImportError as error:
    print(type(error).__name__, error.thread_id)
    print(error.diff)
    assert "myapp.gen.text" not in sys.modules
    raise SystemExit(5)
assert mix(2) == 15851
assert mix(-3) == 80985
print("ok", mix(21))
"""


@pytest.fixture
def reviewed(project: Project) -> Project:
    """A project whose anchor asks a person."""
    project.write("myapp/gen/__init__.py", ANCHOR.replace("auto", "review"))
    return project


def test_without_a_person_the_import_is_pending_and_a_later_accept_needs_no_second_generation(
    reviewed: Project,
) -> None:
    """The error has the diff and the thread; the command line accepts; then the program runs, with one call in all."""
    first = reviewed.script(TELLS)
    assert first.code == 5, first.said
    assert first.out.startswith("PendingReview ")
    assert "+def mix" in first.out
    thread = first.out.split()[1]
    assert reviewed.pinned == set()
    assert reviewed.run("program.py").out.split()[1] == thread  # asking again starts nothing anew
    assert reviewed.model.calls == 1
    pending = reviewed.run("-m", "genloom", "lib", "pending", "--json")
    assert pending.code == 0, pending.said
    assert thread in pending.out
    assert "myapp.gen.text" in pending.out
    assert json.loads(pending.out)
    accepted = reviewed.run("-m", "genloom", "lib", "accept", "myapp.gen.text")
    assert accepted.code == 0, accepted.said
    assert reviewed.pinned == {"text.py"}
    assert reviewed.run("program.py").out == "ok 61583\n"
    assert reviewed.model.calls == 1
    assert "passed" in reviewed.lock


def test_a_rejected_module_is_not_pinned(reviewed: Project) -> None:
    """The next import asks anew."""
    assert reviewed.script(TELLS).code == 5
    rejected = reviewed.run("-m", "genloom", "lib", "reject", "myapp.gen.text")
    assert rejected.code in (0, 1), rejected.said
    assert "Traceback" not in rejected.said
    assert reviewed.pinned == set()
    assert reviewed.model.calls == 1
    assert reviewed.script(TELLS).code == 5
    assert reviewed.model.calls == 2


def test_an_uncaught_pending_review_tells_the_command(reviewed: Project) -> None:
    """What to type next stands in the last lines."""
    done = reviewed.script(USES_MIX)
    assert done.code == 1
    assert "PendingReview" in done.err
    assert "genloom lib accept" in done.err


@pytest.mark.parametrize("answer", ["y", "n"])
def test_at_a_terminal_the_import_asks(reviewed: Project, answer: str) -> None:
    """The diff is shown; yes goes on with the program, no is an ImportError."""
    reviewed.write("program.py", USES_MIX)
    code, shown = at_terminal(reviewed, "program.py", typed=f"{answer}\nnot wanted\n")
    assert "mix" in shown
    assert reviewed.model.calls == 1
    if answer == "y":
        assert code == 0, shown
        assert "ok 61583" in shown
        assert reviewed.pinned == {"text.py"}
    else:
        assert code != 0
        assert "ImportError" in shown
        assert reviewed.pinned == set()


def test_ctrl_d_at_the_question_accepts_nothing(reviewed: Project) -> None:
    """An end of input is no consent."""
    reviewed.write("program.py", USES_MIX)
    code, shown = at_terminal(reviewed, "program.py", typed="\x04")
    assert code != 0, shown
    assert reviewed.pinned == set()
