"""`genloom.generate` and `agenerate`: the cache in front of the graph, threads, approval, deadlines."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from scenarios import APPROVAL, REQUEST, RIGHT, WRONG, fenced

import genloom
from genloom.config import load_settings
from genloom.errors import CredentialError, RequestError, RunCancelledError, ThreadError, UsageError
from genloom.graphs import build_generation_graph
from genloom.interfaces.thread import resume_thread
from genloom.testing import Fault, OpenAIServer
from genloom.tools.store.state_serializer import StateSerializer


@pytest.fixture
def model(monkeypatch):
    """An OpenAI-compatible server that gives the right module and approves of it."""

    def answer(request):
        return APPROVAL if "You review one Python module" in str(request.json()["messages"]) else fenced(RIGHT)

    with OpenAIServer(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


WITH_MODEL = {"model": "openai:test-model", "generators": ["model"]}


def test_what_passed_is_answered_from_the_cache_the_second_time(model):
    """The same answer, marked as cached, without asking the model again."""
    first = genloom.generate(REQUEST, **WITH_MODEL)
    asked = len(model.chats)
    second = genloom.generate(REQUEST, **WITH_MODEL)
    assert (first.outcome, first.cached, second.cached) == ("passed", False, True)
    assert second.source == first.source
    assert second.verdict == first.verdict
    assert len(model.chats) == asked


@pytest.mark.parametrize(
    "change",
    [
        {"examples": [*REQUEST["examples"], "slugify('C') == 'c'"]},
        {"name": "slugify", "constraints": ["no regular expressions"]},
        {"tests": "from slugify import slugify\ndef test_it(): assert slugify('Q') == 'q'\n"},
        {"codebase_context": {"style": "use one return"}},
        {"max_attempts": 2},
        {"reviewer_model": "openai:test-model"},
        {"cache": False},
    ],
)
def test_whatever_changes_the_answer_asks_anew(model, change):
    """Request, checks, context and policies are all part of the key."""
    genloom.generate(REQUEST, **WITH_MODEL)
    assert not genloom.generate(REQUEST, **{**WITH_MODEL, **change}).cached


def test_what_did_not_pass_is_never_cached(monkeypatch):
    """A failure today may be a success tomorrow."""
    with OpenAIServer(lambda request: fenced(WRONG)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        for _ in range(2):
            result = genloom.generate(REQUEST, **WITH_MODEL, max_attempts=1)
            assert (result.outcome, result.cached, result.usable) == ("failed", False, False)


def test_many_who_ask_the_same_at_once_make_one_answer(model):
    """Single flight: one leads, the others wait for it."""
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: genloom.generate(REQUEST, **WITH_MODEL), range(8)))
    assert {r.outcome for r in results} == {"passed"}
    assert sum(not r.cached for r in results) == 1


def test_a_changed_file_of_the_repository_asks_anew(model, tmp_path):
    """The checks import the repository, and so its bytes are part of the key."""
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "text.py").write_text("def words(text: str) -> list[str]:\n    return text.split()\n")
    genloom.generate(REQUEST, **WITH_MODEL, repository=repository)
    assert genloom.generate(REQUEST, **WITH_MODEL, repository=repository).cached
    (repository / "text.py").write_text("def words(text: str) -> list[str]:\n    return text.split(' ')\n")
    assert not genloom.generate(REQUEST, **WITH_MODEL, repository=repository).cached


def test_a_cache_that_cannot_serve_is_told_and_left_out(model, home):
    """A run never fails for want of its cache."""
    home.mkdir()
    (home / "cache").write_text("a file where the folder belongs")
    notes = []
    result = genloom.generate(
        REQUEST, **WITH_MODEL, on_event=lambda e: notes.append(e.message) if e.kind == "note" else None
    )
    assert result.outcome == "passed"
    assert any("cache" in note for note in notes)


async def test_agenerate_in_a_loop_and_generate_inside_one(model):
    """A notebook's loop is running when cells call the synchronous face."""
    first = await genloom.agenerate(REQUEST, **WITH_MODEL)
    second = genloom.generate(REQUEST, **WITH_MODEL, cache=False)
    assert first.outcome == second.outcome == "passed"


