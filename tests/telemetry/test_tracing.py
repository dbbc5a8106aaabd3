"""Traces: sent only when asked for, without secrets, and never in the way of a run."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

import genloom
from genloom.config import load_settings
from genloom.testing.loopback import Answer, LoopbackServer, RecordedRequest
from genloom.tools.telemetry.bounded_session import BoundedSession

KEY = "sk-proj-" + "a1B2c3D4" * 6
TOKEN = "codegen-7f3e9d21b8"
SECRETS = {
    where: f"ghp_{where}{'Zz09' * 10}"[:40]
    for where in ("input", "output", "metadata", "error", "tag", "name", "parameter")
}


class Ingest(LoopbackServer):
    """LangSmith's ingest endpoint: it tells what it takes (nothing compressed) and accepts every run."""

    def answer(self, request: RecordedRequest) -> Answer:
        if request.path.endswith("/info"):
            return Answer.of_json({"version": "1", "instance_flags": {"zstd_compression_enabled": False}})
        return Answer.of_json({}, status=202)

    @property
    def text(self) -> str:
        """All that was sent, headers included."""
        return "\n".join(f"{r.path} {r.headers} {r.body.decode(errors='replace')}" for r in self.requests)


RUN = """
import asyncio, json, sys
from langchain_core.runnables import RunnableLambda
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict
from genloom.config import load_settings
from genloom.errors import ModelError
from genloom.testing import ScriptedChatModel
from genloom.tools.telemetry import atracing, tracing

secrets = json.loads(sys.argv[1])
class State(TypedDict, total=False):
    prompt: str
    answer: str

def work(state: State) -> State:
    model = ScriptedChatModel(replies=["the key is " + secrets["output"]])
    called = {"tags": [secrets["tag"]], "run_name": "ask " + secrets["name"]}
    answer = model.invoke(state["prompt"], config=called, stop=[secrets["parameter"]])
    return {"answer": str(answer.content)}

def fail(state: State) -> State:
    raise ModelError("refused " + secrets["error"] + " with " + secrets["known"], kind="server")

builder = StateGraph(State)
builder.add_node("work", work)
builder.add_node("fail", fail)
builder.add_edge(START, "work")
builder.add_edge("work", "fail")
builder.add_edge("fail", END)
graph = builder.compile()
given = {"prompt": "MARK use " + secrets["input"]}
config = {"metadata": {"note": secrets["metadata"]}}

def run():
    with tracing(load_settings()):
        try:
            graph.invoke(given, config)
        except ModelError as error:
            print(type(error).__name__)

async def arun():
    async with atracing(load_settings()):
        try:
            await graph.ainvoke(given, config)
        except ModelError as error:
            print(type(error).__name__)

run() if sys.argv[2] == "sync" else asyncio.run(arun())
print([name for name in sys.modules if name == "genloom.tools.telemetry.redacting_client"])
"""


