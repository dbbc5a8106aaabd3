"""What of a caller's prompt and metadata becomes the request, and what of it is refused before anything runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.interfaces.server.runs.graph_choice import graph_of, known_graphs
from genloom.interfaces.server.runs.run_request import check_request, run_request
from genloom.interfaces.server.storage import RunRecord
from genloom.tools.codegen.wire import CreateAgentRunInput

RUN = {
    "id": 1,
    "organization_id": 1,
    "user_id": 1,
    "repo_id": None,
    "status": "in_progress",
    "leg": 1,
    "metadata": None,
    "model": None,
    "agent_type": None,
    "graph": "generation",
    "source_type": "API",
    "result": None,
    "summary": None,
    "created_at": 0.0,
    "updated_at": 0.0,
    "started_at": None,
    "ended_at": None,
    "wanted": "run",
    "checks_banned": False,
    "removed_from_pr": False,
    "lease_owner": None,
    "lease_epoch": 1,
    "lease_beat": 0,
    "takeovers": 0,
    "place": "0" * 32,
    "prompt": "Double a number.",
}


def test_a_caller_s_own_metadata_are_left_alone() -> None:
    own = {"ticket": 7, "repository": "/etc", "python": "/bin/sh", "policy": {}, "agent_backend": "x", "model": 3}
    asked = CreateAgentRunInput(prompt="Double a number.", metadata={**own, "examples": ["double(2) == 4"]})
    assert check_request(asked) == ()
    request = run_request(RunRecord(**{**RUN, "metadata": asked.metadata}))
    assert request.examples == ("double(2) == 4",)
    assert not request.use_agent


@pytest.mark.parametrize(
    ("metadata", "place", "told"),
    [
        ({"examples": ["double(2)"]}, ("body",), "double(2)"),
        ({"examples": ["f(1) == 1", "f(1) == 2"]}, ("body",), "contradict"),
        ({"examples": "f(1) == 1"}, ("body", "metadata", "examples"), "valid list"),
        ({"name": "not a name"}, ("body", "metadata", "name"), "identifier"),
        ({"target": "../../etc/passwd"}, ("body", "metadata", "target"), "inside"),
        ({"tests": "def ("}, ("body", "metadata", "tests"), "not Python"),
        ({"approval": "yes"}, ("body", "metadata", "approval"), "true or false"),
        ({"graph": "nonsense"}, ("body", "metadata", "graph"), "generation"),
        ({"graph": ["generation"]}, ("body", "metadata", "graph"), "generation"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(metadata: dict, place: tuple, told: str) -> None:
    (problem, *_) = check_request(CreateAgentRunInput(prompt="Do it.", metadata=metadata))
    assert problem.loc[: len(place)] == place
    assert told in problem.msg


def test_a_blank_prompt_is_refused() -> None:
    (problem,) = check_request(CreateAgentRunInput(prompt="  "))
    assert problem.loc == ("body", "prompt")


def test_the_graph_is_generation_unless_named() -> None:
    assert graph_of(CreateAgentRunInput(prompt="x")) == "generation"
    assert graph_of(CreateAgentRunInput(prompt="x", metadata={"graph": None})) == "generation"
    assert "generation" in known_graphs()


@pytest.mark.parametrize("held_meanwhile", [False, True])
def test_a_follow_up_holds_the_first_prompt_and_what_was_made(held_meanwhile: bool) -> None:
    resume = {"kind": "follow_up", "prompt": "Take floats, too.", "previous_result": "def double(n): ..."}
    if held_meanwhile:
        resume = {"kind": "go_on", "prompt": "Go on.", "follow_up": resume}
    request = run_request(RunRecord(**{**RUN, "leg": 2, "resume": resume}))
    assert request.prompt.startswith("Double a number.")
    assert request.prompt.endswith("Take floats, too.")
    assert list(request.codebase_context.values()) == ["def double(n): ..."]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_NAMES = ["name", "signature", "examples", "tests", "target", "constraints", "comparison", "approval", "graph"]


@given(st.text(min_size=1), st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=4))
def test_no_metadata_raise_anything_else(prompt: str, metadata: dict) -> None:
    problems = check_request(CreateAgentRunInput(prompt=prompt, metadata=metadata))
    assert len(problems) <= 20
    if not problems:
        run_request(RunRecord(**{**RUN, "prompt": prompt, "metadata": metadata}))
