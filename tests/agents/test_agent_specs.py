"""Agents' types: from code, from TOML, from installed packages; mistakes in them are told."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import ValidationError

from genloom.errors import AgentError, CredentialError, GraphDefinitionError, ThreadError, UsageError
from genloom.graphs import build_spec_graph
from genloom.state.agent_spec import AgentPolicy, AgentSpec
from genloom.testing import CodegenServer, RunPlan, ScriptedChatModel
from genloom.tools.agent_specs import installed_agent_specs, read_agent_specs

SHIPPED = AgentSpec(name="shipped", description="Comes with a package.")


def make_spec() -> AgentSpec:
    """Make a spec, as a package's entry point may."""
    return AgentSpec(name="made")


@tool
def look(path: str) -> str:
    """Look at a file."""
    return path


def _written(folder: Path, text: str, name: str = "agents.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_agents_of_a_toml_file_with_their_prompts(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "tester.md").write_text("You test.")
    path = _written(
        tmp_path,
        """
        [tool.genloom.agents.tester]
        description = "Writes tests."
        prompt_file = "prompts/tester.md"
        tools = ["look"]
        policy = { approval = false, turns = 5 }

        [tool.genloom.agents.cloud]
        backend = "codegen"
        """,
        "pyproject.toml",
    )
    specs = read_agent_specs(path)
    assert specs["tester"] == AgentSpec(
        name="tester",
        description="Writes tests.",
        system_prompt="You test.",
        tools=("look",),
        policy=AgentPolicy(approval=False, turns=5),
    )
    assert specs["cloud"].backend == "codegen"


@pytest.mark.parametrize("table", ["tool.genloom.agents", "agents"])
def test_a_file_of_any_name_holds_agents_in_one_of_two_places(tmp_path: Path, table: str) -> None:
    path = _written(tmp_path, f"[{table}.tester]\ndescription = 'Tests.'\n")
    assert read_agent_specs(path)["tester"].description == "Tests."
    both = _written(tmp_path, "[tool.genloom.agents.a]\n[agents.b]\n")
    with pytest.raises(UsageError, match=r"below \[tool\.genloom\.agents\] and below \[agents\]"):
        read_agent_specs(both)


def test_a_pyproject_holds_agents_in_genlooms_own_table_alone(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no agents"):
        read_agent_specs(_written(tmp_path, "[agents.a]\n", "pyproject.toml"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no agents"),
        ("[agents]\n", "holds no agents"),
        ("[agents.a]\ncolour = 1", "agent 'a': colour: Extra inputs"),
        ("[agents.a]\ntools = 3", "agent 'a': tools"),
        ("[agents]\na = 1", "agent 'a' is no table"),
        ("[agents.'a b']\n", "an agent's name is a letter"),
        ("[agents.a]\npolicy = { turns = 0 }", "agent 'a': policy.turns"),
        ("[agents.a]\nprompt_file = '../secret'", "outside of the file's folder"),
        ("[agents.a]\nprompt_file = 'missing.md'", "cannot be read"),
        ("[agents.a]\nbackend = 'codegen'\ntools = ['look']", "tools and a model of its own"),
        ("[agents.a", "is no TOML"),
    ],
)
def test_a_mistake_is_told_with_the_file_and_the_agent(tmp_path: Path, text: str, told: str) -> None:
    path = _written(tmp_path, text)
    with pytest.raises(UsageError, match=r"agents\.toml") as error:
        read_agent_specs(path)
    assert told in error.value.message


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_agent_specs(tmp_path / "none.toml")


def test_agents_of_installed_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    points = [EntryPoint("a", f"{Path(__file__).stem}:{what}", "genloom.agents") for what in ("SHIPPED", "make_spec")]
    assert sorted(installed_agent_specs(points)) == ["made", "shipped"]
    with pytest.raises(UsageError, match="Two installed packages offer an agent 'shipped'"):
        installed_agent_specs([points[0], points[0]])
    with pytest.raises(UsageError, match="cannot be loaded"):
        installed_agent_specs([EntryPoint("a", "no_such_module:x", "genloom.agents")])
    with pytest.raises(UsageError, match="is no AgentSpec but"):
        installed_agent_specs([EntryPoint("a", "math:pi", "genloom.agents")])


def test_a_spec_in_code_is_validated() -> None:
    with pytest.raises(ValidationError, match="not both"):
        AgentSpec(name="a", system_prompt="x", prompt_file="y")


def test_a_missing_tool_or_prompt_is_told_when_the_graph_is_built() -> None:
    with pytest.raises(GraphDefinitionError, match="names a tool 'look' that is not there") as error:
        build_spec_graph(AgentSpec(name="a", tools=("look",)), {"read": [look]})
    assert "There are: read" in error.value.hint
    with pytest.raises(GraphDefinitionError, match="was not read"):
        build_spec_graph(AgentSpec(name="a", prompt_file="x.md"), {})


def test_a_spec_becomes_an_agent_with_its_prompt_and_the_tools_of_its_sets() -> None:
    model = ScriptedChatModel(replies=["hello"])
    spec = AgentSpec(name="a", system_prompt="You are a.", tools=("read", "look"))
    result = build_spec_graph(spec, {"read": [look], "look": look}, model=model).invoke({"query": "?"})
    assert result["final_answer"] == "hello"
    assert str(model.calls[0][0].content) == "You are a."


UNASKED = AgentPolicy(approval=False)


def test_a_codegen_agent_starts_no_run_without_a_persons_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    with CodegenServer(RunPlan(result="It is done.", polls=0)) as server:
        monkeypatch.setenv("CODEGEN_API_BASE_URL", server.base_url)
        monkeypatch.setenv("CODEGEN_API_TOKEN", server.token)
        monkeypatch.setenv("CODEGEN_ORG_ID", "1")
        graph = build_spec_graph(AgentSpec(name="cloud", backend="codegen"), {}, checkpointer=InMemorySaver())
        for thread_id, answer, runs in (("no", False, 0), ("yes", {"approve": True}, 1)):
            thread: Any = {"configurable": {"thread_id": thread_id}}
            waiting = graph.invoke({"query": "Do it."}, thread)
            assert waiting["__interrupt__"][0].value["prompt"] == "Do it."
            assert not server.runs
            result = graph.invoke(Command(resume=answer), thread)
            assert len(server.runs) == runs
        assert result["final_answer"] == "It is done."


def test_a_codegen_agent_that_has_to_ask_and_cannot_wait_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with CodegenServer(RunPlan(result="It is done.", polls=0)) as server:
        monkeypatch.setenv("CODEGEN_API_BASE_URL", server.base_url)
        monkeypatch.setenv("CODEGEN_API_TOKEN", server.token)
        monkeypatch.setenv("CODEGEN_ORG_ID", "1")
        graph = build_spec_graph(AgentSpec(name="cloud", backend="codegen"), {})
        with pytest.raises(ThreadError, match="A run of the Codegen agent cloud needs a person's approval"):
            graph.invoke({"query": "Do it."})
        assert not server.runs


def _answer_of(spec: AgentSpec, plan: RunPlan, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], list[str]]:
    with CodegenServer(plan) as server:
        monkeypatch.setenv("CODEGEN_API_BASE_URL", server.base_url)
        monkeypatch.setenv("CODEGEN_API_TOKEN", server.token)
        monkeypatch.setenv("CODEGEN_ORG_ID", "1")
        result = build_spec_graph(spec, {}).invoke({"messages": [HumanMessage("Do it.")]})
        return result, [run.asked.prompt for run in server.runs]


def test_a_codegen_agent_answers_with_its_runs_result(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = AgentSpec(name="cloud", backend="codegen", system_prompt="You are careful.", policy=UNASKED)
    result, prompts = _answer_of(spec, RunPlan(result="It is done.", polls=0), monkeypatch)
    assert result["final_answer"] == "It is done."
    assert result["agent_run"].status == "completed"
    assert prompts == ["You are careful.\n\nDo it."]


def test_a_codegen_agent_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AgentError, match="ended as"):
        _answer_of(
            AgentSpec(name="cloud", backend="codegen", policy=UNASKED), RunPlan(status="FAILED", polls=0), monkeypatch
        )


def test_a_codegen_agent_without_a_backend_is_an_error() -> None:
    with pytest.raises(CredentialError, match="no agent backend is configured"):
        build_spec_graph(AgentSpec(name="cloud", backend="codegen"), {}).invoke({"messages": [HumanMessage("Do it.")]})
