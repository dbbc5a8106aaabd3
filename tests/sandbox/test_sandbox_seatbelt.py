"""The tier for macOS: the text of its profile, and the supervisor that it shares with no other system."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ordinary_user import run_as_ordinary_user

from genloom.tools.sandbox import Grants
from genloom.tools.sandbox.seatbelt import seatbelt_command, seatbelt_profile


def test_profile_denies_by_default_and_shows_only_what_is_needed(tmp_path: Path) -> None:
    """Reading and executing what is given, writing the scratch folder and a few devices: nothing else is allowed."""
    shown, scratch = tmp_path / "lib", tmp_path / "scratch"
    shown.mkdir()
    scratch.mkdir()
    (tmp_path / "one.py").write_text("")
    profile = seatbelt_profile([str(shown), str(tmp_path / "one.py")], str(scratch))
    lines = profile.splitlines()
    assert lines[:2] == ["(version 1)", "(deny default)"]
    reading = next(line for line in lines if line.startswith("(allow file-read* process-exec "))
    assert f'(subpath "{shown}")' in reading
    assert f'(literal "{tmp_path / "one.py"}")' in reading
    assert f'(allow file-read* file-write* (subpath "{scratch}"))' in lines
    assert [line for line in lines if "file-write" in line and str(scratch) not in line and "/dev/" not in line] == []
    assert "network" not in profile
    assert "ipc-posix" not in profile


def test_grants_add_their_rules_and_no_others(tmp_path: Path) -> None:
    """Shared memory and loopback are in the profile only when they are granted; no rule names another host."""
    plain = seatbelt_profile([], str(tmp_path)).splitlines()
    shared = seatbelt_profile([], str(tmp_path), Grants(shared_memory=True)).splitlines()
    loopback = seatbelt_profile([], str(tmp_path), Grants(loopback=True)).splitlines()
    assert set(shared) - set(plain) == {"(allow ipc-posix-sem ipc-posix-shm)"}
    added = set(loopback) - set(plain)
    assert len(added) == 3
    assert all('"localhost:*"' in line for line in added)


@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/"), min_size=1, max_size=30))
def test_no_path_can_add_a_rule(name: str) -> None:
    """Whatever a folder is called, it stays one string, or is refused."""
    if name in (".", "..") or "\0" in name:
        return
    plain = seatbelt_profile([], "/nonexistent/a")
    try:
        profile = seatbelt_profile([], f"/nonexistent/{name}")
    except ValueError:
        assert any(ord(character) < 32 for character in name)
        return
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    assert profile == plain.replace('"/nonexistent/a"', f'"/nonexistent/{escaped}"')


def test_command_starts_the_system_s_own_program() -> None:
    """The program is named by its absolute path, and the run's command follows the profile."""
    assert seatbelt_command("(version 1)", ["python", "x"]) == [
        "/usr/bin/sandbox-exec",
        "-p",
        "(version 1)",
        "python",
        "x",
    ]


SUPERVISE = """
import os, sys, time
from genloom.tools.sandbox.launcher import macos
folder = os.environ["HOME"] + "/scratch"
os.mkdir(folder)
plan = dict(scratch=folder, files={{"a.txt": "laid out"}}, channel=[], wall_seconds={seconds}, memory={memory},
    file_size=1 << 20, cpu_seconds=20, executable="/bin/sh", arguments=["sh", "-c", {script!r}],
    environment={{"PATH": "/usr/bin:/bin"}})
control, asks = os.pipe()
status, tells = os.pipe()
if {stop}: os.close(asks)
macos.supervise(plan, control, tells)
line = os.read(status, 4096)
left = [n for n in os.listdir("/proc") if n.isdigit() and os.path.exists(f"/proc/{{n}}/cwd")
    and os.stat(f"/proc/{{n}}").st_uid == os.getuid() and os.readlink(f"/proc/{{n}}/cwd") == folder]
with open(os.environ["HOME"] + "/seen", "w") as file: file.write(line.decode() + str(left))
"""


@pytest.mark.parametrize(
    ("script", "seconds", "memory", "stop", "expected"),
    [
        ("cat a.txt > b.txt; exit 3", 20, 1 << 30, False, "ended itself 768 "),
        pytest.param("sleep 60 & sleep 60", 0.5, 1 << 30, False, "ended timeout -1 ", marks=pytest.mark.slow),
        pytest.param("sleep 60 & sleep 60", 20, 1 << 30, True, "ended stopped -1 ", marks=pytest.mark.slow),
        pytest.param("sleep 60", 20, 1 << 10, False, "ended memory -1 ", marks=pytest.mark.slow),
    ],
)
def test_supervisor_watches_ends_and_reports(
    tmp_path: Path, script: str, seconds: float, memory: int, stop: bool, expected: str
) -> None:
    """It reports in the same words as the one of Linux, and leaves no process behind."""
    code = SUPERVISE.format(script=script, seconds=seconds, memory=memory, stop=stop)
    done = run_as_ordinary_user(code, tmp_path)
    assert (tmp_path / "seen").exists(), done.stderr
    line, left = (tmp_path / "seen").read_text().split("\n")
    assert line.startswith(expected)
    assert left == "[]"
    if not stop and expected.startswith("ended itself"):
        assert (tmp_path / "scratch" / "b.txt").read_text() == "laid out"
