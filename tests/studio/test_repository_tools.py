"""The tools of whichever repository a run's context names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genloom.graphs import build_agent_graph
from genloom.nodes.agent.repository_tools import RepositoryTools
from genloom.state import GraphContext
from genloom.testing import Reply, ScriptedChatModel, ToolCall
from genloom.tools.effects import effect_of


def agent(*calls: ToolCall) -> Any:
    model = ScriptedChatModel(replies=[*(Reply(tool_calls=(call,)) for call in calls), "Done."] * 2)
    return build_agent_graph(model, middleware=[RepositoryTools()])


def answers(result: dict[str, Any]) -> list[str]:
    return [message.content for message in result["messages"] if message.type == "tool"]


def test_one_agent_works_in_the_repository_of_each_run(tmp_path: Path) -> None:
    """Two runs of one agent read two repositories; neither sees the other's files."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "note.txt").write_text(f"the {name} word\n")
    graph = agent(ToolCall(name="view_file", arguments={"path": "note.txt"}))
    for name in ("first", "second"):
        context = GraphContext(repository=str(tmp_path / name))
        (told,) = answers(graph.invoke({"query": "Read the note."}, context=context))
        assert f"the {name} word" in told


async def test_a_write_goes_to_the_repository_of_the_run(tmp_path: Path) -> None:
    """In a loop, too: the file stands in the named folder, and nowhere outside of it."""
    folder = tmp_path / "repository"
    folder.mkdir()
    graph = agent(
        ToolCall(name="create_file", arguments={"path": "a.txt", "text": "a\n"}),
        ToolCall(name="create_file", arguments={"path": "../b.txt", "text": "b\n"}),
    )
    await graph.ainvoke({"query": "Write."}, context=GraphContext(repository=str(folder)))
    assert (folder / "a.txt").read_text() == "a\n"
    assert not (tmp_path / "b.txt").exists()


@pytest.mark.parametrize(
    ("context", "told"),
    [(GraphContext(), "This run has no repository"), (GraphContext(repository="/nowhere/at/all"), "no folder")],
)
def test_a_run_without_a_repository_is_told_so(context: GraphContext, told: str) -> None:
    """The model hears what is missing, and the run goes on."""
    graph = agent(ToolCall(name="view_file", arguments={"path": "note.txt"}))
    result = graph.invoke({"query": "Read."}, context=context)
    assert told in answers(result)[0]
    assert result["final_answer"] == "Done."


def test_what_changes_files_says_so() -> None:
    """Approval goes by the effects of the offered tools."""
    effects = {tool.name: effect_of(tool) for tool in RepositoryTools().tools}
    assert {effects[name] for name in ("view_file", "search_code", "run_tests", "lint", "git_diff")} == {"read"}
    assert {effects[name] for name in ("create_file", "edit_file", "delete_file", "git_commit")} == {"write"}
