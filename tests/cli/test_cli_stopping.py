"""Ctrl-C and SIGTERM: at any moment the program ends soon, says so, and leaves a thread that goes on."""

from __future__ import annotations

import importlib
import json
import os
import pty
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from descendants import adopting_orphans, descendants
from genloom_program import Program, command, environment
from scenarios import APPROVAL, RIGHT, WRONG, fenced

from genloom.interfaces.cli.signals import listening_for_stops
from genloom.testing import CodegenServer, OpenAIServer, RunPlan

SLUG = ("generate", "Make a URL slug", "-e", "slugify('A b') == 'a-b'", "-e", "slugify('x') == 'x'")
MODEL = ("--generators", "model", "--model", "openai:test-model", "--attempts", "1", "--allow-fallback", "--no-cache")
NODES = ("inject_context", "generate", "verify", "review", "repair", "fallback", "dispatch_agent", "finalize")


class OnTerminal:
    """The program with a terminal as its standard error, whose text is collected."""

    def __init__(self, program: Program, arguments: tuple[str, ...], env: dict[str, str]) -> None:
        ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command(*arguments),
            stdout=subprocess.PIPE,
            stderr=theirs,
            cwd=program.folder,
            env=environment(env),
            text=True,
        )
        os.close(theirs)
        self.text = ""
        self._reader = threading.Thread(target=self._read, args=[ours], daemon=True)
        self._reader.start()

    def _read(self, terminal: int) -> None:
        with os.fdopen(terminal, "rb", buffering=0) as stream:
            try:
                while data := stream.read(4096):
                    self.text += data.decode(errors="replace")
            except OSError:  # how a terminal says that nobody writes to it any more
                return

    def wait_for(self, word: str) -> None:
        """Return when the word was shown, or when the program has ended."""
        for _ in range(6000):
            if word in self.text or self.process.poll() is not None:
                return
            time.sleep(0.01)

    def end(self) -> int:
        """Wait for the end and return the exit code."""
        self.process.communicate(timeout=60)
        self._reader.join(10)
        return self.process.returncode


@contextmanager
def services(*, agent_seconds: float = 0.0) -> Iterator[dict[str, str]]:
    """A model that answers wrong and an agent that answers right; gives the environment that names them."""

    def reply(request: object) -> str:
        time.sleep(0.2)
        return fenced(WRONG) if "decision" not in str(request) else APPROVAL

    plan = RunPlan(result=fenced(RIGHT), seconds=agent_seconds)
    with OpenAIServer(reply) as model, CodegenServer(plan) as agent:
        yield {
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": "sk-test-0123456789abcdef0123456789abcdef",
            "CODEGEN_API_BASE_URL": agent.base_url,
            "CODEGEN_API_TOKEN": agent.token,
            "CODEGEN_ORG_ID": "1",
        }


@pytest.mark.slow
@pytest.mark.parametrize("node", NODES)
def test_ctrl_c_in_every_node_ends_the_run_with_its_thread(program: Program, repository: Path, node: str) -> None:
    """Sent when the node's line appears, Ctrl-C gives exit code 130, a message with the thread, and no traceback. (A node
    that takes less than a millisecond may be over by then: at the last one the run may have ended.)"""
    with services(agent_seconds=0.5) as env:
        run = OnTerminal(program, (*SLUG, *MODEL, "--repo", str(repository)), env)
        run.wait_for(node)
        run.process.send_signal(signal.SIGINT)
        code = run.end()
    assert node in run.text
    assert "Traceback" not in run.text
    assert code == 130 or (code in (0, 1) and "finalize" in run.text)
    assert code != 130 or re.search(r"genloom thread resume [0-9a-f]{12}", run.text)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_run_is_resumed_to_its_end_without_a_second_agent_run(
    program: Program, number: signal.Signals, code: int
) -> None:
    """Stopped while the agent works; the resumed thread finds that run and ends as it would have."""
    with CodegenServer(RunPlan(seconds=600)) as agent:
        env = {"CODEGEN_API_BASE_URL": agent.base_url, "CODEGEN_API_TOKEN": agent.token, "CODEGEN_ORG_ID": "1"}
        process = subprocess.Popen(
            command(*SLUG, "--agent", "--json"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=program.folder,
            env=environment(env),
            text=True,
        )
        while not agent.runs:
            time.sleep(0.02)
            assert process.poll() is None
        time.sleep(0.5)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        stopped = json.loads(out)
        assert (process.returncode, stopped["outcome"]) == (code, "cancelled"), err
        assert "Traceback" not in err
        agent.end_run(1, status="COMPLETE", result=fenced(RIGHT))
        done = program("thread", "resume", stopped["thread_id"], "--json", **env)
        assert (done.code, done.json["outcome"], done.json["generator"]) == (0, "passed", "agent")
        assert len(agent.runs) == 1


@pytest.mark.slow
@pytest.mark.parametrize("module", ["genloom.interfaces.cli.signals", "click", "pydantic"])
def test_ctrl_c_before_the_run_begins_saves_nothing_and_says_so(program: Program, module: str) -> None:
    """During start-up and imports (here: when a module is there) the program ends in the same way, with no thread to
    offer."""
    python, *arguments = command(*SLUG, "--no-cache")
    process = subprocess.Popen(
        [python, "-X", "importtime", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=program.folder,
        env=environment({}),
        text=True,
    )
    assert process.stderr is not None
    while (line := process.stderr.readline()).split("|")[-1].strip() != module:
        assert line, "the module was not imported"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert "nterrupted." in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_ctrl_c_while_searching_ends_the_worker_too(program: Program) -> None:
    """Nothing of the search is left when the program has ended, with its exit code and the thread to go on with."""
    long = ("-e", "odd('abc', [1, 2]) == 'zq'", "-e", "odd('d', [3]) == 'yx'", "--search-seconds", "300")
    with adopting_orphans():
        run = OnTerminal(program, ("generate", "Nothing known", *long, "--generators", "search"), {})
        run.wait_for("searching: size 2")
        worked = descendants(run.process.pid)
        run.process.send_signal(signal.SIGINT)
        assert run.end() == 130
        left = set(worked) & set(descendants())
    assert worked
    assert not left
    assert "Traceback" not in run.text
    assert re.search(r"genloom thread resume [0-9a-f]{12}", run.text)


def import_and_wait(name: str) -> None:
    importlib.import_module(name)
    time.sleep(5)


def test_stop_during_an_import_waits_for_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module is never left half made: its last line has run when `KeyboardInterrupt` is raised."""
    (tmp_path / "slowly_imported.py").write_text(
        "import os, signal, time\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(0.1)\nDONE = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    with listening_for_stops() as stops:
        with pytest.raises(KeyboardInterrupt):
            import_and_wait("slowly_imported")
        assert importlib.import_module("slowly_imported").DONE
        assert (stops.terminated, stops.exit_code) == (True, 143)
    assert signal.getsignal(signal.SIGTERM) is before
