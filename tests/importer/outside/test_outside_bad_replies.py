"""A model's bad replies: a clear error, nothing pinned, nothing left in `sys.modules`, and the next import is right."""

from __future__ import annotations

import pytest
from outside_project import MIX, SHOUT, Project, tell

from genloom.testing import Fault

pytestmark = pytest.mark.slow

REPLIES = {
    "syntax error": tell("def mix(x:\n    return (x * 7919 + 13) % 104729\n"),
    "prose": "I would rather not write this, but multiplying by two is easy.",
    "nothing": "",
    "two modules": tell("def mix(x):\n    return (x * 7919 + 13) % 104729\n")
    + "\nor\n\n"
    + tell("def mix(x):\n    return x + x\n"),
    "missing name": tell(SHOUT),
    "raises at import": tell(f'{MIX}\n\nraise RuntimeError("not today")\n'),
    "exits at import": tell(f"import sys\n\n\n{MIX}\n\nsys.exit(0)\n"),
    "loops at import": tell(f"{MIX}\n\nwhile True:\n    pass\n"),
    "missing package": tell(f"import a_package_that_nobody_wrote\n\n\n{MIX}"),
    "over-long": tell(MIX + "\n" + "# and so on\n" * 400_000),
    "wrong": tell("def mix(x: int) -> int:\n    return x * x\n"),
    "NUL": tell("def mix(x):\n    return (x * 7919 + 13) % 104729\0\n"),
    "imports itself": tell(f"from myapp.gen.text import mix as other\n\n\n{MIX}"),
    "writes at import": tell(f'from pathlib import Path\n\nPath("was-here").write_text("x")\n\n\n{MIX}'),
}

PROGRAM = """
import sys
from pathlib import Path


def work():
    from myapp.gen.text import mix
    assert mix(2) == 15851
    assert mix(-3) == 80985
    return mix(21)


try:
    work()
    print("imported")
except ImportError as error:
    print(type(error).__name__)
    print(error)
    print("hint:", error.hint)
left = sorted(name for name in sys.modules if name.startswith("myapp.gen."))
if left:
    print("left in sys.modules:", left)
Path("mended").touch()
print("ok", work())
"""


@pytest.mark.parametrize("kind", REPLIES)
def test_a_bad_reply_is_refused_and_the_next_import_is_right(project: Project, kind: str) -> None:
    """Both in the same process; nobody's traceback but the caller's own is in the way."""
    asked_badly = 0

    def say(_: object) -> str:
        nonlocal asked_badly
        if (project.folder / "mended").exists():
            return tell(MIX)
        asked_badly += 1
        return REPLIES[kind]

    project.model.source = say
    done = project.script(PROGRAM)
    assert done.out.startswith("GeneratedImportError\n"), done.said
    assert done.out.endswith("ok 61583\n"), done.said
    assert "hint: None" not in done.out
    assert "left in" not in done.out
    assert 1 <= asked_badly <= 5
    assert project.pinned == {"text.py"}
    assert len(done.out) < 20_000


@pytest.mark.parametrize("kind", ["syntax error", "wrong", "raises at import"])
def test_after_a_bad_reply_nothing_is_pinned(project: Project, kind: str) -> None:
    """Neither a file nor an entry, and the uncaught error tells the evidence."""
    project.model.source = lambda _: REPLIES[kind]
    done = project.script("from myapp.gen.text import mix\n\nassert mix(2) == 15851\nassert mix(3) == 23770\n")
    assert done.code == 1
    assert "GeneratedImportError" in done.err
    assert project.pinned == set()
    assert "text" not in project.lock
    if kind == "wrong":
        assert "mix(2)" in done.err
        assert "15851" in done.err


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_a_server_that_refuses_is_told_apart(project: Project, status: int) -> None:
    """An import error whose cause says what the server said; no repair is paid for, nothing is pinned."""
    project.model.set_faults(lambda _: Fault(status=status, body='{"error": {"message": "no"}}'))
    done = project.script(
        "try:\n    from myapp.gen.text import mix\nexcept ImportError as error:\n"
        "    print(type(error).__name__, type(error.__cause__).__name__)\n    print(error)\n    print(error.hint)\n"
        "else:\n    assert mix(2) == 15851\n    assert mix(3) == 23770\n",
        GENLOOM_MODEL="openai:test-model",
    )
    assert done.out.startswith("GeneratedImportError "), done.said
    assert "GeneratedImportError None" not in done.out
    assert project.pinned == set()


def test_no_model_and_no_key(project: Project) -> None:
    """Where nothing can write it, the error says what to do."""
    done = project.script(
        "from myapp.gen.text import frobnicate\n\nfrobnicate('a')\n", GENLOOM_MODEL="", OPENAI_API_KEY=""
    )
    assert done.code == 1
    assert "GeneratedImportError" in done.err
    assert "GENLOOM_MODEL" in done.err
    assert project.pinned == set()
    assert project.model.calls == 0


def test_a_module_without_checks_needs_a_person_or_leave(project: Project) -> None:
    """`unverified` is refused in `auto`, and the error says how to accept it; with leave it is taken."""
    caller = "from myapp.gen.text import mix\nprint(mix(21))\n"
    done = project.script(caller)
    assert done.code == 1
    assert "accept_unverified" in done.err
    assert project.pinned == set()
    project.write(
        "myapp/gen/__init__.py", 'import genloom\n\ngenloom.install_import_hook(mode="auto", accept_unverified=True)\n'
    )
    done = project.run("program.py")
    assert done.out == "61583\n", done.err
    assert project.pinned == {"text.py"}
    assert "unverified" in project.lock


def test_secrets_of_the_caller_reach_no_prompt_and_no_lock(project: Project) -> None:
    """A key in the caller's source, beside its checks."""
    key = "sk-" + "proj-" + "Zx9" * 14
    done = project.script(
        f'TOKEN = "{key}"\n' + "from myapp.gen.text import mix\nassert mix(2) == 15851, TOKEN\n"
        "assert mix(-3) == 80985\nprint(mix(21))\n"
    )
    assert project.model.calls >= 1
    assert key not in "".join(map(str, project.model.chats))
    assert key not in project.lock
    assert key not in done.said
