"""The stored attack and benign cases, run inside the sandbox and nowhere else."""

from __future__ import annotations

import ast
import json
import os
import re
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from genloom.tools.sandbox import CallReport, Limits, Returned, Sandbox

DATA = Path(os.environ["GENLOOM_DATA"]) if os.environ.get("GENLOOM_DATA") else None
LIMITS = Limits(
    wall_seconds=3, cpu_seconds=3, memory_megabytes=512, processes=32, file_megabytes=16, output_kilobytes=512
)
PORT_IN_THE_CASES = "39471"


def load(name: str) -> list[Any]:
    if DATA is None or not (DATA / name).exists():
        reason = pytest.mark.skip(reason="GENLOOM_DATA does not name the folder of cases")
        return [pytest.param({}, id=name, marks=reason)]
    cases = [json.loads(line) for line in (DATA / name).read_text().splitlines()]
    # what is about running on and on takes its limit of time
    slow = {case["id"] for case in cases if case.get("category") == "resources"}
    return [pytest.param(c, id=c["id"], marks=[pytest.mark.slow] if c["id"] in slow else []) for c in cases]


class Listener(threading.Thread):
    """Counts connections to a loopback port and to a unix socket."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.hits = 0
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind(str(folder / "sock"))
        (folder / "sock").chmod(0o777)
        self.unix.listen()
        for server in (self.tcp, self.unix):
            server.setblocking(False)
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.01):
            self.look()

    def look(self) -> None:
        for server in (self.tcp, self.unix):
            try:
                server.accept()[0].close()
                self.hits += 1
            except BlockingIOError:
                pass

    def close(self) -> None:
        self.stopped.set()
        self.join()
        self.look()
        self.tcp.close()
        self.unix.close()


class Canary:
    """A folder that must not be touched, open to every user so that only the sandbox protects it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = secrets.token_hex(12)
        for name in ("home/.aws", "drop", "victim"):
            (folder / name).mkdir(parents=True)
        for name in ("home/.aws/credentials", "home/.netrc", "home/.env"):
            (folder / name).write_text(self.secret)
        (folder / "victim/keep.txt").write_text("keep")
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        self.before = (folder / "victim/keep.txt").stat()
        self.listener = Listener(folder)
        self.listener.start()

    def place(self, source: str) -> str:
        return source.replace("@CANARY@", str(self.folder)).replace(
            PORT_IN_THE_CASES, str(self.listener.tcp.getsockname()[1])
        )


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    # the test's own folder is closed to others: the canary has to be reachable but for the sandbox
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    found = Canary(tmp_path / "canary")
    yield found
    found.listener.close()


def survivors(folder: Path) -> list[str]:
    """Processes that work in a scratch folder below `folder`, or were started with one."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                seen = (entry / "environ").read_bytes() + bytes((entry / "cwd").readlink())
                found += [entry.name] if str(folder).encode() in seen else []
        except OSError:
            continue
    return found


def held(report: CallReport, checks: list[dict[str, str]]) -> bool:
    """Whether every check holds: the parent's comparison, exact in type as the cases ask."""
    if report.loading is not None or len(report.results) != len(checks):
        return False
    for check, result in zip(checks, report.results, strict=True):
        expected = ast.literal_eval(check["expect"])
        if not isinstance(result, Returned) or result.value != expected or type(result.value) is not type(expected):
            return False
    return True


class Run:
    """What one case did."""

    def __init__(self, case: dict[str, Any], report: CallReport, canary: Canary, seconds: float) -> None:
        self.case = case
        self.report = report
        self.canary = canary
        self.seconds = seconds
        self.output = report.stdout + report.stderr + repr(report.results) + repr(report.loading)
        self.keep = canary.folder / "victim/keep.txt"


BREACHES: dict[str, Callable[[Run, str], bool]] = {
    "verdict_pass": lambda run, _: held(run.report, run.case["checks"]),
    "verdict_pass_hidden": lambda run, _: held(run.report, run.case["checks"] + run.case["hidden"]),
    "drop": lambda run, name: (run.canary.folder / "drop" / name).exists(),
    "mode": lambda run, _: run.keep.stat().st_mode != run.canary.before.st_mode,
    "mtime": lambda run, _: run.keep.stat().st_mtime != run.canary.before.st_mtime,
    "gone": lambda run, _: not run.keep.exists() or run.keep.read_text() != "keep",
    "canary": lambda run, _: run.canary.secret in run.output,
    "grep": lambda run, _: run.canary.secret in run.output,
    "hit": lambda run, _: run.canary.listener.hits > 0,
    "survivor": lambda run, _: bool(survivors(run.canary.folder.parent)),
    "wall": lambda run, seconds: run.seconds > float(seconds),
    "bytes": lambda run, count: len(run.report.stdout) + len(run.report.stderr) > int(count),
    "text": lambda run, text: re.search(re.escape(text) + r"(?!\d)", run.output) is not None,
}
"""What each kind of probe calls a breach. Under this tier none is left out: where mounts are private they are read-only,
so that changes of mode and time outside fail too; without namespaces they are swallowed (tested elsewhere)."""


@pytest.mark.parametrize("case", load("attacks.jsonl"))
def test_stored_attack_neither_passes_nor_reaches_anything(
    case: dict[str, Any], canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attack gives no passing verdict where it must not, has no effect outside, and leaves no process."""
    monkeypatch.setenv("SBX_SECRET_TOKEN", canary.secret)
    sandbox = Sandbox(limits=LIMITS)
    if sandbox.status().tier != "landlock":
        pytest.skip(sandbox.status().reason)
    monkeypatch.setattr(tempfile, "tempdir", str(canary.folder.parent))
    started = time.monotonic()
    checks = case["checks"] + (case["hidden"] if case["probe"] == "verdict_pass_hidden" else [])
    report = sandbox.call({"draft.py": canary.place(case["code"])}, "draft", [check["call"] for check in checks])
    seconds = time.monotonic() - started

    assert report.not_run == ""
    kind, _, detail = case["probe"].partition(":")
    assert not BREACHES[kind](Run(case, report, canary, seconds), detail), report
    assert not survivors(canary.folder.parent)


@pytest.mark.parametrize("case", load("benign.jsonl"))
def test_stored_benign_module_passes(case: dict[str, Any]) -> None:
    """An ordinary module loads and gives what it should."""
    sandbox = Sandbox(limits=LIMITS)
    if sandbox.status().tier != "landlock":
        pytest.skip(sandbox.status().reason)
    report = sandbox.call({"draft.py": case["code"]}, "draft", [check["call"] for check in case["checks"]])
    expected = [ast.literal_eval(check["expect"]) for check in case["checks"]]

    assert report.loading is None, report
    assert [getattr(result, "value", result) for result in report.results] == expected, report
    assert report.ended == "normal"
