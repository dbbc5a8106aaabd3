"""Review: a person decides, here or in another process, and nothing is generated twice."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from generation import CALLER, MODULE, SLUGIFY, Project, fenced

from genloom.errors import GeneratedImportError, PendingReview
from genloom.interfaces.importer.generation.generating import generate_module
from genloom.interfaces.importer.generation.review_gate import (
    PendingRecord,
    ask_person,
    module_diff,
    pending_reviews,
    resume_pending,
    write_pending,
)
from genloom.testing import OpenAIServer

Serve = Callable[..., OpenAIServer]

RESUME = """
import sys
from pathlib import Path
from genloom.interfaces.importer.generation.review_gate import pending_reviews, resume_pending
(record,) = pending_reviews(Path(sys.argv[1]))
print(resume_pending(record, Path(sys.argv[1]), approve=True).source, end="")
"""

TERMINAL = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from generation import Project, CALLER
from genloom.errors import GeneratedImportError
from genloom.interfaces.importer.generation.generating import generate_module
project = Project.__new__(Project)
project.folder = Path(sys.argv[2]); project.directory = project.folder / "myapp" / "gen"
try:
    print("ACCEPTED BY", generate_module(project.asked(mode="review")).accepted_by)
except GeneratedImportError as error:
    print("REFUSED", error)
"""


def pending(project: Project, **changes: str) -> PendingReview:
    with pytest.raises(PendingReview) as caught:
        generate_module(project.asked(changes.get("caller", CALLER), mode="review"))
    return caught.value


def test_where_nobody_sits_the_import_says_what_waits(project: Project, serve: Serve) -> None:
    serve(fenced(SLUGIFY))
    waiting = pending(project)
    assert waiting.name == MODULE
    assert waiting.exit_code == 5
    assert "+def slugify(text: str) -> str:" in waiting.diff
    assert f"genloom lib accept {MODULE}" in waiting.hint
    (record,) = pending_reviews(project.directory)
    assert (record.thread_id, record.names) == (waiting.thread_id, ("slugify",))


def test_another_import_waits_for_the_same_run(project: Project, serve: Serve) -> None:
    server = serve(fenced(SLUGIFY))
    assert pending(project).thread_id == pending(project).thread_id
    assert len(server.chats) == 1


def test_another_name_of_the_module_comes_after_what_waits(project: Project, serve: Serve) -> None:
    """Otherwise the code that waits would be written over, and paid for again."""
    server = serve(fenced(SLUGIFY), fenced("def shout(text: str) -> str:\n    return text.upper()\n"))
    first = pending(project)
    more = "from myapp.gen.text import shout\n\nassert shout('a') == 'A'\n"
    with pytest.raises(PendingReview) as caught:
        generate_module(project.asked(more, names=("shout",), path="myapp/other.py", mode="review"))
    assert caught.value.thread_id == first.thread_id
    assert "shout can be written then" in caught.value.hint
    assert len(server.chats) == 1
    made = resume_pending(pending_reviews(project.directory)[0], project.directory, approve=True)
    assert made is not None
    project.write("myapp/gen/text.py", made.source)
    with pytest.raises(PendingReview) as then:
        generate_module(
            project.asked(more, names=("shout",), existing=made.source, path="myapp/other.py", mode="review")
        )
    assert "+def shout" in then.value.diff


def test_what_the_caller_asserts_since_is_shown_of_other_code(project: Project, serve: Serve) -> None:
    other = SLUGIFY.replace('"-".join', '"_".join')
    server = serve(fenced(SLUGIFY), fenced(other))
    first = pending(project)
    moved = CALLER.replace("\n\n", "\n\n# a remark\n\n")
    assert pending(project, caller=moved).thread_id == first.thread_id
    changed = pending(project, caller=CALLER.replace('"a-b"', '"a_b"'))
    assert "_" in changed.diff
    assert changed.thread_id != first.thread_id
    assert len(server.chats) == 2


def test_a_test_that_only_moved_is_the_same_check(project: Project, serve: Serve) -> None:
    server = serve(fenced(SLUGIFY))
    caller = f"{CALLER}parts = ['A', 'B']\nassert [slugify(part) for part in parts] == ['a', 'b']\n"
    first = pending(project, caller=caller)
    assert pending(project, caller=caller.replace("parts =", "\nparts =")).thread_id == first.thread_id
    assert len(server.chats) == 1


def test_another_process_accepts_without_a_second_generation(project: Project, serve: Serve) -> None:
    server = serve(fenced(SLUGIFY))
    pending(project)
    command = [sys.executable, "-c", RESUME, str(project.directory)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ), timeout=120)
    assert (done.stdout, done.returncode) == (SLUGIFY, 0), done.stderr
    assert len(server.chats) == 1
    assert pending_reviews(project.directory) == ()


def test_what_nothing_proves_can_be_accepted_by_a_person(project: Project, serve: Serve) -> None:
    serve(fenced(SLUGIFY))
    pending(project, caller="from myapp.gen.text import slugify\n")
    made = resume_pending(pending_reviews(project.directory)[0], project.directory, approve=True)
    assert made is not None
    assert (made.verdict, made.accepted_by) == ("unverified", "review")


