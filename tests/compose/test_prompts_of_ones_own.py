"""Prompts of a user's own in place of shipped ones: by graph, by run, by node."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import START, StateGraph

import genloom
from genloom.config import load_settings
from genloom.errors import UsageError
from genloom.graphs import add_nodes, build_agent_graph, build_generation_graph, build_supervisor_graph
from genloom.graphs.codegen_agents import create_codebase_inspector_agent
from genloom.interfaces.cache_key import cache_key
from genloom.interfaces.importer.installing import uninstall_import_hook
from genloom.nodes import generate
from genloom.nodes.agent.history import HistoryLimits
from genloom.prompts import Prompts, load_prompt, prompt_names
from genloom.state import CodeContext, GenerationRequest, GraphContext
from genloom.state.agent_spec import AgentSpec
from genloom.state.graph_state import GraphState
from genloom.testing import ScriptedChatModel
from genloom.tools.chat.models import registered_models

REQUEST = {"prompt": "Double a number", "name": "double", "examples": ["double(1) == 2", "double(4) == 8"]}
SOURCE = "```python\ndef double(x: int) -> int:\n    return 2 * x\n```"
CONTEXT = GraphContext(model="mine", generators=("model",), one_call=True)
HOUSE = "We write Python for the house of Ada."


@pytest.fixture
def model():
    """A scripted model under the name `mine`."""
    with registered_models.override("mine", ScriptedChatModel(rule=lambda messages: SOURCE)) as model:
        yield model


def _first_message(model: ScriptedChatModel) -> str:
    return str(model.calls[0][0].content)


def test_a_graph_has_prompts_of_its_own(model):
    """The others are the shipped ones."""
    graph = build_generation_graph(prompts={"generate_system": HOUSE})
    assert graph.invoke({"request": REQUEST}, context=CONTEXT)["outcome"].result == "passed"
    assert _first_message(model) == HOUSE + "\n"
    assert "# Task\n\nDouble a number" in str(model.calls[0][1].content)


def test_a_runs_prompts_go_before_those_of_its_graph(model):
    """As an assistant of Studio has them: they are part of the run's context."""
    graph = build_generation_graph(prompts={"generate_system": HOUSE})
    own = CONTEXT.model_copy(update={"prompts": {"generate_system": "For this run."}})
    graph.invoke({"request": REQUEST}, context=own)
    assert _first_message(model) == "For this run.\n"


async def test_nodes_in_a_users_graph_have_them_too(model):
    builder = StateGraph(GraphState, context_schema=GraphContext)
    add_nodes(builder, [generate], prompts={"generate_system": HOUSE})
    builder.add_edge(START, "generate")
    await builder.compile().ainvoke({"request": REQUEST}, context=CONTEXT)
    assert _first_message(model) == HOUSE + "\n"


def test_the_interfaces_take_them(model):
    """`genloom.generate` does, as a field of the context."""
    result = genloom.generate(
        "Double a number",
        name="double",
        examples=REQUEST["examples"],
        context=CONTEXT,
        prompts={"generate_system": HOUSE},
        durable=False,
    )
    assert result.outcome == "passed"
    assert _first_message(model) == HOUSE + "\n"


def test_placeholders_are_filled_in(model):
    graph = build_generation_graph(prompts={"demand": "It has to be called {{ names }}, says the house."})
    graph.invoke({"request": REQUEST}, context=CONTEXT)
    assert "It has to be called `double`, says the house." in str(model.calls[0][1].content)


MISTAKEN = {"generate_sistem": HOUSE}


@pytest.mark.parametrize(
    "use",
    [
        lambda: build_generation_graph(prompts=MISTAKEN),
        lambda: generate.with_prompts(MISTAKEN),
        lambda: genloom.generate("Double a number", prompts=MISTAKEN),
        lambda: build_generation_graph().invoke(
            {"request": REQUEST}, context=CONTEXT.model_copy(update={"prompts": MISTAKEN})
        ),
    ],
    ids=["graph", "node", "interface", "context"],
)
def test_a_name_that_no_prompt_has_is_refused_with_the_names(use, model):
    """Before anything runs; a context that a graph is given, by its first node."""
    with pytest.raises(UsageError, match="no prompt 'generate_sistem'") as caught:
        use()
    assert "generate_system" in caught.value.hint
    assert model.calls == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Do {{ names }} in {{ mood }}.", "unknown mood"),
        ("Do {{ names }} in {{ Mood.now }}.", "unknown Mood.now"),
        ("Do it.", "lacks names"),
        (" \n", "cannot be used"),
        ("{{ names }}" + "x" * 100_000, "cannot be used"),
    ],
)
def test_placeholders_are_strict(text, complaint):
    """What is asked for would silently be left out, or stand there unfilled."""
    with pytest.raises(UsageError, match=complaint):
        Prompts.of({"demand": text})