def _run(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LANGSMITH", "LANGCHAIN"))}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**kept, "PYTHONPATH": str(Path(genloom.__path__[0]).parent), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _environment(url: str, **more: str) -> dict[str, str]:
    return {
        "LANGSMITH_ENDPOINT": url,
        "LANGSMITH_API_KEY": "lsv2_pt_0123456789",
        "OPENAI_API_KEY": KEY,
        "CODEGEN_API_TOKEN": TOKEN,
        **more,
    }


def _arguments() -> str:
    return json.dumps({**SECRETS, "known": f"{KEY} and {TOKEN}"})


@pytest.mark.slow
@pytest.mark.parametrize("face", ["sync", "async"])
def test_a_trace_arrives_without_secrets(face: str) -> None:
    """Inputs, outputs, metadata, errors, names, tags and parameters arrive, each with its secret replaced."""
    with Ingest() as server:
        done = _run(RUN, _arguments(), face, **_environment(server.base_url, LANGSMITH_TRACING="true"))
    assert done.stdout.splitlines()[0] == "ModelError", done.stderr
    sent = server.text
    for expected in (
        "MARK use [redacted",
        "the key is [redacted",
        "refused [redacted",
        '"note":"[redacted',
        "ask [redacted",
    ):
        assert expected in sent
    for where, secret in {**SECRETS, "key": KEY, "token": TOKEN}.items():
        assert secret not in sent, where


@pytest.mark.slow
@pytest.mark.parametrize("switch", [{}, {"LANGSMITH_TRACING": "false"}, {"LANGCHAIN_TRACING_V2": ""}])
def test_nothing_is_sent_unless_asked(switch: dict[str, str]) -> None:
    """With tracing off no request is made, and the client is not even imported."""
    with Ingest() as server:
        done = _run(RUN, _arguments(), "sync", **_environment(server.base_url, **switch))
    assert done.stdout.splitlines() == ["ModelError", "[]"], done.stderr
    assert server.requests == ()


@pytest.mark.parametrize(
    ("environment", "on"),
    [
        ({}, False),
        ({"LANGSMITH_TRACING": "true"}, True),
        ({"LANGCHAIN_TRACING_V2": "true"}, True),
        ({"LANGSMITH_TRACING": "1"}, False),
        ({"LANGSMITH_TRACING_V2": "false", "LANGSMITH_TRACING": "true"}, False),
        ({"LANGSMITH_TRACING_V2": "", "LANGCHAIN_TRACING": "true"}, True),
    ],
)
def test_langsmiths_own_variables_decide(tmp_path: Path, environment: dict[str, str], on: bool) -> None:
    """The switch is read as LangSmith itself reads it."""
    assert load_settings({"GENLOOM_HOME": str(tmp_path), **environment}).langsmith_tracing is on


def test_off_imports_nothing() -> None:
    """With tracing off the block costs no import of LangSmith."""
    code = """
import sys
from genloom.config import load_settings
from genloom.tools.telemetry import tracing
with tracing(load_settings()):
    print([name for name in sys.modules if name.split(".")[0] in ("langsmith", "langgraph", "langchain_core")])
"""
    done = _run(code)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.slow
def test_a_server_that_never_answers_does_not_hold_the_process() -> None:
    """The run ends with its own result, and so does the process, though nothing of the trace was taken."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = _run(RUN, _arguments(), "sync", **_environment(url, LANGSMITH_TRACING="true"))
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "ModelError")


def test_a_run_goes_on_where_tracing_cannot_start(tmp_path: Path) -> None:
    """Settings that LangSmith refuses give a warning, and the block runs."""
    environment = {"LANGSMITH_TRACING": "true", "GENLOOM_HOME": str(tmp_path)}
    code = """
import os
from genloom.config import load_settings
from genloom.tools.telemetry import tracing
notes = []
with tracing(load_settings(), warn=notes.append):
    print("ran")
print(notes[0].level, notes[0].message.split(":")[0])
"""
    done = _run(
        code, LANGSMITH_RUNS_ENDPOINTS='{"http://127.0.0.1:9": "k"}', LANGSMITH_ENDPOINT="http://x", **environment
    )
    assert done.stdout.splitlines() == ["ran", "warning This run is not traced"], done.stderr


def test_no_request_begins_after_the_end() -> None:
    """Once its end has come the session asks nobody, and says so to LangSmith's threads."""
    session = BoundedSession()
    with Ingest() as server:
        assert session.get(f"{server.base_url}/info", timeout=1000).status_code == 200
        session.end_at(time.monotonic())
        with pytest.raises(requests.ConnectionError, match="has ended"):
            session.get(f"{server.base_url}/info")
    assert len(server.requests) == 1


BEGINNING = """
import json, sys
from genloom.tools.security import Redactor
from genloom.tools.telemetry.redacting_client import RedactingClient

secrets = json.loads(sys.argv[1])
client = RedactingClient(Redactor())
client.create_run("ask " + secrets["name"], {"q": secrets["input"]}, "chain", tags=["t " + secrets["tag"]],
    extra={"invocation_params": {"p": "with " + secrets["parameter"], "object": {1, 2}}})
client.finish()
"""


@pytest.mark.slow
def test_the_beginning_of_a_run_is_redacted_by_itself() -> None:
    """A run that has only begun, as a long one is sent, holds no secret either."""
    with Ingest() as server:
        done = _run(BEGINNING, _arguments(), **_environment(server.base_url))
    assert done.returncode == 0, done.stderr
    for expected in ("ask [redacted", "t [redacted", "with [redacted"):
        assert expected in server.text
    assert not [where for where, secret in SECRETS.items() if secret in server.text]
