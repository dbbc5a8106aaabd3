"""Folders, files and locks that are not as they should be: a clear error, nothing half written, the next import right."""

from __future__ import annotations

import importlib.util
import marshal
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from outside_project import USES_MIX, Project

from genloom.testing import Fault

TELLS = """
import sys
try:
    from myapp.gen.text import mix
except ImportError as error:
    print(type(error).__name__)
    print(error)
    print("hint:", error.hint)
    left = sorted(name for name in sys.modules if name.startswith("myapp.gen."))
    assert not left, left
    raise SystemExit(7)
assert mix(2) == 15851
assert mix(-3) == 80985
print("ok", mix(21))
"""


def _refused(project: Project, *named: str) -> str:
    done = project.script(TELLS)
    assert done.code == 7, done.said
    assert "hint: None" not in done.out
    assert "hint: \n" not in done.out
    for text in named:
        assert text in done.out, done.out
    return done.out


def _own_mounts() -> str | None:
    """Why no file systems can be mounted in a namespace of one's own, `None` when they can."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return "no unshare"
    done = subprocess.run(
        [unshare, "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True, check=False
    )
    return done.stderr.strip() or None if done.returncode else None


def _mounted(project: Project, mount: str, program: str) -> str:
    """Run a program where `myapp/gen` is mounted in a certain way, which nobody else sees."""
    if reason := _own_mounts():
        pytest.skip(f"no file system can be mounted here: {reason}")
    project.write("program.py", program)
    done = project.command(["unshare", "-m", "sh", "-ec", f"{mount}\nexec {sys.executable} program.py"])
    return done.said


AGAIN = TELLS.replace("    raise SystemExit(7)\n", "    print('first refused')\n").split("assert mix")[0] + (
    "import os, subprocess\n{mend}\n"
    "from myapp.gen.text import mix\nassert mix(2) == 15851\nassert mix(-3) == 80985\n"
    "print('ok', mix(21), sorted(name for name in os.listdir('myapp/gen') if name.endswith('.py')))\n"
)


@pytest.mark.slow
def test_a_folder_that_cannot_be_written(project: Project) -> None:
    """Said as such; once it can be written, the same process imports and pins."""
    mount = "mount --bind myapp/gen myapp/gen; mount -o remount,bind,ro myapp/gen"
    mend = "subprocess.run(['mount', '-o', 'remount,bind,rw', 'myapp/gen'], check=True)"
    said = _mounted(project, mount, AGAIN.format(mend=mend))
    assert "first refused" in said, said
    assert "Read-only" in said or "read-only" in said or "written" in said
    assert "ok 61583 ['__init__.py', 'text.py']" in said, said


@pytest.mark.slow
def test_a_full_disk(project: Project) -> None:
    """Nothing half written stays; once there is room, the same process imports and pins."""
    mount = (
        "mkdir -p kept; cp -r myapp/gen/. kept; mount -t tmpfs -o size=64k tmpfs myapp/gen; cp -r kept/. myapp/gen; "
        "dd if=/dev/zero of=myapp/gen/filler bs=1k count=64 2>/dev/null || true"
    )
    mend = "print('beside:', sorted(os.listdir('myapp/gen')))\nos.remove('myapp/gen/filler')"
    said = _mounted(project, mount, AGAIN.format(mend=mend))
    assert "first refused" in said, said
    assert "No space" in said or "full" in said or "space" in said, said
    beside = next(line for line in said.splitlines() if line.startswith("beside:"))
    assert "text" not in beside
    assert "tmp" not in beside.lower()
    assert "ok 61583 ['__init__.py', 'text.py']" in said, said


@pytest.mark.slow
def test_a_lock_of_a_killed_process_holds_nobody_up(project: Project) -> None:
    """`kill -9` in the midst of a generation; the next import generates at once."""
    project.model.set_faults([Fault(hang=True)])
    project.write("program.py", USES_MIX)
    process = project.start("program.py")
    deadline = time.monotonic() + 60
    while not project.model.calls and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.communicate(timeout=30)
    assert project.model.calls == 1
    assert project.pinned == set()
    done = project.run("program.py")
    assert done.out == "ok 61583\n", done.err
    assert project.model.calls == 2
    assert project.pinned == {"text.py"}


def _halved(text: str) -> bytes:
    return text[: len(text) // 2].encode() + b'\nx = "'


CORRUPTIONS = {
    "garbage": lambda text: b"{ this is not TOML",
    "binary": lambda text: bytes(range(256)),
    "cut": _halved,
    "merge conflict": lambda text: f"<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n".encode(),
    "twice": lambda text: (text + text).encode(),
}


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_a_corrupted_lock_file_is_said_and_left_alone(written: Project, kind: str) -> None:
    """The error names the file; nothing is generated or overwritten; restored, everything works."""
    path = written.gen / "genloom.lock"
    right = path.read_text()
    path.write_bytes(damaged := CORRUPTIONS[kind](right))
    _refused(written, "genloom.lock")
    assert path.read_bytes() == damaged
    assert written.model.calls == 0
    path.write_text(right)
    assert written.script(TELLS).out == "ok 61583\n"


def test_a_lock_file_of_a_later_schema_is_said(written: Project) -> None:
    """Rather than misread."""
    path = written.gen / "genloom.lock"
    lines = path.read_text().splitlines(keepends=True)
    number = next(i for i, line in enumerate(lines) if line.startswith(("schema", "version")))
    name = lines[number].partition("=")[0]
    path.write_text("".join([*lines[:number], f"{name}= 999\n", *lines[number + 1 :]]))
    _refused(written, "genloom.lock", "999")
    assert written.model.calls == 0


def test_an_edited_file_is_noticed(written: Project) -> None:
    """And not run: its text never ran through a check. Restored, it is imported."""
    path = written.gen / "text.py"
    right = path.read_text()
    path.write_text(right + "\nprint('edited')\n")
    out = _refused(written, "text.py", "genloom lib adopt")
    assert "edited\n" not in out.replace("edited by hand", "")
    assert written.model.calls == 0
    path.write_text(right)
    assert written.script(TELLS).out == "ok 61583\n"


@pytest.mark.slow
def test_an_adopted_edit_is_imported(written: Project) -> None:
    """`genloom lib adopt` verifies it against the checks that are kept; one that fails them is refused."""
    path = written.gen / "text.py"
    path.write_text(path.read_text().replace("return (x * 7919 + 13) % 104729", "return (13 + x * 7919) % 104729"))
    adopted = written.run("-m", "genloom", "lib", "adopt", "myapp.gen.text")
    assert adopted.code == 0, adopted.said
    assert written.script(TELLS).out == "ok 61583\n"
    path.write_text(path.read_text().replace("13 + x", "14 + x"))
    adopted = written.run("-m", "genloom", "lib", "adopt", "myapp.gen.text")
    assert adopted.code == 1, adopted.said
    assert "Traceback" not in adopted.said
    _refused(written, "text.py")
    assert written.model.calls == 0


def test_a_pinned_file_that_is_gone_is_said(written: Project) -> None:
    """Not quietly generated anew: what was accepted is in git."""
    path = written.gen / "text.py"
    right = path.read_text()
    path.unlink()
    _refused(written, "text.py")
    assert written.model.calls == 0
    path.write_text(right)
    assert written.script(TELLS).out == "ok 61583\n"


def test_foreign_bytecode_is_not_run(written: Project) -> None:
    """A `.pyc` that fits the file's time and size, and is somebody else's code."""
    path = written.gen / "text.py"
    stat = path.stat()
    code = compile("print('foreign')\ndef mix(x): return 0\n", str(path), "exec")
    header = importlib.util.MAGIC_NUMBER + (0).to_bytes(4, "little")
    header += int(stat.st_mtime).to_bytes(4, "little") + stat.st_size.to_bytes(4, "little")
    cached = Path(importlib.util.cache_from_source(str(path)))
    cached.parent.mkdir(exist_ok=True)
    cached.write_bytes(header + marshal.dumps(code))
    cached.with_name("text.pyc").write_bytes(header + marshal.dumps(code))
    (written.gen / "text.pyc").write_bytes(header + marshal.dumps(code))
    before = cached.read_bytes()
    done = written.script(TELLS)
    assert done.out == "ok 61583\n", done.said
    assert cached.read_bytes() == before


def test_a_pinned_file_that_leads_outside_is_refused(written: Project, tmp_path: Path) -> None:
    """A link that somebody put in the file's place."""
    outside = tmp_path / "elsewhere.py"
    outside.write_text("print('outside')\ndef mix(x): return 0\n")
    path = written.gen / "text.py"
    path.unlink()
    path.symlink_to(outside)
    out = _refused(written, "text.py")
    assert "outside\n" not in out


