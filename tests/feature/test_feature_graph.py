"""The feature graph: real git, real sandbox; the model is scripted, and knows by the system prompt whose part it plays."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from feature_repository import (
    CODE,
    DOUBLED,
    DOUBLED_TESTS,
    PLAN,
    PRICES,
    SPECIFICATION,
    call,
    git,
    make_repository,
    scripted,
    standing,
    step_of,
)
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from genloom.config import load_settings
from genloom.errors import CredentialError, GraphDefinitionError, ModelError, RepositoryError, RequestError, UsageError
from genloom.graphs import build_feature_graph
from genloom.graphs.drawing.diagram import diagram_of
from genloom.state import GraphContext
from genloom.state.agent_spec import AgentPolicy, AgentSpec
from genloom.testing import ScriptedChatModel
from genloom.tools.effects import with_effect
from genloom.tools.sandbox import Sandbox
from genloom.tools.scm.feature_branch import remove_branch
from genloom.tools.store.checkpoints import open_checkpointer
from genloom.tools.store.state_serializer import StateSerializer

CONFIG: Any = {"configurable": {"thread_id": "t"}}
BROKEN = call("edit_file", path="prices.py", old="sum(prices)", new="2 * sum(prices)")
MENDED = call("edit_file", path="prices.py", old="2 * sum(prices)", new="sum(prices)")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if not Sandbox().status().tier:
        pytest.skip(Sandbox().status().reason)
    return make_repository(tmp_path / "shop")


def _graph(model: Any, **options: Any) -> Any:
    return build_feature_graph(model=model, checkpointer=InMemorySaver(serde=StateSerializer()), **options)


def _asked(**more: Any) -> dict[str, Any]:
    return {"feature": {"specification": SPECIFICATION, **more}}


def _in(repository: Path) -> GraphContext:
    return GraphContext(repository=str(repository))


@pytest.mark.slow
def test_a_feature_goes_from_a_specification_to_an_approved_branch(repository: Path) -> None:
    """The repository is as it was until somebody approves; then it has one branch more, and nothing else."""
    (repository / "notes.txt").write_text("mine, not committed\n")
    before, model = standing(repository), scripted(code=[CODE, call("run_tests"), "Written."])
    graph = _graph(model)
    values = graph.invoke(_asked(), CONFIG, context=_in(repository))
    assert standing(repository) == before
    asked = values["__interrupt__"][0].value
    assert "+def doubled" in asked["diff"]
    assert "test_doubled.py | 5" in asked["stat"]
    assert [(step["step"], step["verdict"]["result"], step["attempts"]) for step in asked["steps"]] == [
        ("plan", "passed", 1),
        ("code", "passed", 1),
        ("tests", "passed", 1),
        ("docs", "passed", 1),
    ]
    assert asked["told"] == ["1 files of the work tree are not committed, and no part of the branch: notes.txt."]
    for unclear in ("yes", {"approve": "true"}, {"approve": True, "apply": "file"}):
        values = graph.invoke(Command(resume=unclear), CONFIG, context=_in(repository))
        assert "The answer was none" in values["__interrupt__"][0].value["unclear"]
    values = graph.invoke(Command(resume=True), CONFIG, context=_in(repository))
    assert (values["outcome"].result, values["outcome"].accepted) == ("passed", True)
    result, after = values["result"], standing(repository)
    assert (result.applied, result.diff) == ("branch", asked["diff"])
    assert (after["head"], after["status"], after["worktrees"]) == (
        before["head"],
        before["status"],
        before["worktrees"],
    )
    assert git(repository, "show", f"{result.branch}:prices.py") + "\n" == DOUBLED
    subjects = git(repository, "log", "--format=%s", f"main..{result.branch}").splitlines()
    assert [subject.partition(":")[0] for subject in subjects] == ["docs", "tests", "code"]
    _assert_told(model)
    assert not list((load_settings().home / "features").glob("*/work/*"))


def _assert_told(model: ScriptedChatModel) -> None:
    """What the agents were told of the plan, of what was there before them, and of tests that they ran."""
    written = [str(messages[-1].content) for messages in model.calls if step_of(messages) == "code"]
    assert "1 passed" in written[-1]
    first = {step_of(messages): str(messages[1].content) for messages in reversed(model.calls)}
    assert all(SPECIFICATION in prompt for prompt in first.values())
    assert "add doubled" not in first["plan"]
    assert "1. add doubled" in first["code"]
    assert "+def doubled" in first["tests"]
    assert "+def test_doubled" in first["docs"]
    for prompt in first.values():  # what somebody else wrote is delimited data
        own = re.sub(r"<(data-[0-9a-f]{12}) .*?</\1>", "", prompt, flags=re.DOTALL)
        assert "add doubled" not in own
        assert "+def" not in own


@pytest.mark.slow
def test_a_step_that_does_not_hold_is_repaired_with_what_was_found(repository: Path) -> None:
    """A plan as prose, code that breaks a test, code that does what nobody asked for, a test that shows nothing. Then files
    are to be changed, and one of them is somebody's work."""
    harmful = call("create_file", path="fetch.py", text="import subprocess\n\nsubprocess.run(['id'], check=True)\n")
    hollow = call("create_file", path="test_doubled.py", text="def test_doubled():\n    assert [2, 8]\n")
    model = scripted(
        plan=["I would add doubled.", PLAN, "Planned."],
        code=[CODE, BROKEN, "Done.", MENDED, harmful, "Done.", call("delete_file", path="fetch.py"), "Done."],
        tests=[hollow, "Done.", call("delete_file", path="test_doubled.py"), *_tests(), "Done."],
        docs=["Nothing needs to be said."],
    )
    graph = _graph(model)
    values = graph.invoke(_asked(apply="files"), CONFIG, context=_in(repository))
    asked = values["__interrupt__"][0].value
    steps = asked["steps"]
    assert [(step["step"], step["attempts"], bool(step["commit"])) for step in steps] == [
        ("plan", 2, False),
        ("code", 3, True),
        ("tests", 2, True),
        ("docs", 1, False),
    ]
    prompts = [str(messages[1].content) for messages in model.calls if len(messages) == 2]
    assert "prose is none" in prompts[1]
    assert "fails: test_prices.py::test_total" in prompts[3]
    assert "assert 6 == 3" in prompts[3]
    assert "capability:processes" in prompts[4]
    assert "pass without the feature's code" in prompts[6]
    assert "2 * sum" not in asked["diff"]
    (repository / "prices.py").write_text(PRICES + "# mine\n")
    values = graph.invoke(Command(resume=True), CONFIG, context=_in(repository))
    assert (values["outcome"].result, values["result"].applied) == ("passed", "branch")
    assert "prices.py holds changes that are not committed" in values["outcome"].reason
    assert (repository / "prices.py").read_text() == PRICES + "# mine\n"
    assert not (repository / "test_doubled.py").exists()
    assert git(repository, "branch", "--list", values["result"].branch)


