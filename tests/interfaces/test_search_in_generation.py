"""The search inside `genloom.generate`: in front of a model, alone, and what of it is told and kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from langgraph.graph import START, StateGraph
from open_folders import folder_of_its_own
from scenarios import APPROVAL, RIGHT, fenced

import genloom
from genloom.errors import UsageError
from genloom.nodes import generate
from genloom.state import GenerationRequest, GraphContext
from genloom.state.graph_state import GraphState
from genloom.testing import OpenAIServer

SHOUT = ["shout('ab') == 'AB'", "shout('x') == 'X'", "shout('hey you') == 'HEY YOU'", "shout('') == ''"]


def answer(request: object) -> str:
    return APPROVAL if "You review one Python module" in str(request.json()["messages"]) else fenced(RIGHT)  # type: ignore[attr-defined]  # the server's own request


def test_a_model_answers_instead_of_a_candidate_that_nothing_proves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is marked as the model's, and says that the search had found something, too."""
    with OpenAIServer(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        result = genloom.generate(
            "Make a URL slug",
            examples=["slugify('A b') == 'a-b'"],
            model="openai:test-model",
            generators=("reuse", "search", "model"),
            search_seconds=120,
        )
    assert (result.generator, result.source) == ("model", RIGHT)
    assert result.draft is not None
    assert result.draft.model == "openai:test-model"
    assert "written by the model instead of what search found: nothing proves that" in result.draft.notes


def test_what_the_search_proves_costs_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is configured, and never asked for a draft."""
    with OpenAIServer(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        result = genloom.generate(
            "Upper case", examples=SHOUT, model="openai:test-model", one_call=True, search_seconds=120
        )
        assert not server.requests
    assert (result.outcome, result.generator) == ("passed", "search")


def test_an_unproven_answer_names_the_example_that_decides_also_as_json() -> None:
    """Given with that example, the next run knows more; the JSON is plain."""
    result = genloom.generate(
        "Combine two numbers", examples=["combine(2, 2) == 4", "combine(0, 0) == 0"], search_seconds=120
    )
    assert result.outcome == "unverified"
    assert result.deciding.startswith("combine(")
    assert f"One example would decide best: {result.deciding} == …" in result.reason
    shown = json.loads(json.dumps(result.to_json()))
    assert shown["deciding"] == result.deciding
    assert shown["outputs"]
    assert shown["cut_by_clock"] is False


@pytest.mark.slow
def test_nothing_simple_enough_to_be_trusted_needs_a_model() -> None:
    """Below the confidence the search abstains, with its reason."""
    examples = ["word(3) == 'kiwi'", "word(8) == 'sloe'", "word(5) == 'plum'", "word(9) == 'fig'"]
    result = genloom.generate("The word", examples=examples, generators=["search"], search_seconds=120)
    assert (result.outcome, result.exit_code, result.source) == ("needs_model", 3, None)
    assert "search: " in result.reason


@pytest.mark.slow
def test_an_answer_that_the_clock_cut_is_told_and_not_kept() -> None:
    """A function of the repository that is too slow to be used: with more time the answer might be another."""
    with folder_of_its_own() as folder:
        slow = "def spin(n: int) -> int:\n    for _ in range(10**9):\n        n += 0\n    return n\n"
        Path(folder, "own.py").write_text(slow)
        given = [f"odd({n}) == {n * n + 1}" for n in (1, 4, -3, 0, 10, 8)]
        once = genloom.generate("A number", examples=given, repository=folder, generators=["search"], search_seconds=60)
        again = genloom.generate(
            "A number", examples=given, repository=folder, generators=["search"], search_seconds=60
        )
    assert once.draft is not None
    assert (once.outcome, once.draft.cut_by_clock, once.to_json()["cut_by_clock"]) == ("passed", True, True)
    assert not again.cached


def test_a_typed_function_of_the_repository_is_imported_and_used() -> None:
    """Found by the index, called inside the sandbox, and named in the module's imports."""
    with folder_of_its_own() as folder:
        Path(folder, "rates.py").write_text("def surcharge(cents: int) -> int:\n    return cents * 13 // 7 + 41\n")
        given = [f"total({n}) == {n + n * 13 // 7 + 41}" for n in (0, 7, 100, 35, 12)]
        result = genloom.generate(
            "Amount with its surcharge", examples=given, repository=folder, generators=["search"], search_seconds=60
        )
    assert result.outcome == "passed"
    assert result.source is not None
    assert "from rates import surcharge" in result.source


def test_the_number_of_cores_changes_neither_the_answer_nor_the_kept_one() -> None:
    """The second run is answered from the cache of the first."""
    one = genloom.generate("Upper case", examples=SHOUT, search_seconds=120)
    other = genloom.generate("Upper case", examples=SHOUT, search_seconds=120, search_cores=0, cache=False)
    kept = genloom.generate("Upper case", examples=SHOUT, search_seconds=120, search_cores=2)
    assert one.source == other.source == kept.source
    assert (other.cached, kept.cached) == (False, True)


@pytest.mark.parametrize("options", [{"search_cores": -1}, {"search_seconds": 0}, {"search_megabytes": 1}])
def test_limits_that_make_no_sense_are_told(options: dict[str, int]) -> None:
    """Before anything runs."""
    with pytest.raises(UsageError):
        genloom.generate("Upper case", examples=SHOUT, **options)  # type: ignore[arg-type]  # on purpose


def test_the_search_is_a_node_of_any_graph() -> None:
    """The node `generate`, told to ask the search alone, in a graph of one's own."""
    graph = StateGraph(GraphState, context_schema=GraphContext)
    graph.add_node("search", generate)
    graph.add_edge(START, "search")
    request = GenerationRequest(prompt="Upper case", examples=tuple(SHOUT))
    done = graph.compile().invoke(
        {"request": request}, context=GraphContext(generators=("search",), search_seconds=120)
    )
    assert done["draft"].generator == "search"
    assert "upper()" in done["draft"].source
