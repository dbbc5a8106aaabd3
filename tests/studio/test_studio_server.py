"""LangGraph's development server with genloom's graphs, nothing configured, driven by the official SDK."""

from __future__ import annotations

import ast
import asyncio
import re
import subprocess
import types
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from development_server import development_server
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient

from genloom.events import parse_event
from genloom.state import GraphContext

pytestmark = pytest.mark.slow

DOUBLE = {
    "prompt": "Double a number",
    "name": "double",
    "examples": ["double(2) == 4", "double(5) == 10", "double(0) == 0", "double(7) == 14"],
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "studio.md"
DEFAULT_URL = "http://127.0.0.1:2024"
HARD = {"prompt": "Translate to Klingon", "name": "k", "examples": ["k('success') == 'Qapla'", "k('yes') == 'HIja'"]}


def commit(folder: Path, files: dict[str, str]) -> None:
    """Make a repository of one commit."""
    for path, text in files.items():
        (folder / path).write_text(text)
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with development_server(tmp_path_factory.mktemp("studio")) as address:
        yield address


@pytest.fixture
async def client(url: str) -> AsyncIterator[LangGraphClient]:
    async with get_client(url=url) as made:
        yield made


async def outcome_of(client: LangGraphClient, assistant: str, **given: Any) -> dict[str, Any]:
    """How a run without a thread ended: its values, or `{"__error__": …}`."""
    ended = await client.runs.wait(None, assistant, raise_error=False, **given)
    assert isinstance(ended, dict)
    return ended


STEPS = {
    "generation": "verify",
    "review": "judge_findings",
    "feature": "approve_feature",
    "agent": "tools",
    "batch": "run_request",
}


@pytest.mark.parametrize("name", sorted(STEPS))
async def test_the_server_tells_the_schemas_of_every_graph(client: LangGraphClient, name: str) -> None:
    """Each graph has an assistant with schemas of its input, output, state and context; the context's fields are ours."""
    (assistant,) = await client.assistants.search(graph_id=name)
    schemas: Any = await client.assistants.get_schemas(assistant["assistant_id"])
    for part in ("input_schema", "output_schema", "state_schema"):
        assert schemas[part]["properties"], part
    fields = schemas["context_schema"]["properties"]
    assert set(fields) == set(GraphContext.model_fields)
    assert [name for name, shown in fields.items() if not (shown.get("title") and shown.get("description"))] == []
    graph = await client.assistants.get_graph(assistant["assistant_id"])
    assert STEPS[name] in {node["id"] for node in graph["nodes"]}


async def test_a_run_streams_its_updates_and_typed_events(client: LangGraphClient) -> None:
    """The node's updates come in the order of the work, and the custom stream holds genloom's events."""
    nodes, kinds = [], []
    stream = client.runs.stream(None, "generation", input={"request": DOUBLE}, stream_mode=["updates", "custom"])
    async for part in stream:
        if part.event == "updates":
            nodes.extend(part.data)
        elif part.event == "custom":
            event = parse_event(part.data)
            assert event is not None
            kinds.append(event.kind)
    assert nodes == ["inject_context", "generate", "verify", "review", "finalize"]
    assert {"node_started", "draft_made", "check_finished", "verdict_ready", "run_finished"} <= set(kinds)


@pytest.mark.parametrize(
    ("answer", "result"), [(True, "passed"), ({"approve": False, "comment": "Not like this."}, "failed")]
)
async def test_a_run_waits_for_a_person_and_goes_on(client: LangGraphClient, answer: object, result: str) -> None:
    """With approval in the context the run is interrupted with the code, and resumed by what the person says."""
    thread = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread, "generation", input={"request": DOUBLE}, context={"approval": True})
    state = await client.threads.get_state(thread)
    assert state["next"] == ["finalize"]
    (interrupt,) = state["tasks"][0]["interrupts"]
    assert "def double" in interrupt["value"]["source"]
    ended: Any = await client.runs.wait(thread, "generation", command={"resume": answer})
    assert ended["outcome"]["result"] == result
    assert (await client.threads.get(thread))["status"] == "idle"


async def test_assistants_work_in_contexts_of_their_own(client: LangGraphClient) -> None:
    """One graph, two assistants: what the one may not use, the other finds the answer with."""
    reuse = await client.assistants.create("generation", context={"generators": ["reuse"]}, name="reuse alone")
    search = await client.assistants.create("generation", context={"generators": ["search"]}, name="search alone")
    without = await outcome_of(client, reuse["assistant_id"], input={"request": DOUBLE})
    found = await outcome_of(client, search["assistant_id"], input={"request": DOUBLE})
    assert without["outcome"]["result"] == "needs_model"
    assert (found["outcome"]["result"], found["draft"]["generator"]) == ("passed", "search")


async def test_a_batch_gives_a_result_for_each_request(client: LangGraphClient) -> None:
    """What is no request is its own result's error."""
    ended = await outcome_of(client, "batch", input={"requests": [DOUBLE, {"promt": "x"}]})
    assert [result["outcome"]["result"] for result in ended["results"]] == ["passed", "error"]