def _tests() -> list[Any]:
    return [call("create_file", path="test_doubled.py", text=DOUBLED_TESTS)]


@pytest.mark.slow
def test_a_step_without_attempts_left_fails_the_run_and_keeps_what_held(repository: Path) -> None:
    """A test that passed before is deleted: the code holds, the tests do not."""
    before = standing(repository)
    gone = [call("delete_file", path="test_prices.py"), *_tests(), "Done."]
    values = _graph(scripted(tests=gone), attempts=1).invoke(_asked(), CONFIG, context=_in(repository))
    outcome, result = values["outcome"], values["result"]
    assert outcome.result == "failed"
    assert "1 tests that passed before are not run any more" in outcome.reason
    assert result.branch in outcome.reason
    assert standing(repository) == before
    assert (result.applied, [step.step for step in values["steps"]]) == ("no", ["plan", "code"])
    assert "+def doubled" in result.diff
    assert "test_doubled" not in result.diff
    git(repository, *result.fetch.split()[1:])  # the command that the outcome names gets the branch
    assert git(repository, "show", f"{result.branch}:prices.py") + "\n" == DOUBLED


def test_without_a_model_nothing_is_begun(repository: Path) -> None:
    before = standing(repository)
    graph: Any = build_feature_graph()
    values = graph.invoke(_asked(), context=_in(repository))
    assert values["outcome"].result == "needs_model"
    assert "GENLOOM_MODEL" in values["outcome"].reason
    assert standing(repository) == before
    assert not (load_settings().home / "features").exists()


