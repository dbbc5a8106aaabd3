"""Importing genloom does nothing but define names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from source_tree import ROOT, modules

WATCHED = """
import json, os, sys
seen = {"written": [], "network": [], "processes": [], "environment": [], "before": sorted(sys.modules)}

def from_genloom():
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if os.sep + "genloom" + os.sep in name:
            return True
        if not name.startswith("<frozen") and not name.endswith(os.sep + "os.py"):
            return False
        frame = frame.f_back
    return False

class Recorder(type(os.environ)):
    def __getitem__(self, key):
        if from_genloom():
            seen["environment"].append(key)
        return super().__getitem__(key)
    def get(self, key, default=None):
        if from_genloom():
            seen["environment"].append(key)
        return super().get(key, default)

own = os.environ
recorder = object.__new__(Recorder)
recorder.__dict__.update(own.__dict__)
os.environ = recorder

def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = any(letter in mode for letter in "wax+") if mode else flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and path != os.devnull:
            seen["written"].append(str(path))
    elif event in ("socket.connect", "socket.bind", "socket.getaddrinfo"):
        seen["network"].append(f"{event} by {sys._getframe(1).f_code.co_filename}")
    elif event in ("subprocess.Popen", "os.fork", "os.exec", "os.posix_spawn", "os.system"):
        seen["processes"].append(event)
    elif event in ("os.mkdir", "os.rename", "os.remove", "sqlite3.connect"):
        seen["written"].append(event)

sys.addaudithook(watch)
hook, threads = sys.excepthook, None
import importlib
for module in json.loads(sys.argv[1]):
    importlib.import_module(module)
import threading
seen["after"] = sorted(sys.modules)
seen["excepthook"] = sys.excepthook is not hook
seen["threads"] = [t.name for t in threading.enumerate() if "genloom" in t.name]
print(json.dumps(seen))
"""


def watched_import(*names: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED, json.dumps(names)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENAI_API_KEY": "sk-unread", "GENLOOM_MODEL": "openai:unread"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert len(lines) == 1, "importing printed something"
    return json.loads(lines[0])


def test_import_genloom_loads_nothing_but_the_standard_library() -> None:
    """The package's own front door costs no pydantic, LangGraph or httpx: names are loaded when they are asked for."""
    seen = watched_import("genloom")
    new = {name.partition(".")[0] for name in set(seen["after"]) - set(seen["before"])}
    assert {name for name in new if name not in sys.stdlib_module_names} == {"genloom"}
    assert [name for name in seen["after"] if name.startswith("genloom.")] == []


@pytest.mark.slow
def test_importing_any_module_touches_nothing() -> None:
    """No module of genloom writes a file, opens a connection, starts a process or thread, reads the environment, or
    replaces the excepthook when it is imported."""
    seen = watched_import(*(name for name in modules() if not name.endswith("__main__")))
    # urllib3, which LangSmith brings, binds a socket to ::1 at import to find out whether the machine has IPv6
    network = [event for event in seen["network"] if "urllib3" not in event]
    effects = {what: seen[what] for what in ("written", "processes", "environment", "threads")}
    assert effects == {"written": [], "processes": [], "environment": [], "threads": []}
    assert network == []
    assert not seen["excepthook"]


def test_watching_sees_what_it_watches_for(tmp_path: Any) -> None:
    """The watch itself is able to fail: a module that writes, reads the environment and starts a process is seen."""
    folder = tmp_path / "genloom" / "x"
    folder.mkdir(parents=True)
    (folder / "bad_neighbour.py").write_text(
        f"import os, subprocess, sys\nopen({str(tmp_path / 'out')!r}, 'w').close()\n"
        "os.environ.get('OPENAI_API_KEY'); os.getenv('GENLOOM_MODEL')\nsubprocess.run([sys.executable, '-c', ''])\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED, '["bad_neighbour"]'],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(done.stdout)
    assert seen["written"] == [str(tmp_path / "out")]
    assert {"OPENAI_API_KEY", "GENLOOM_MODEL"} <= set(seen["environment"])
    assert seen["processes"]