def test_a_module_written_by_hand_is_imported_and_never_overwritten(project: Project) -> None:
    """Also when a name is asked for that it lacks: the error says whose it is."""
    mine = project.write("myapp/gen/text.py", 'def mine():\n    return "mine"\n')
    before = mine.read_bytes()
    done = project.script("from myapp.gen.text import mine\nfrom myapp.gen import text\nprint(mine(), text.mine())\n")
    assert done.out == "mine mine\n", done.err
    done = project.script(
        "try:\n    from myapp.gen.text import mix\nexcept ImportError as error:\n    print(error)\n"
        "from myapp.gen import text\ntry:\n    text.mix(2)\nexcept AttributeError as error:\n    print('no', error)\n"
    )
    assert done.code == 0, done.err
    assert "mix" in done.out
    assert project.model.calls == 0
    assert mine.read_bytes() == before
    assert project.lock == ""


@pytest.mark.parametrize("namespace", ["json", "email.mime", "pytest", "genloom"])
def test_the_name_of_a_real_package_is_no_namespace(project: Project, namespace: str) -> None:
    """What is installed under that name would be hidden."""
    done = project.script(
        "import genloom\nfrom genloom.errors import UsageError\ntry:\n"
        f"    genloom.install_import_hook(namespace={namespace!r}, directory='generated', mode='auto')\n"
        "except UsageError as error:\n    print('refused', error, error.hint)\n"
    )
    assert done.out.startswith("refused "), done.said
    assert namespace in done.out


@pytest.mark.parametrize("name", ["class", "os.path", "../text", "text-er", ""])
def test_names_that_no_statement_could_ask_for_are_refused(project: Project, name: str) -> None:
    """`agenerate_module` takes module names only from its own namespaces."""
    done = project.script(
        "import asyncio, genloom, myapp.gen\ntry:\n"
        f"    asyncio.run(genloom.agenerate_module({('myapp.gen.' + name) if name != 'os.path' else name!r}, ['mix']))\n"
        "except (ValueError, ImportError, genloom.GenloomError) as error:\n    print('refused', type(error).__name__)\n"
    )
    assert done.out.startswith("refused "), done.said
    assert project.model.calls == 0
    assert not list(project.folder.rglob("text*.py"))