def test_tests_that_show_nothing_before_the_feature_end_it_before_a_model_is_asked(repository: Path) -> None:
    """One that pytest does not find in its file, and one that leads out of the repository: nothing of either stays."""
    model = scripted()
    graph: Any = build_feature_graph(model=model)
    values = graph.invoke(_asked(tests=["test_prices.py::test_totals"]), context=_in(repository))
    assert values["outcome"].result == "unverified"
    assert "exit code 4" in values["outcome"].reason
    with pytest.raises(UsageError):
        graph.invoke(_asked(tests=["../x.py"]), context=_in(repository))
    assert not model.calls
    features = load_settings().home / "features"
    assert [path for path in features.glob("*/*") if not path.name.endswith(".lock")] in (
        [],
        [*features.glob("*/work")],
    )
    assert not list(features.glob("*/work/*"))


def test_what_cannot_be_worked_in_is_told(tmp_path: Path) -> None:
    graph: Any = build_feature_graph(model=scripted())
    with pytest.raises(RequestError, match="needs a repository"):
        graph.invoke(_asked())
    with pytest.raises(RepositoryError, match="not the folder of a git repository"):
        graph.invoke(_asked(), context=_in(tmp_path))
    with pytest.raises(RequestError, match="specification"):
        graph.invoke({"feature": {"specification": ""}}, context=_in(tmp_path))


def test_a_step_by_a_codegen_agent_needs_a_backend(repository: Path) -> None:
    cloud = AgentSpec(name="cloud", backend="codegen")
    graph: Any = build_feature_graph({"code": cloud}, model=scripted())
    with pytest.raises(CredentialError):
        graph.invoke(_asked(), context=_in(repository))


def test_wrong_definitions_are_told_when_the_graph_is_built() -> None:
    from langchain_core.tools import tool

    @tool
    def deploy() -> str:
        """Deploy."""
        return "deployed"

    for given, words in (
        ({"specs": {"design": AgentSpec(name="a")}}, "no step design"),
        ({"specs": {"code": AgentSpec(name="a", tools=("saw",))}}, "names a tool 'saw'"),
        ({"specs": {"code": AgentSpec(name="a", prompt_file="a.md")}}, "was not read"),
        ({"toolbox": {"editing": deploy}}, "the worktree's own tools"),
        ({"attempts": 0}, "1 to 10 attempts"),
        (
            {"specs": {"code": AgentSpec(name="a", tools=("deploy",))}, "toolbox": {"deploy": deploy}},
            "asks for approval",
        ),
    ):
        with pytest.raises(GraphDefinitionError, match=words):
            build_feature_graph(**given)
    build_feature_graph(
        {"code": AgentSpec(name="a", tools=("deploy", "editing"), policy=AgentPolicy(approval=False))},
        {"deploy": with_effect(deploy, "write")},
    )


