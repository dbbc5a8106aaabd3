"""The graphs as LangGraph's servers and Studio load them."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.graph.state import CompiledStateGraph

from genloom.errors import RequestError
from genloom.state import GraphContext

ROOT = Path(__file__).parents[2]
REQUIRED = {
    "generation": ["request"],
    "review": [],
    "feature": ["feature"],
    "agent": ["messages"],
    "batch": ["requests"],
}
NAMES = sorted(REQUIRED)


def entries() -> dict[str, str]:
    graphs: dict[str, str] = json.loads((ROOT / "langgraph.json").read_text())["graphs"]
    return graphs


def load(name: str) -> Any:
    module, variable = entries()[name].split(":")
    return getattr(importlib.import_module(module), variable)


def descriptions(schema: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property that stands in a JSON schema, with its place."""
    if isinstance(schema, dict):
        for name, shown in (schema.get("properties") or {}).items():
            yield f"{place}.{name}", shown
            yield from descriptions(shown, f"{place}.{name}")
        for key, inner in schema.items():
            if key != "properties":
                yield from descriptions(inner, f"{place}/{key}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from descriptions(inner, place)


def test_configuration_names_every_graph_by_module() -> None:
    """Every entry is `module:variable`: a file's path would import genloom twice."""
    assert sorted(entries()) == NAMES
    assert all(entry.startswith("genloom.interfaces.studio:") for entry in entries().values())


@pytest.mark.parametrize("name", NAMES)
def test_entry_is_a_compiled_graph_without_a_checkpointer(name: str) -> None:
    """The platform brings its own checkpointer, so the graph must not have one."""
    graph = load(name)
    assert isinstance(graph, CompiledStateGraph)
    assert graph.checkpointer is None
    assert graph.name == name


@pytest.mark.parametrize("name", NAMES)
def test_input_schema_is_an_object_of_typed_parts(name: str) -> None:
    """Studio draws its form from the input schema: every field of it, and of its parts but the messages', has a type."""
    schema = load(name).get_input_jsonschema()
    assert schema["type"] == "object"
    assert schema.get("required", []) == REQUIRED[name]
    own = {} if name == "agent" else schema.get("$defs", {})
    typed = {"type", "$ref", "anyOf", "oneOf", "enum", "const"}
    assert [place for place, shown in descriptions({**schema, "$defs": own}) if not typed & set(shown)] == []
    assert [place for place, shown in descriptions({**schema, "$defs": {}}) if not shown.get("title")] == []


def test_a_request_says_of_every_field_what_it_is() -> None:
    """The form of a request shows a title and a description at each field."""
    schema = load("generation").get_input_jsonschema()
    described = schema["$defs"]["GenerationRequest"]
    assert described["required"] == ["prompt"]
    assert [field for field, shown in described["properties"].items() if not shown.get("description")] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_the_context_has_a_title_and_a_description(name: str) -> None:
    """Studio shows the context's fields to people, those of the review policy in it, too: each says what it is."""
    schema = load(name).get_context_jsonschema()
    assert set(schema["properties"]) == set(GraphContext.model_fields)
    shown = dict(descriptions(schema))
    assert len(shown) > len(schema["properties"])
    assert [place for place, field in shown.items() if not (field.get("title") and field.get("description"))] == []


def test_loading_the_graphs_reads_and_writes_nothing(tmp_path: Path) -> None:
    """A server loads them wherever it stands: no file is made, and no client of a model or a server is loaded."""
    program = (
        "import sys, genloom.interfaces.studio\n"
        "print(sorted({'openai', 'fastapi', 'sqlalchemy', 'hypothesis'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


async def test_what_went_wrong_leaves_a_served_graph_as_an_error_that_servers_tell() -> None:
    """A server shows the text of Python's own kinds alone: the error keeps its name, its message and its hint."""
    with pytest.raises(RuntimeError, match=r"^Nothing is asked of the agent\. Give `query`") as caught:
        await load("agent").ainvoke({})
    assert type(caught.value).__name__ == "RequestError"
    assert isinstance(caught.value.__cause__, RequestError)


async def test_a_bad_context_is_told_by_its_field() -> None:
    """A context that is not valid says which field and why, not what stood in it."""
    with pytest.raises(RuntimeError, match=r"^The run's context cannot be used: model: .*string") as caught:
        await load("generation").ainvoke({"request": {"prompt": "x"}}, context={"model": ["a-secret"]})
    assert "a-secret" not in str(caught.value)
