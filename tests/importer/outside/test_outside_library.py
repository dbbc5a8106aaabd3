"""A library of generated modules over its life: made, filled, listed, verified, moved, ejected."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest
from outside_project import MIX, USES_MIX, Project

pytestmark = pytest.mark.slow


def test_an_anchor_package_that_the_command_line_made(project: Project) -> None:
    """`lib init`, a first import at once in `auto`, `lib list`, `lib show`, `lib verify`."""
    shutil.rmtree(project.folder / "myapp")
    made = project.run("-m", "genloom", "lib", "init", "myapp.gen")
    assert made.code == 0, made.said
    assert (project.gen / "py.typed").exists()
    done = project.script(USES_MIX, GENLOOM_IMPORT_MODE="auto")
    assert done.out == "ok 61583\n", done.err
    listed = project.run("-m", "genloom", "lib", "list", "--json")
    assert listed.code == 0, listed.said
    assert "myapp.gen.text" in listed.out
    json.loads(listed.out)
    shown = project.run("-m", "genloom", "lib", "show", "myapp.gen.text")
    assert "def mix" in shown.out, shown.said
    verified = project.run("-m", "genloom", "lib", "verify")
    assert verified.code == 0, verified.said
    assert project.model.calls == 1


def test_verify_notices_an_edit_and_a_pin_that_fails_its_checks(written: Project) -> None:
    """Exit code 1; nothing is changed."""
    path = written.gen / "text.py"
    path.write_text(path.read_text().replace("7919", "7917"))
    done = written.run("-m", "genloom", "lib", "verify")
    assert done.code == 1, done.said
    assert "text" in done.said
    assert "Traceback" not in done.said
    assert "7917" in path.read_text()
    assert written.model.calls == 0


def test_an_ejected_package_needs_no_genloom(written: Project) -> None:
    """Where genloom cannot be imported, the program runs and the package's own tests pass."""
    done = written.run("-m", "genloom", "lib", "eject", "myapp.gen")
    assert done.code == 0, done.said
    assert "genloom" not in "".join(path.read_text() for path in written.gen.rglob("*.py"))
    blocker = "import sys; sys.modules['genloom'] = None\n"
    written.write("alone.py", blocker + USES_MIX)
    alone = subprocess.run(
        [sys.executable, "alone.py"], cwd=written.folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert alone.stdout == "ok 61583\n", alone.stderr
    tests = sorted(written.folder.rglob("test_*.py"))
    assert tests, done.said
    written.write("conftest.py", blocker)
    ran = written.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, tests))
    assert ran.code == 0, ran.said
    assert written.model.calls == 0


def test_an_emptied_anchor_is_a_plain_package(written: Project) -> None:
    """Emptying `__init__.py` ejects, as its own text says."""
    written.write("myapp/gen/__init__.py", "")
    done = written.script("import sys; sys.modules['genloom'] = None\n" + USES_MIX)
    assert done.out == "ok 61583\n", done.err


def test_a_moved_project_needs_no_repair(written: Project) -> None:
    """The lock file holds no absolute path, and of two runs the same text."""
    assert str(written.folder) not in written.lock
    moved = written.folder / "moved"
    moved.mkdir()
    shutil.move(written.folder / "myapp", moved / "myapp")
    done = written.command([sys.executable, "-c", USES_MIX], PYTHONPATH=written.environment()["PYTHONPATH"])
    assert done.code == 1  # it is not there any more
    paths = written.environment()["PYTHONPATH"].replace(str(written.folder), str(moved))
    done = written.command([sys.executable, "-c", USES_MIX], PYTHONPATH=paths)
    assert done.out == "ok 61583\n", done.err


AUTOGENLIB = (
    "import genloom, runpy\ngenloom.install_import_hook(namespace='autogenlib')\n"
    "runpy.run_path('program.py', run_name='__main__')\n"
)
TOKENS = (
    'def generate_token(length: int = 32) -> str:\n    """Return a token of that many characters."""\n'
    '    return "a" * length\n'
)
CRYPT = (
    'def encrypt_text(text: str, password: str) -> str:\n    """Turn the text around."""\n    return text[::-1]\n\n\n'
    'def decrypt_text(text: str, password: str) -> str:\n    """Turn the text around."""\n    return text[::-1]\n'
)


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE_URL"])
def test_programs_of_autogenlibs_documentation_run_unchanged(project: Project, variable: str) -> None:
    """The quick start, with its own variables and nothing of genloom's configured."""
    project.model.source = TOKENS
    project.write(
        "program.py",
        "from autogenlib.tokens import generate_token\n\ntoken = generate_token(length=32)\nprint(token)\n",
    )
    settings = {"OPENAI_BASE_URL": "", "GENLOOM_MODEL": "", "OPENAI_MODEL": "test-model"}
    settings[variable] = project.model.base_url
    done = project.run("-c", AUTOGENLIB, **settings)
    assert done.out == "a" * 32 + "\n", done.err
    again = project.run("-c", AUTOGENLIB, **settings)
    assert again.out == done.out, again.err


def test_autogenlibs_init_describes_the_library(project: Project) -> None:
    """`from autogenlib import init`, several names, and its switches; the description reaches the model."""
    project.model.source = CRYPT
    project.write(
        "program.py",
        "from autogenlib import init, set_caching, set_exception_handler\n"
        'init("Cryptographic utility library", enable_caching=True)\nset_exception_handler(False)\nset_caching(True)\n'
        "from autogenlib.encryption import encrypt_text, decrypt_text\n"
        'encrypted = encrypt_text("Secret message", "password123")\n'
        'decrypted = decrypt_text(encrypted, "password123")\nprint(decrypted)\n',
    )
    done = project.run("-c", AUTOGENLIB, OPENAI_MODEL="test-model")
    assert done.out == "Secret message\n", done.err
    assert "Cryptographic utility library" in str(project.model.chats[-1])


def test_a_name_of_another_module_may_be_written_twice(project: Project) -> None:
    """Modules of one library know each other, and share nothing unless they import it."""
    project.model.source = MIX
    for name in ("one", "two"):
        done = project.script(USES_MIX.replace("gen.text", f"gen.{name}"), GENLOOM_HOME=str(project.folder / name))
        assert done.out == "ok 61583\n", done.err
    assert project.pinned == {"one.py", "two.py"}
