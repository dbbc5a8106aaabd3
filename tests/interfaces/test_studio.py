"""The graphs as LangGraph's servers and Studio load them."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph.graph.state import CompiledStateGraph

from genloom.state import GraphContext

ROOT = Path(__file__).parents[2]
NAMES = {"generation"}


def entries() -> dict[str, str]:
    graphs: dict[str, str] = json.loads((ROOT / "langgraph.json").read_text())["graphs"]
    return graphs


def load(entry: str) -> Any:
    module, name = entry.split(":")
    return getattr(importlib.import_module(module), name)


def test_configuration_names_the_graphs_by_module() -> None:
    """Every entry is `module:variable`: a file's path would import genloom twice."""
    assert set(entries()) == NAMES
    assert all(entry.startswith("genloom.interfaces.studio:") for entry in entries().values())


@pytest.mark.parametrize("name", sorted(NAMES))
def test_entry_is_a_compiled_graph_without_a_checkpointer(name: str) -> None:
    """The platform brings its own checkpointer, so the graph must not have one."""
    graph = load(entries()[name])
    assert isinstance(graph, CompiledStateGraph)
    assert graph.checkpointer is None
    assert graph.name == name


@pytest.mark.parametrize("name", sorted(NAMES))
def test_input_schema_is_an_object_with_a_request(name: str) -> None:
    """Studio draws its form from the input schema: an object whose request has a prompt."""
    schema = load(entries()[name]).get_input_jsonschema()
    assert schema["type"] == "object"
    request = schema["properties"]["request"]
    described = schema["$defs"][request["$ref"].rsplit("/", 1)[-1]] if "$ref" in request else request
    assert "prompt" in described["properties"]
    assert described["required"] == ["prompt"]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_field_of_the_context_has_a_title_and_a_description(name: str) -> None:
    """Studio shows the context's fields to people: each says what it is."""
    properties = load(entries()[name]).get_context_jsonschema()["properties"]
    assert set(properties) == set(GraphContext.model_fields)
    assert [field for field, shown in properties.items() if not (shown.get("title") and shown.get("description"))] == []


@pytest.fixture
def server(tmp_path: Path, home: Path) -> Iterator[str]:
    """LangGraph's own development server on loopback, with nothing configured; its URL."""
    if find_spec("langgraph_api") is None or find_spec("langgraph_cli") is None:
        pytest.skip("LangGraph's development server (the studio extra) is not installed")
    shutil.copy(ROOT / "langgraph.json", tmp_path)  # the server writes its files beside its configuration
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "langgraph_cli", "dev", "--no-browser", "--no-reload", "--port", str(port)]
    quiet = {**os.environ, "PYTHONPATH": str(ROOT), "LANGGRAPH_CLI_NO_ANALYTICS": "1", "GENLOOM_HOME": str(home)}
    log = tmp_path / "server.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=tmp_path, env=quiet, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(url, process, log)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/ok", timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"The server did not start:\n{log.read_text()[-3000:]}")


@pytest.mark.slow
async def test_development_server_runs_the_generation_graph(server: str) -> None:
    """With nothing configured, a JSON request through LangGraph's server ends in an outcome."""
    from langgraph_sdk import get_client

    client = get_client(url=server)
    request = {"prompt": "Double a number", "examples": ["double(2) == 4", "double(5) == 10", "double(0) == 0"]}
    final = await client.runs.wait(None, "generation", input={"request": request})
    assert isinstance(final, dict)
    assert "__error__" not in final
    assert final["outcome"]["result"] in {"passed", "unverified", "failed", "needs_model"}
    (assistant,) = await client.assistants.search(graph_id="generation")
    schemas = await client.assistants.get_schemas(assistant["assistant_id"])
    assert "request" in (schemas["input_schema"] or {})["properties"]