@pytest.mark.slow
def test_approval_waits_for_a_person_and_resumes_in_another_process(model):
    """The thread stands in the checkpointer; the answer decides, and the model is not asked again."""
    pending = genloom.generate(REQUEST, **WITH_MODEL, approval=True)
    assert (pending.outcome, pending.exit_code, pending.usable) == ("pending", 5, False)
    assert pending.question["source"] == pending.source == RIGHT
    asked = len(model.chats)
    code = "import sys, json; from genloom.portal import run_sync; from genloom.config import load_settings; "
    code += "from genloom.interfaces.thread import resume_thread; "
    code += "r = run_sync(resume_thread(sys.argv[1], load_settings(), answer={'approve': True, 'comment': 'fine'})); "
    code += "print(json.dumps([r.outcome, r.usable, r.reason]))"
    done = subprocess.run([sys.executable, "-c", code, pending.thread_id], capture_output=True, text=True, timeout=60)
    outcome, usable, reason = json.loads(done.stdout)
    assert (outcome, usable) == ("passed", True)
    assert "fine" in reason
    assert len(model.chats) == asked


async def test_a_rejection_by_a_person_is_final(model):
    """The outcome is failed, whatever the checks said."""
    pending = await genloom.agenerate(REQUEST, **WITH_MODEL, approval=True)
    result = await resume_thread(pending.thread_id, load_settings(), answer=False)
    assert (result.outcome, result.usable) == ("failed", False)
    assert (await resume_thread(pending.thread_id, load_settings(), answer=True)).outcome == "failed"


async def test_a_named_thread_gives_its_result_again_and_refuses_another_request(model):
    """The caller's own name for a run is its identity."""
    first = await genloom.agenerate(REQUEST, **WITH_MODEL, thread_id="mine")
    asked = len(model.chats)
    again = await genloom.agenerate(REQUEST, **WITH_MODEL, thread_id="mine")
    assert (again.outcome, again.source) == (first.outcome, first.source)
    assert len(model.chats) == asked
    with pytest.raises(ThreadError, match="another request"):
        await genloom.agenerate({**REQUEST, "prompt": "Something else"}, **WITH_MODEL, thread_id="mine")
    with pytest.raises(ThreadError, match="no thread"):
        await resume_thread("yours", load_settings())