async def test_a_review_finds_what_a_diff_adds(client: LangGraphClient) -> None:
    """The deterministic reviewers need no model: the finding stands on its line, and the report tells it."""
    diff = (
        "diff --git a/run.py b/run.py\nnew file mode 100644\n--- /dev/null\n+++ b/run.py\n@@ -0,0 +1,4 @@\n"
        "+import subprocess\n+\n+def run(command):\n+    return subprocess.call(command, shell=True)\n"
    )
    ended = await outcome_of(client, "review", input={"diff": diff})
    assert ended["review"]["decision"] != "approve"
    assert ("run.py", 4) in {(finding["path"], finding["line"]) for finding in ended["review"]["findings"]}
    assert "run.py" in ended["report"]


async def test_graphs_work_in_the_repository_of_the_context(client: LangGraphClient, tmp_path: Path) -> None:
    """Nothing that reads a disk or waits for git holds up the server's event loop, which it would refuse."""
    commit(tmp_path, {"word.py": "def double(n):\n    return 2 * n\n"})
    context = {"repository": str(tmp_path)}
    ended = await outcome_of(client, "generation", input={"request": DOUBLE}, context=context)
    assert ended["outcome"]["result"] == "passed"
    assert ended["context"]["references"][0]["path"] == "word.py"
    (tmp_path / "word.py").write_text("import subprocess\n\nsubprocess.call('ls', shell=True)\n")
    ended = await outcome_of(client, "review", input={"revision": "HEAD"}, context=context)
    assert ("word.py", 3) in {(finding["path"], finding["line"]) for finding in ended["review"]["findings"]}


async def test_a_feature_without_a_model_says_so(client: LangGraphClient, tmp_path: Path) -> None:
    """Nothing is begun: the repository is as it was."""
    commit(tmp_path, {"word.py": "WORD = 'one'\n"})
    context = {"repository": str(tmp_path)}
    ended = await outcome_of(client, "feature", input={"feature": {"specification": "Add a word"}}, context=context)
    assert ended["outcome"]["result"] == "needs_model"


@pytest.mark.parametrize(
    ("graph", "given", "context", "kind", "told"),
    [
        ("generation", {"request": DOUBLE}, {"search_seconds": -1}, "RequestError", "search_seconds: Input should be"),
        ("agent", {"query": "hello"}, {"model": 3}, "RequestError", "model: Input should be a valid string"),
        ("agent", {"query": "hello"}, {}, "CredentialError", "no model. Give model=, set it in the run's context"),
        ("agent", {"query": "hello"}, {"model": "nobody:x"}, "ModelNameError", "known provider"),
        ("agent", {"messages": []}, {}, "RequestError", "Nothing is asked of the agent"),
        ("generation", {"request": {"promt": "x"}}, {}, "RequestError", "request.prompt: Field required"),
        ("generation", {}, {}, "RequestError", "request: Field required"),
        ("review", {"diff": 3}, {}, "RequestError", "diff: Input should be a valid string"),
        ("review", {}, {}, "RequestError", "diff"),
        ("feature", {"feature": {}}, {}, "RequestError", "feature.specification: Field required"),
        ("batch", {"requests": 3}, {}, "RequestError", "a list of requests"),
        ("batch", {"request": []}, {}, "RequestError", "a list of requests"),
    ],
)
async def test_what_is_wrong_is_told_by_the_server(
    client: LangGraphClient, graph: str, given: dict[str, Any], context: dict[str, Any], kind: str, told: str
) -> None:
    """A bad context, a missing model and a bad input end the run with an error that says what to do."""
    error = (await outcome_of(client, graph, input=given, context=context))["__error__"]
    assert error["error"] == kind
    assert told in error["message"]


async def test_the_code_of_the_document_runs(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All its blocks, one after the other, with the address of this server."""
    blocks = "\n".join(re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL))
    assert blocks.count(DEFAULT_URL) == 1
    code = compile(blocks.replace(DEFAULT_URL, url), DOCUMENT, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names: dict[str, Any] = {}
    await types.FunctionType(code, names)()
    assert names["ended"]["outcome"]["result"] == "passed"
    assert "def double" in capsys.readouterr().out


async def test_a_context_that_is_no_object_is_refused(client: LangGraphClient) -> None:
    """The server itself answers 422."""
    context: Any = ["no", "object"]
    with pytest.raises(httpx.HTTPStatusError) as caught:
        await client.runs.wait(None, "generation", input={"request": DOUBLE}, context=context)
    assert caught.value.response.status_code == 422


async def test_a_run_that_is_cancelled_stops(client: LangGraphClient) -> None:
    """A search that would take a minute ends when it is cancelled, and its thread takes the next run."""
    thread = (await client.threads.create())["thread_id"]
    run = await client.runs.create(thread, "generation", input={"request": HARD}, context={"search_seconds": 60})
    await begun(client, thread, "generate")
    await client.runs.cancel(thread, run["run_id"], wait=True)
    assert (await client.runs.get(thread, run["run_id"]))["status"] == "interrupted"
    ended: Any = await client.runs.wait(thread, "generation", input={"request": DOUBLE})
    assert ended["outcome"]["result"] == "passed"


async def begun(client: LangGraphClient, thread: str, node: str) -> None:
    """Wait until a thread's run is in that node."""
    for _ in range(600):
        if node in ((await client.threads.get_state(thread))["next"] or ()):
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"The run never came to {node}.")