def test_a_name_reaches_no_file_beyond_the_prompts():
    with pytest.raises(UsageError, match="no prompt"):
        Prompts.of({"../tools/security/rules": "x"})


@given(st.sampled_from(prompt_names()), st.text(min_size=1).filter(str.strip), st.text())
def test_any_text_with_the_placeholders_will_do(name, before, after):
    """And text that is like none of them stays as it is."""
    placeholders = load_prompt(name).placeholders
    text = before.replace("{", "") + "".join(f"{{{{ {each} }}}}" for each in placeholders) + after.replace("{", "")
    assert Prompts.of({name: text}).load(name).placeholders == placeholders


def test_the_texts_are_part_of_the_key_of_the_cache():
    """An answer that another prompt led to is another answer."""
    settings, context = GraphContext().resolved(load_settings())
    request, code = GenerationRequest.model_validate(REQUEST), CodeContext()
    others = [context.model_copy(update={"prompts": {"generate_system": text}}) for text in ("One.", "Another.")]
    assert len({cache_key(request, code, each, settings) for each in (context, *others)}) == 3


@pytest.mark.parametrize("where", ["build", "run"])
def test_a_supervisor_has_a_prompt_of_its_own(where):
    """Its placeholder is filled with the agents."""
    model = ScriptedChatModel(rule=lambda messages: "Done.")
    text = {"supervise": "You lead for the house of Ada:\n{{ agents }}"}
    spec = AgentSpec(name="counter", description="Counts.", system_prompt="You count.")
    team = build_supervisor_graph(
        [spec], model=model, models={"counter": model}, prompts=text if where == "build" else {}
    )
    team.invoke({"query": "Hello"}, context=GraphContext(prompts=text if where == "run" else {}))
    assert _first_message(model) == "You lead for the house of Ada:\n- counter: Counts.\n"


async def test_an_agents_system_prompt_is_the_runs_own(tmp_path):
    model = ScriptedChatModel(rule=lambda messages: "Done.")
    inspector = create_codebase_inspector_agent(tmp_path, model=model, memory=False)
    await inspector.ainvoke({"query": "Hello"}, context=GraphContext(prompts={"inspector_agent": HOUSE}))
    await inspector.ainvoke({"query": "Hello"})
    assert _first_message(model) == HOUSE + "\n"
    assert str(model.calls[1][0].content) == load_prompt("inspector_agent").render()


@pytest.mark.parametrize("where", ["build", "run"])
def test_a_summary_is_asked_for_in_ones_own_words(where):
    model = ScriptedChatModel(rule=lambda messages: "Done.")
    text = {"summarise": "Shorten this to {{ words }} words: {{ conversation }}"}
    agent = build_agent_graph(
        model, history=HistoryLimits(max_messages=4, keep_first=1), prompts=text if where == "build" else None
    )
    messages = [HumanMessage(f"Number {n}") if n % 2 == 0 else AIMessage(f"Answer {n}") for n in range(9)]
    agent.invoke({"messages": messages}, context=GraphContext(prompts=text if where == "run" else {}))
    assert _first_message(model).startswith("Shorten this to 600 words: <data-")


def test_an_agents_prompt_of_a_wrong_name_is_refused():
    with pytest.raises(UsageError, match="no prompt 'summarize'"):
        build_agent_graph(ScriptedChatModel(), prompts={"summarize": "x"})


def test_an_import_that_writes_itself_is_asked_for_in_ones_own_words(model, tmp_path):
    """The context that the hook is installed with has them."""
    genloom.install_import_hook(
        namespace="adas",
        directory=tmp_path / "adas",
        mode="auto",
        model="mine",
        accept_unverified=True,
        context={
            "prompts": {"import": "Ada wants {{ names }} of {{ module }}: {{ description }}"},
            "generators": ["model"],
            "one_call": True,
        },
    )
    try:
        from adas.numbers import double

        assert double(4) == 8
    finally:
        uninstall_import_hook("adas")
        for name in [name for name in sys.modules if name.partition(".")[0] == "adas"]:
            del sys.modules[name]
    assert "Ada wants `double` of adas.numbers:" in str(model.calls[0][1].content)