def test_what_is_rejected_is_gone_and_begins_anew(project: Project, serve: Serve) -> None:
    server = serve(fenced(SLUGIFY), fenced(SLUGIFY))
    first = pending(project)
    record = pending_reviews(project.directory)[0]
    assert resume_pending(record, project.directory, approve=False, comment="no") is None
    assert pending_reviews(project.directory) == ()
    assert pending(project).thread_id != first.thread_id
    assert len(server.chats) == 2


def test_a_person_is_told_what_the_review_remarked(project: Project, serve: Serve) -> None:
    serve(fenced(f"import os\n\nHOME = os.environ\n\n\n{SLUGIFY}"))
    assert "at import" in str(pending(project))
    assert any("acts_at_import" in remark for remark in pending_reviews(project.directory)[0].findings)


def test_what_a_module_reaches_for_is_for_the_person_to_decide(project: Project, serve: Serve) -> None:
    """Nobody asked for the network: where nobody decides, such a module is refused."""
    reaches = (
        f"import urllib.request\n\n\n{SLUGIFY}\n\n"
        "def extra(url: str) -> bytes:\n    return urllib.request.urlopen(url).read()\n"
    )
    server = serve(fenced(reaches))
    waiting = pending(project)
    assert "capability:network" in " ".join(waiting.evidence)
    assert len(server.chats) == 1


def test_a_record_whose_run_is_gone_does_not_hold_up_the_next(project: Project, serve: Serve) -> None:
    serve(fenced(SLUGIFY))
    write_pending(project.directory, PendingRecord(module=MODULE, names=("slugify",), thread_id="gone", diff=""))
    assert pending(project).thread_id != "gone"


def test_what_fails_its_checks_is_never_put_before_a_person(project: Project, serve: Serve) -> None:
    serve(lambda request: fenced("def slugify(text):\n    return text\n"))
    with pytest.raises(GeneratedImportError, match="3 drafts") as caught:
        generate_module(project.asked(mode="review"))
    assert not isinstance(caught.value, PendingReview)
    assert pending_reviews(project.directory) == ()


@pytest.mark.parametrize(
    ("answer", "said"),
    [("y\n", "ACCEPTED BY review"), ("n\n", "was rejected"), ("\n", "was rejected"), ("\4", "waits for your review")],
    ids=["yes", "no", "the default", "Ctrl-D"],
)
def test_a_terminal_is_shown_the_diff_and_asked(project: Project, serve: Serve, answer: str, said: str) -> None:
    serve(fenced(SLUGIFY))
    told, shown = at_terminal(project, answer)
    assert said in told, shown
    assert shown.index("genloom: writing myapp.gen.text (slugify)") < shown.index("+def slugify")


def test_nothing_in_the_code_acts_on_the_terminal_of_the_person_who_decides(project: Project, serve: Serve) -> None:
    """Escape codes could take away a line that was shown."""
    hiding = SLUGIFY.replace("text.lower", "text.strip().lower") + "# \x1b[1A\x1b[2K hidden\n"
    serve(fenced(hiding))
    told, shown = at_terminal(project, "y\n")
    assert "ACCEPTED BY review" in told, shown
    assert "\x1b" not in shown
    assert r"# \x1b[1A\x1b[2K hidden" in shown


def test_nothing_in_what_is_told_of_the_code_acts_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback shows the review's findings, which quote the code."""
    told = "line \x1b[2K\u202e"
    with pytest.raises(PendingReview) as caught:
        ask_person(PendingRecord(module=MODULE, names=("slugify",), thread_id="t", diff=told, findings=(told,)))
    assert r"line \x1b[2K\u202e" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert caught.value.diff == told


def at_terminal(project: Project, answer: str) -> tuple[str, str]:
    """Import at a terminal where somebody types; return what the program printed, and what the terminal showed."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-c", TERMINAL, str(Path(__file__).parent), str(project.folder)]
    os.write(leader, answer.encode())
    with subprocess.Popen(
        command, stdin=follower, stdout=subprocess.PIPE, stderr=follower, text=True, env=dict(os.environ)
    ) as program:
        told, _ = program.communicate(timeout=120)
    shown = os.read(leader, 100_000).decode()
    os.close(leader)
    os.close(follower)
    return told, shown


@pytest.mark.parametrize("text", ["", "{", "[]", '{"module": 1}', '{"module": "a", "names": []}'])
def test_a_broken_record_is_left_out(project: Project, text: str) -> None:
    project.write("myapp/gen/.genloom/pending/a.json", text)
    assert pending_reviews(project.directory) == ()


def test_a_diff_names_the_modules_file() -> None:
    assert module_diff("a.b", "", "x = 1\n") == "--- /dev/null\n+++ b/a/b.py\n@@ -0,0 +1 @@\n+x = 1\n"
    assert "--- a/a/b.py" in module_diff("a.b", "x = 1\n", "x = 1\ny = 2\n")