@pytest.mark.slow
async def test_without_a_checkpointer_nothing_is_applied_and_the_branch_is_named(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that changes far too much is told so, and the tests that were asked for are run with those that are new."""
    monkeypatch.setattr("genloom.tools.scm.feature_branch.MOST_FILES", 2)
    before = standing(repository)
    more = [*_tests(), call("create_file", path="test_more.py", text=DOUBLED_TESTS), "Done."]
    model = scripted(tests=[*more, call("delete_file", path="test_more.py"), "Done."], docs=["Nothing to say."])
    graph: Any = build_feature_graph(model=model, attempts=2)
    values = await graph.ainvoke(_asked(tests=["test_prices.py"]), context=_in(repository))
    assert [(step.attempts, step.verdict.passed) for step in values["steps"]] == [(1, 0), (1, 1), (2, 2), (1, 0)]
    prompts = [str(messages[1].content) for messages in model.calls if len(messages) == 2]
    assert "3 files were changed; 2 are taken" in prompts[3]
    assert values["outcome"].result == "pending"
    assert "no checkpointer" in values["outcome"].reason
    assert values["result"].fetch in values["outcome"].reason
    assert values["result"].applied == "no"
    assert "+def doubled" in values["result"].diff
    assert standing(repository) == before


@pytest.mark.slow
def test_a_run_that_failed_goes_on_from_its_last_commit_and_is_rejected(repository: Path) -> None:
    """The model's server fails in the middle of the tests: what is half done is gone, and the code is not written again.
    The rejected branch stays until it is to be removed."""
    before = standing(repository)
    half = call("create_file", path="test_half.py", text="def test_half():\n    assert False\n")
    model = scripted(
        tests=[half, ModelError("It is down.", kind="bad_request"), *_tests(), "Done."], docs=["Nothing to say."]
    )
    graph: Any = build_feature_graph(model=model, checkpointer=open_checkpointer(load_settings()))
    config: Any = {"configurable": {"thread_id": "1:t"}}
    with pytest.raises(ModelError):
        graph.invoke(_asked(), config, context=_in(repository))
    assert standing(repository) == before
    written = sum(step_of(messages) == "code" for messages in model.calls)
    values = graph.invoke(None, config, context=_in(repository))
    assert sum(step_of(messages) == "code" for messages in model.calls) == written
    assert "test_half" not in values["__interrupt__"][0].value["diff"]
    again = [messages for messages in model.calls if step_of(messages) == "tests"][2]
    assert [type(message) for message in again[1:]] == [HumanMessage]
    values = graph.invoke(Command(resume={"approve": False, "comment": "no"}), config, context=_in(repository))
    assert (values["outcome"].result, values["result"].applied, values["told"]) == ("failed", "no", ("no",))
    mirror = next((load_settings().home / "features").glob("*/mirror.git"))
    branch = values["result"].branch
    assert branch in values["outcome"].reason
    assert branch in git(mirror, "branch", "--list", branch)
    remove_branch(values["branch"])
    assert not mirror.exists()  # it was the last one
    assert standing(repository) == before


def test_the_drawing_shows_every_way_through_the_graph() -> None:
    edges = {(edge.source, edge.target) for edge in diagram_of(build_feature_graph()).edges}
    steps = ("plan_feature", "write_code", "write_tests", "write_docs")
    assert {("check_step", step) for step in steps} <= edges
    assert {(step, "check_step") for step in steps} | {(step, "close_feature") for step in steps} <= edges
    assert {target for source, target in edges if source == "commit_step"} == {*steps[1:], "approve_feature"}
    assert {target for source, target in edges if source == "open_feature"} == {"plan_feature", "__end__"}
    assert {target for source, target in edges if source == "approve_feature"} == {"close_feature"}


@pytest.mark.slow
def test_a_thread_that_is_used_again_begins_afresh(repository: Path) -> None:
    """The first planner names a file that nobody may change, the second gives prose."""
    outside = call("submit_plan", tasks=["leave"], files=["../elsewhere.py"])
    graph = _graph(scripted(plan=[outside, "Planned.", "Some prose."]), attempts=1)
    first = graph.invoke(_asked(), CONFIG, context=_in(repository))
    assert "names files that cannot be changed" in first["outcome"].reason
    assert "'../elsewhere.py'" in first["verdict"].evidence
    second = graph.invoke(_asked(), CONFIG, context=_in(repository))
    assert "There is no plan." in second["outcome"].reason
    assert (second["plan"], second["steps"], second["attempt"]) == (None, (), 1)
    assert second["result"].branch != first["result"].branch
    assert second["result"].diff == ""
