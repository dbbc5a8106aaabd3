"""Steps by Codegen agents: a paid run each, started once whatever becomes of the process, and only with leave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from feature_repository import DOUBLED, PRICES, SPECIFICATION, git, make_repository, scripted, standing
from github_server import GitHubServer
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from genloom.config import load_settings
from genloom.graphs import build_feature_graph
from genloom.state import GraphContext
from genloom.state.agent_spec import AgentPolicy, AgentSpec
from genloom.testing import CodegenServer, RunPlan
from genloom.tools.coding.edits import unified_diff
from genloom.tools.sandbox import Sandbox
from genloom.tools.store.state_serializer import StateSerializer

KILLED = Path(__file__).with_name("killed_feature.py")
DIFF = f"diff --git a/prices.py b/prices.py\n{unified_diff('prices.py', PRICES, DOUBLED)}"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if not Sandbox().status().tier:
        pytest.skip(Sandbox().status().reason)
    return make_repository(tmp_path / "shop")


def _environment(server: CodegenServer) -> dict[str, str]:
    return {"CODEGEN_API_BASE_URL": server.base_url, "CODEGEN_API_TOKEN": server.token, "CODEGEN_ORG_ID": "1"}


@pytest.mark.slow
def test_a_feature_whose_process_was_killed_goes_on_and_pays_once(repository: Path, tmp_path: Path) -> None:
    """Killed while a paid run is waited for, and again with half of a test written: the repository is never touched."""
    before, ledger = standing(repository), tmp_path / "ledger"
    plan = RunPlan(result=f"It is done:\n\n```diff\n{DIFF}```\n", seconds=1.5)
    with CodegenServer(plan) as server:
        environment = {**os.environ, **_environment(server)}

        def started(when: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen([sys.executable, KILLED, repository, when, ledger], env=environment)

        first = started("first")
        while not server.runs and first.poll() is None:
            time.sleep(0.02)
        os.kill(first.pid, signal.SIGKILL)
        assert first.wait() == -9
        assert started("second").wait() == -9
        assert ledger.read_text().splitlines() == ["killed in the tests"]
        assert standing(repository) == before
        assert started("last").wait() == 0
        assert len(server.runs) == 1
    asked = json.loads(ledger.read_text().splitlines()[-1])
    assert [(step["step"], step["agent"], step["attempts"]) for step in asked["steps"]] == [
        ("plan", "feature_plan", 1),
        ("code", "cloud", 1),
        ("tests", "feature_tests", 1),
        ("docs", "feature_docs", 1),
    ]
    assert "+def doubled" in asked["diff"]
    assert "test_half" not in asked["diff"]
    assert standing(repository) == before


@pytest.mark.slow
def test_the_pull_request_of_a_run_that_was_allowed_is_laid_over_the_branch(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first pull request is for other files than there are: the second run is asked for, and its is taken."""
    graph: Any = build_feature_graph(
        {"code": AgentSpec(name="cloud", backend="codegen", system_prompt="Be brief.")},
        model=scripted(docs=["Nothing to say."]),
        checkpointer=InMemorySaver(serde=StateSerializer()),
    )
    with GitHubServer(DIFF) as github, CodegenServer(lambda _: RunPlan(pull_requests=(github.pull_request,))) as server:
        for name, value in {**_environment(server), "GENLOOM_GITHUB_URL": github.base_url}.items():
            monkeypatch.setenv(name, value)
        config: Any = {"configurable": {"thread_id": "t"}}
        context = GraphContext(repository=str(repository))
        values = graph.invoke({"feature": {"specification": SPECIFICATION}}, config, context=context)
        asked = values["__interrupt__"][0].value
        assert "which may cost" in asked["question"]
        assert not server.runs
        github.diff = DIFF.replace("sum(prices)", "max(prices)").encode()
        values = graph.invoke(Command(resume=True), config, context=context)
        assert "which may cost" in values["__interrupt__"][0].value["question"]
        assert "Nothing was changed" in values["__interrupt__"][0].value["prompt"]
        assert len(server.runs) == 1
        github.diff = DIFF.encode()
        values = graph.invoke(Command(resume={"approve": True}), config, context=context)
        prompts = [run.asked.prompt for run in server.runs]
    assert len(prompts) == 2
    assert all(prompt.startswith("Be brief.") and SPECIFICATION in prompt for prompt in prompts)
    steps = values["__interrupt__"][0].value["steps"]
    assert [(step["step"], step["attempts"]) for step in steps][1] == ("code", 2)
    assert "+def doubled" in values["__interrupt__"][0].value["diff"]
    values = graph.invoke(Command(resume={"approve": False, "remove": True}), config, context=context)
    assert "its branch was removed" in values["outcome"].reason
    assert not list((load_settings().home / "features").glob("*/mirror.git"))
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.slow
def test_a_run_is_not_started_again_where_the_checkpoints_after_it_began_were_lost(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a kill while a slow saver had not yet what came before the run."""
    spec = AgentSpec(name="cloud", backend="codegen", policy=AgentPolicy(approval=False))
    saver = InMemorySaver(serde=StateSerializer())
    graph: Any = build_feature_graph({"plan": spec}, model=scripted(), checkpointer=saver)
    config: Any = {"configurable": {"thread_id": "t"}}
    context = GraphContext(repository=str(repository))
    with CodegenServer(RunPlan(status="FAILED")) as server:
        for name, value in _environment(server).items():
            monkeypatch.setenv(name, value)
        graph.invoke({"feature": {"specification": SPECIFICATION}}, config, context=context)
        begin = next(state for state in graph.get_state_history(config) if state.next == ("open_feature",))
        kept = begin.config["configurable"]["checkpoint_id"]
        for lost in set(saver.storage["t"][""]) - {kept}:
            if lost > kept:  # ids grow with time
                del saver.storage["t"][""][lost]
        saver.writes.clear()
        values = graph.invoke(None, config, context=context)
        assert values["outcome"].result == "failed"
        assert len(server.runs) == 1


@pytest.mark.slow
@pytest.mark.parametrize("status", ["refused", "FAILED"])
def test_a_run_that_is_refused_or_failed_ends_the_feature(
    repository: Path, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not started again by itself, for it may cost."""
    graph: Any = build_feature_graph(
        {"plan": AgentSpec(name="cloud", backend="codegen")},
        model=scripted(),
        checkpointer=InMemorySaver(serde=StateSerializer()),
    )
    config: Any = {"configurable": {"thread_id": "t"}}
    context = GraphContext(repository=str(repository))
    with CodegenServer(RunPlan(status=status if status != "refused" else "COMPLETE")) as server:
        for name, value in _environment(server).items():
            monkeypatch.setenv(name, value)
        graph.invoke({"feature": {"specification": SPECIFICATION}}, config, context=context)
        values = graph.invoke(Command(resume=status != "refused"), config, context=context)
        assert len(server.runs) == (0 if status == "refused" else 1)
    assert values["outcome"].result == "failed"
    assert ("refused" if status == "refused" else "FAILED") in values["outcome"].reason
    assert git(repository, "status", "--porcelain") == ""
