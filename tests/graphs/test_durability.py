"""A run that is killed goes on where it was, and never starts an agent's run twice."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from scenarios import APPROVAL, RIGHT, WRONG, fenced

from genloom.testing import RunPlan

WAY = ["inject_context", "generate", "verify", "repair", "fallback", "dispatch_agent", "verify", "review", "finalize"]

pytestmark = pytest.mark.slow


def _run(*arguments: str) -> tuple[int, list[list[str]]]:
    script = Path(__file__).with_name("durable_run.py")
    done = subprocess.run(
        [sys.executable, str(script), *arguments], cwd=script.parents[1], capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def _nodes(events: list[list[str]], kind: str) -> list[str]:
    return [event[1] for event in events if event[0] == kind]


def _reply(request) -> str:
    return APPROVAL if "You review one Python module" in str(request.json()["messages"]) else fenced(WRONG)


@pytest.mark.parametrize("node", sorted(set(WAY)))
@pytest.mark.parametrize("kind", ["node_started", "node_finished"])
def test_a_run_killed_at_a_node_resumes_there_and_nowhere_else(use_model, use_agent, monkeypatch, node, kind):
    """Only the node in flight runs again; the result is delivered, and the agent ran once."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    use_model(_reply)
    backend = use_agent(RunPlan(result=fenced(RIGHT)))
    code, before = _run("t1", kind, node)
    assert code == -9, before
    in_flight = WAY.index(node)
    assert _nodes(before, "node_started") == WAY[: in_flight + 1]
    code, after = _run("t1")
    assert code == 0
    # told just before its result is stored, a finished node may or may not count as stored
    first = {in_flight} if kind == "node_started" else {in_flight, in_flight + 1}
    assert _nodes(after, "node_started") in [WAY[k:] for k in first]
    assert after[-1] == ["result", "passed", "agent"]
    assert len(backend.runs) == 1