async def test_a_run_that_failed_for_want_of_a_server_resumes_when_it_is_back(monkeypatch):
    """Generation is tried anew, in the same thread."""
    with OpenAIServer([], faults=[Fault(status=401)]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        with pytest.raises(CredentialError):
            await genloom.agenerate(REQUEST, **WITH_MODEL, thread_id="t")
    with OpenAIServer([fenced(RIGHT), APPROVAL]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        result = await resume_thread("t", load_settings())
    assert result.outcome == "passed"


@pytest.mark.slow
async def test_the_deadline_saves_the_run_and_says_how_to_go_on(monkeypatch):
    """A model that hangs does not hold the caller."""
    with OpenAIServer([fenced(RIGHT), APPROVAL], faults=[Fault(delay=30)]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        with pytest.raises(RunCancelledError) as caught:
            await genloom.agenerate(REQUEST, **WITH_MODEL, deadline=2.0)
    assert caught.value.exit_code == 130
    with OpenAIServer([fenced(RIGHT), APPROVAL]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        assert (await resume_thread(caught.value.thread_id, load_settings())).outcome == "passed"


async def test_cancelling_the_task_stops_the_run_and_leaves_no_task(monkeypatch):
    """Structured concurrency: nothing runs on."""
    with OpenAIServer([], faults=[Fault(delay=30)]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        task = asyncio.create_task(genloom.agenerate(REQUEST, **WITH_MODEL, thread_id="c"))
        while not server.requests:
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    for _ in range(100):  # LangGraph's own writer may be storing the last step
        left = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        if not left:
            break
        await asyncio.sleep(0.02)
    assert left == []


def test_ctrl_c_in_a_script_is_a_run_cancelled_error_with_its_thread(monkeypatch):
    """Raised after the state was saved."""
    with OpenAIServer([], faults=[Fault(delay=30)]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)

        def press() -> None:
            while not server.requests:
                threading.Event().wait(0.02)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=press, daemon=True).start()
        with pytest.raises(RunCancelledError) as caught:
            genloom.generate(REQUEST, **WITH_MODEL)
    assert caught.value.thread_id


@pytest.mark.parametrize(
    ("prompt", "options", "error", "says"),
    [
        ("", {}, RequestError, "empty"),
        ("x", {"examples": ["f(1)"]}, RequestError, "does not say what a call must give"),
        ("x", {"examples": ["f(1) == 1", "f(1) == 2"]}, RequestError, "contradict"),
        ("x", {"modell": "y"}, UsageError, "modell"),
        ("x", {"max_attempts": 0}, UsageError, "max_attempts"),
        ("x", {"generators": ["magic"]}, UsageError, "generators"),
        ("x", {"repository": "/no/such/folder"}, UsageError, "/no/such/folder"),
        ("x", {"python": "/no/such/python"}, UsageError, "/no/such/python"),
        ("x", {"tests": "def test_("}, RequestError, "tests are not Python"),
        ("x", {"approval": True, "durable": False}, UsageError, "durable"),
        ("x", {"thread_id": 5}, UsageError, "thread"),
        ("x", {"deadline": "soon"}, UsageError, "deadline"),
        (None, {}, RequestError, "NoneType"),
    ],
)
def test_bad_input_is_told_before_anything_runs(prompt, options, error, says):
    """Every message names what is wrong."""
    with pytest.raises(error, match=says) as caught:
        genloom.generate(prompt, **options)
    assert caught.value.exit_code == 2


def test_an_agent_without_a_backend_is_a_missing_credential():
    """Told before anything runs."""
    with pytest.raises(CredentialError, match="no agent backend") as caught:
        genloom.generate("x", use_agent=True)
    assert caught.value.exit_code == 3


def test_without_examples_and_without_a_model_it_says_what_it_needs():
    """Nothing is made up."""
    result = genloom.generate("Make a URL slug")
    assert (result.outcome, result.exit_code, result.source) == ("needs_model", 3, None)
    assert "example" in result.reason


def test_the_json_contract_holds_for_every_ending(model):
    """The keys are always there."""
    keys = {
        "outcome", "name", "source", "path", "generator", "model", "attempts", "cached", "verdict", "review", "context",
        "agent_run", "thread_id", "seconds", "errors",
    }  # fmt: skip
    for result in (genloom.generate(REQUEST, **WITH_MODEL), genloom.generate("Make a URL slug")):
        shown = json.loads(json.dumps(result.to_json()))
        assert keys <= set(shown)
        assert {"tokens", "relevance", "items"} == set(shown["context"])


def test_a_demand_for_approval_cannot_be_left_out_when_resuming(model):
    """It stands in the state: resuming with other settings changes nothing."""
    graph = build_generation_graph(checkpointer=InMemorySaver(serde=StateSerializer()))
    config = {"configurable": {"thread_id": "one"}}
    graph.invoke({"request": REQUEST}, config, context={**WITH_MODEL, "approval": True})
    state = graph.invoke(Command(resume=False), config)
    assert state["outcome"].result == "failed"


async def test_an_answer_whose_reviewer_was_not_heard_is_not_kept(monkeypatch):
    """The reviewer may be back next time."""

    def answer(request):
        return "no idea" if "You review one Python module" in str(request.json()["messages"]) else fenced(RIGHT)

    with OpenAIServer(answer) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        results = [await genloom.agenerate(REQUEST, **WITH_MODEL) for _ in range(2)]
    assert [r.outcome for r in results] == ["passed", "passed"]
    assert [r.cached for r in results] == [False, False]


async def test_one_thread_is_run_by_one_at_a_time(monkeypatch):
    """Of those who run the same thread at once only one does its work: the others are told so while it goes on."""
    others_told = threading.Event()

    def reply(request: object) -> str:
        others_told.wait(60)
        return fenced(RIGHT)

    with OpenAIServer(reply) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        runs = asyncio.as_completed(
            [genloom.agenerate(REQUEST, **WITH_MODEL, thread_id="same") for _ in range(3)], timeout=60
        )
        for _ in range(2):
            with pytest.raises(ThreadError):
                await next(runs)
        others_told.set()
        assert (await next(runs)).source == RIGHT
