"""Where less is possible: without namespaces, as an ordinary user, as root that may not mount."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ordinary_user import run_as_ordinary_user

import genloom
from genloom.tools.sandbox import Sandbox

OF_ORDINARY_USER = [
    pytest.param("bubblewrap", (True,), id="bubblewrap-namespaces"),
    pytest.param("landlock", (False,), id="landlock-no namespaces"),
    pytest.param("bubblewrap", (False,), id="bubblewrap-no namespaces", marks=pytest.mark.slow),
    pytest.param("landlock", (True,), id="landlock-namespaces", marks=pytest.mark.slow),
]
"""The tiers, each with namespaces and without; the most and the least of all this is in the quick suite."""

REPORT = """
import asyncio, os, signal, sys
import genloom.tools.sandbox.selftest as selftest
from genloom.tools.sandbox import Limits, Sandbox
selftest._WAYS = {ways!r}
sandbox = Sandbox(limits=Limits(wall_seconds=10, processes=16), tier={tier!r}, warm=False)
print(os.getuid(), sandbox.status().tier, sandbox.status().namespaces, sandbox.status().reason)
"""

ATTACKS = '''
import pathlib
folder = pathlib.Path(os.environ["HOME"])
keep = folder / "keep"
keep.write_text("kept")
keep.chmod(0o640)
before = keep.stat()
source = """
import os, signal, shutil, time
def kill_parent():
    for process in (os.getppid(), -1, PARENT):
        try: os.kill(process, signal.SIGTERM)
        except OSError: pass
    return 1
def change():
    path = 'KEEP'
    for act in (lambda: os.chmod(path, 0o777), lambda: os.utime(path, (1, 1)), lambda: os.truncate(path, 0),
                lambda: open(path).read(), lambda: os.unlink(path)):
        try: act()
        except OSError: pass
    return 2
def survive():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: time.sleep(20)
        os._exit(0)
    return 3
def benign():
    open('a', 'w').close()
    shutil.copy('a', 'b')
    return os.path.exists('b')
""".replace("KEEP", str(keep)).replace("PARENT", str(os.getpid()))
report = sandbox.call({"draft.py": source}, "draft", ["kill_parent()", "change()", "survive()", "benign()"])
print([getattr(result, "value", result) for result in report.results], report.ended, report.not_run)
after = keep.stat()
print(keep.read_text(), before.st_mode == after.st_mode, before.st_mtime == after.st_mtime)
left = []
for entry in pathlib.Path("/proc").iterdir():
    try:
        if entry.name.isdigit() and "/genloom-" in str((entry / "cwd").readlink()) and entry.stat().st_uid == os.getuid():
            left.append(entry.name)
    except OSError: pass
print(left, sorted(path.name for path in folder.iterdir()))
'''


@pytest.mark.parametrize(("tier", "ways"), OF_ORDINARY_USER)
def test_ordinary_user_gets_the_same_protection(tmp_path: Path, tier: str, ways: tuple[bool, ...]) -> None:
    """Without root, with or without namespaces of its own, the user's files, processes and parent are safe."""
    done = run_as_ordinary_user(REPORT.format(ways=ways, tier=tier) + ATTACKS, tmp_path)
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    user, found, namespaces, reason = lines[0].split(" ", 3)
    if found != tier:
        pytest.skip(reason)
    assert user != "0"
    assert namespaces == str(ways[0])
    assert lines[1:] == ["[1, 2, 3, True] normal ", "kept True True", "[] ['keep']"], done


KILL = """
import pathlib, subprocess, time
code = '''
import genloom.tools.sandbox.selftest as selftest
from genloom.tools.sandbox import Limits, Sandbox
selftest._WAYS = {ways!r}
source = "import os, time\\\\nif os.fork() == 0: os.setsid()\\\\nprint(1, flush=True)\\\\ntime.sleep(200)"
patient = Sandbox(tier={tier!r}, warm=False, limits=Limits(wall_seconds=200))
patient.run_program(source, on_line=lambda line: print("up", flush=True))
'''
def working():
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            found += [entry.name] if os.environ["HOME"] in str((entry / "cwd").readlink()) else []
        except OSError: pass
    return found
parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
print(parent.stdout.readline(), len(working()) > 1)
parent.kill()
for _ in range(2000):
    if not working(): break
    time.sleep(0.02)
print(working())
"""


@pytest.mark.parametrize(("tier", "ways"), OF_ORDINARY_USER)
def test_killed_parent_of_an_ordinary_user_takes_its_runs_along(
    tmp_path: Path, tier: str, ways: tuple[bool, ...]
) -> None:
    """When genloom is killed, the supervisor ends the run's tree, also without a process namespace."""
    done = run_as_ordinary_user((REPORT + KILL).format(ways=ways, tier=tier), tmp_path)
    if tier not in done.stdout.partition("\n")[0].split():
        pytest.skip(done.stdout or done.stderr)
    assert done.stdout.splitlines()[1:] == ["b'up\\n' True", "[]"], done


def test_root_that_may_not_use_namespaces_runs_nothing_it_cannot_show(open_folder: Path) -> None:
    """Root without private mounts, with an interpreter that others cannot read, says so and what to do."""
    if os.geteuid() != 0:
        pytest.skip("this is about root")
    code = REPORT.format(ways=(False,), tier="landlock") + "print(sandbox.call({'a.py': ''}, 'a', ['1']))\n"
    environment = {**os.environ, "PYTHONPATH": str(Path(genloom.__file__).parents[1]), "TMPDIR": str(open_folder)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    if "landlock" in done.stdout:
        pytest.skip("this interpreter is readable by everybody")
    assert "None False" in done.stdout
    assert "cannot be read by an unprivileged user" in done.stdout
    assert "hint='Put the interpreter" in done.stdout


def test_status_tells_tier_reason_limits_and_interpreter(sandbox: Sandbox) -> None:
    """The status says what holds here and on what it stands."""
    status = sandbox.status()
    assert status.tier in ("bubblewrap", "landlock")
    assert {"bubblewrap": "bwrap", "landlock": "Landlock and seccomp"}[status.tier] in status.reason
    assert status.limits.startswith("20 s")
    assert Path(status.interpreter).exists()
    assert status.python.startswith("3.")
