"""A run that is killed goes on where it was, and never starts an agent's run twice."""

import json
import multiprocessing
import os
from pathlib import Path

import pytest
from durable_run import run
from scenarios import APPROVAL, RIGHT, WRONG, fenced

from genloom.testing import RunPlan

WAY = ["inject_context", "generate", "verify", "repair", "fallback", "dispatch_agent", "verify", "review", "finalize"]

pytestmark = pytest.mark.slow


def _run(output: Path, thread_id: str, *stop_at: str) -> tuple[int, list[list[str]]]:
    """Run a thread in a process of its own, which is a fork of one that has imported everything."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["durable_run"])
    process = processes.Process(target=run, args=(thread_id, list(stop_at), dict(os.environ), str(output)))
    process.start()
    process.join(120)
    said = output.read_text()
    assert "Traceback" not in said, said
    assert process.exitcode is not None, said
    return process.exitcode, [json.loads(line) for line in said.splitlines()]


def _nodes(events: list[list[str]], kind: str) -> list[str]:
    return [event[1] for event in events if event[0] == kind]


def _reply(request) -> str:
    return APPROVAL if "You review one Python module" in str(request.json()["messages"]) else fenced(WRONG)


@pytest.mark.parametrize("node", sorted(set(WAY)))
@pytest.mark.parametrize("kind", ["node_started", "node_finished"])
def test_a_run_killed_at_a_node_resumes_there_and_nowhere_else(use_model, use_agent, monkeypatch, tmp_path, node, kind):
    """Only the node in flight runs again; the result is delivered, and the agent ran once."""
    here = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(here), str(here.parent))))  # for whoever imports once for all
    use_model(_reply)
    backend = use_agent(RunPlan(result=fenced(RIGHT)))
    code, before = _run(tmp_path / "output", "t1", kind, node)
    assert code == -9, before
    in_flight = WAY.index(node)
    assert _nodes(before, "node_started") == WAY[: in_flight + 1]
    code, after = _run(tmp_path / "output", "t1")
    assert code == 0
    # told just before its result is stored, a finished node may or may not count as stored
    first = {in_flight} if kind == "node_started" else {in_flight, in_flight + 1}
    assert _nodes(after, "node_started") in [WAY[k:] for k in first]
    assert after[-1] == ["result", "passed", "agent"]
    assert len(backend.runs) == 1
