"""Checkpoints: one saver for every way to run a graph, and state that comes back as it was."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import threading
import time
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from typing_extensions import TypedDict

import genloom.state
from genloom.config import load_settings
from genloom.errors import StorageError
from genloom.state import (
    AgentRun,
    Attempt,
    CheckResult,
    CodeContext,
    Comparison,
    ContextReference,
    Coverage,
    Draft,
    Example,
    Failed,
    Failure,
    FileChange,
    FileCoverage,
    Finding,
    GenerationRequest,
    GraphContext,
    NotRun,
    Outcome,
    Passed,
    Problem,
    Review,
    ReviewPolicy,
    append_attempts,
)
from genloom.state.agent_spec import AgentPolicy, AgentSpec
from genloom.state.batch import BatchResult
from genloom.state.code_review import PartReport, Remark, Reviewer
from genloom.state.diff import FileDiff, Hunk
from genloom.state.feature import (
    FeatureBranch,
    FeaturePlan,
    FeatureRequest,
    FeatureResult,
    FinishedStep,
    StepVerdict,
    SuiteRun,
)
from genloom.tools.store.checkpoints import SqliteCheckpointer, open_checkpointer, thread_key
from genloom.tools.store.state_serializer import StateSerializer, state_types

INTEGERS = st.integers(-(2**63), 2**63 - 1)
TEXTS = st.text(max_size=12)


def _model(kind: type[BaseModel], **given_fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Build a strategy that fills every field of a part, from its annotation where nothing is given."""
    fields = {
        name: given_fields.get(name, _value(field.annotation, field.metadata))
        for name, field in kind.model_fields.items()
    }
    return st.builds(kind, **fields)


def _value(annotation: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return _value(arguments[0], [])
    if origin is tuple:
        return _tuples(arguments)
    if origin in (typing.Union, type(int | str)):
        return st.one_of([_value(argument, metadata) for argument in arguments])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return PARTS[annotation]
    if annotation is int:
        return _bounded(INTEGERS, metadata)
    if annotation is float:
        return _bounded(st.floats(allow_nan=False), metadata)
    if annotation is str:
        return TEXTS
    return st.from_type(annotation)


def _tuples(arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if Ellipsis in arguments:
        return st.lists(_value(arguments[0], []), max_size=3).map(tuple)
    return st.tuples(*(_value(argument, []) for argument in arguments))


def _bounded(values: st.SearchStrategy[Any], metadata: list[Any]) -> st.SearchStrategy[Any]:
    low = max((getattr(m, "ge", getattr(m, "gt", None)) or 0 for m in metadata), default=None)
    high = min((m.le for m in metadata if hasattr(m, "le")), default=None)
    if low is None and high is None:
        return values
    top = 10_000 if high is None else high
    return (
        st.integers(int(low or 0) + 1, int(top)) if values is INTEGERS else st.floats(float(low or 0) + 0.5, float(top))
    )


RULES = st.dictionaries(
    st.sampled_from(["size", "S3*", "capability:files", "bandit:B602"]),
    st.sampled_from(["reject", "review", "warning", "note"]),
    max_size=2,
)
PARTS: dict[type, st.SearchStrategy[Any]] = {
    ReviewPolicy: _model(
        ReviewPolicy,
        rules=RULES,
        at_least=RULES,
        allowed_imports=st.sampled_from([None, ("os", "xml.dom")]),
        forbidden_imports=st.sampled_from([(), ("ctypes",)]),
        forbidden_calls=st.sampled_from([(), ("os.getcwd",)]),
        allowed_licences=st.sampled_from([None, ("MIT", "BSD-*")]),
    )
}
for _kind in (
    FileCoverage,
    Coverage,
    Comparison,
    FileChange,
    Draft,
    CheckResult,
    Passed,
    Failed,
    NotRun,
    Finding,
    Review,
    Attempt,
    AgentRun,
    ContextReference,
    CodeContext,
    Failure,
    Problem,
    Outcome,
    GraphContext,
    Example,
    AgentPolicy,
    BatchResult,
    Hunk,
    FileDiff,
    Remark,
    PartReport,
    FeatureBranch,
    FeatureResult,
    SuiteRun,
    StepVerdict,
    FinishedStep,
):
    PARTS[_kind] = _model(_kind)
PARTS[Reviewer] = _model(Reviewer, name=st.sampled_from(["security", "a-b_2"]))
PARTS[AgentSpec] = _model(
    AgentSpec,
    name=st.sampled_from(["tester", "a-b_2"]),
    prompt_file=st.none(),
    backend=st.just("model"),
)
LINES = st.lists(TEXTS.map(lambda text: f"say {text}"), max_size=2).map(tuple)
PARTS[FeatureRequest] = _model(FeatureRequest, specification=TEXTS.map(lambda text: f"make {text}"), tests=LINES)
PARTS[FeaturePlan] = _model(
    FeaturePlan, tasks=st.sampled_from([("a",), ("a", "größe")]), files=LINES, tests=LINES, docs=LINES
)
PARTS[GenerationRequest] = _model(
    GenerationRequest,
    prompt=TEXTS.map(lambda text: f"make {text}"),
    name=st.sampled_from([None, "f"]),
    names=st.sampled_from([(), ("f", "größe")]),
    extends=st.sampled_from([None, "x = 1\n"]),
    signature=st.sampled_from([None, "f(a: int) -> int", "def f(a, *, größe='ß')", "class f"]),
    target=st.none() | st.sampled_from(["a.py", "pkg/b.py"]),
    tests=st.sampled_from([None, "from f import f\n\n\ndef test_f():\n    assert f(1) == 2\n", "# Größe\n"]),
    examples=st.sampled_from([(), ("f(1) == 2",), ("f((1, 2)) == 'x'", "raises(ValueError, f(None))")]),
    codebase_context=st.dictionaries(TEXTS, TEXTS, max_size=2),
)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of the same types throughout."""
    if type(one) is not type(other):
        return False
    if isinstance(one, BaseModel):
        return all(_same(getattr(one, name), getattr(other, name)) for name in type(one).model_fields)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


@pytest.mark.parametrize("kind", state_types(), ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_state_part_survives_the_serializer_unchanged(kind: type, data: st.DataObject) -> None:
    """A part that was saved comes back equal, with the types of everything in it."""
    part = data.draw(PARTS[kind])
    serializer = StateSerializer()
    assert _same(part, serializer.loads_typed(serializer.dumps_typed(part)))


class Flow(TypedDict, total=False):
    """A small state of genloom's parts."""

    request: GenerationRequest
    verdict: Any
    attempts: Annotated[tuple[Attempt, ...], append_attempts]
    messages: list[Any]
    answer: str


ATTEMPT = Attempt(
    number=1,
    draft=Draft(changes=(FileChange(path="a.py", content="x = 1\n"),), generator="search", fitted_to=("f(1) == 2",)),
    verdict=Failed(reason="2 is not 3"),
)


def _flow(saver: SqliteCheckpointer, *, ask: bool = False) -> Any:
    def work(state: Flow) -> Flow:
        return {
            "verdict": Passed(sandbox="landlock"),
            "attempts": (ATTEMPT,),
            "messages": [HumanMessage("make f"), AIMessage("done")],
        }

    def finish(state: Flow) -> Flow:
        return {"answer": interrupt("go on?") if ask else "done"}

    builder = StateGraph(Flow)
    builder.add_node("work", work)
    builder.add_node("finish", finish)
    builder.add_edge(START, "work")
    builder.add_edge("work", "finish")
    builder.add_edge("finish", END)
    return builder.compile(checkpointer=saver)


def _config(name: str, organisation: int = 1) -> Any:
    return {"configurable": {"thread_id": thread_key(organisation, name)}}


REQUEST = {"request": GenerationRequest(prompt="make f", examples=("f(1) == 2",))}


@pytest.fixture
def saver(tmp_path: Path) -> Iterator[SqliteCheckpointer]:
    """A saver on a new file."""
    found = SqliteCheckpointer(tmp_path / "home" / "checkpoints.db")
    yield found
    found.close()


def test_one_saver_serves_invoke_and_ainvoke(saver: SqliteCheckpointer) -> None:
    """A thread that `invoke` saved is read and extended by the asynchronous methods, inside a running loop too."""
    graph = _flow(saver)
    graph.invoke(REQUEST, _config("a"))

    async def inside() -> tuple[Any, ...]:
        await graph.ainvoke(REQUEST, _config("b"))
        graph.invoke(REQUEST, _config("c"))
        streamed = [step async for step in graph.astream(REQUEST, _config("d"))]
        listed = list(graph.stream(REQUEST, _config("e")))
        state = await graph.aget_state(_config("a"))
        history = [item async for item in graph.aget_state_history(_config("b"))]
        await saver.adelete_thread(thread_key(1, "c"))
        return streamed, listed, state, history

    streamed, listed, state, history = asyncio.run(inside())
    assert [list(step) for step in streamed] == [list(step) for step in listed] == [["work"], ["finish"]]
    assert state.values["answer"] == "done"
    assert len(history) == len(list(graph.get_state_history(_config("b")))) == 4
    assert [thread.thread_id for thread in saver.threads()] == ["e", "d", "b", "a"]


def test_state_keeps_its_types_through_the_file(saver: SqliteCheckpointer) -> None:
    """Parts, unions and plain tuples come back with their own types from another saver on the same file."""
    _flow(saver).invoke(REQUEST, _config("a"))
    saver.close()
    values = _flow(SqliteCheckpointer(saver._database.path)).get_state(_config("a")).values
    assert type(values["verdict"]) is Passed
    assert _same(values["attempts"], (ATTEMPT,))
    assert _same(values["request"], REQUEST["request"])
    assert [type(message) for message in values["messages"]] == [HumanMessage, AIMessage]


def test_an_interrupted_thread_resumes_in_another_saver(saver: SqliteCheckpointer) -> None:
    """A thread that waits for a person is marked unfinished until it was resumed."""
    _flow(saver, ask=True).invoke(REQUEST, _config("a"))
    assert [thread.unfinished for thread in saver.threads()] == [True]
    other = SqliteCheckpointer(saver._database.path)
    assert _flow(other, ask=True).invoke(Command(resume="yes"), _config("a"))["answer"] == "yes"
    assert [thread.unfinished for thread in saver.threads()] == [False]


def test_the_caller_may_use_the_saver_while_it_lists(saver: SqliteCheckpointer) -> None:
    """Listing holds no lock between two items."""
    _flow(saver).invoke(REQUEST, _config("a"))
    for item in saver.list(_config("a")):
        assert saver.get_tuple(item.config) is not None


def test_threads_share_the_saver(saver: SqliteCheckpointer) -> None:
    """Graphs that run in several threads at once all end and are all saved."""
    graph = _flow(saver)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            for turn in range(3):
                graph.invoke(REQUEST, _config(f"{number}-{turn}"))
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not errors
    assert len(saver.threads()) == 12


WRITER = """
import sys
from collections.abc import Iterator
from pathlib import Path
from test_store_checkpoints import REQUEST, _config, _flow
from genloom.tools.store.checkpoints import SqliteCheckpointer
graph = _flow(SqliteCheckpointer(Path(sys.argv[1])))
for turn in range(5):
    graph.invoke(REQUEST, _config(f"{sys.argv[2]}-{turn}"))
print([type(v).__name__ for v in graph.get_state(_config(f"{sys.argv[2]}-0")).values["attempts"]])
"""


def _python(code: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    path = os.pathsep.join((str(Path(__file__).parent), str(Path(genloom.__path__[0]).parent)))
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_two_processes_write_one_file_under_strict_msgpack(tmp_path: Path) -> None:
    """Two processes that begin with no file save all their threads, and strict msgpack blocks none of the state."""
    path = tmp_path / "checkpoints.db"
    processes = [_python(WRITER, path, name, LANGGRAPH_STRICT_MSGPACK="true") for name in ("a", "b")]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out.strip(), err) == (0, "['Attempt']", "")
    assert len(SqliteCheckpointer(path).threads()) == 10


class Stranger(BaseModel):
    """A class that no checkpoint may bring in."""

    word: str


def test_what_is_not_on_the_list_is_not_built() -> None:
    """A class that the state does not have comes back as its plain data."""
    serializer = StateSerializer()
    assert serializer.loads_typed(serializer.dumps_typed({"a": Stranger(word="x")})) == {"a": {"word": "x"}}


def test_pickle_is_neither_written_nor_read() -> None:
    """A value that msgpack cannot hold is refused, and a pickle in the file is not loaded."""
    serializer = StateSerializer()
    with pytest.raises(TypeError):
        serializer.dumps_typed({"a": object()})
    with pytest.raises(NotImplementedError):
        serializer.loads_typed(("pickle", b"\x80\x04N."))


@given(
    st.recursive(st.none() | INTEGERS | TEXTS, lambda inner: st.lists(inner) | st.lists(inner).map(tuple), max_leaves=8)
)
@settings(max_examples=60, deadline=None)
def test_tuples_and_lists_stay_apart(value: Any) -> None:
    """A tuple comes back as a tuple, a list as a list, however deep."""
    serializer = StateSerializer()
    assert _same(value, serializer.loads_typed(serializer.dumps_typed(value)))


def test_the_list_holds_every_class_of_the_state() -> None:
    """Each model that `genloom.state` makes public may be read back."""
    public = [getattr(genloom.state, name) for name in genloom.state.__all__]
    models = {kind for kind in public if isinstance(kind, type) and issubclass(kind, BaseModel)}
    assert models <= set(state_types())
    assert models <= set(PARTS)


def test_organisations_do_not_see_each_other(tmp_path: Path) -> None:
    """Threads of one name in two organisations are two threads, also where one number begins with the other."""
    savers = {number: SqliteCheckpointer(tmp_path / "checkpoints.db", organisation=number) for number in (1, 12)}
    for number, saver in savers.items():
        _flow(saver).invoke(REQUEST, _config("a", number))
    assert savers[1].delete("a")
    assert not savers[1].delete("a")
    assert savers[1].threads() == ()
    (thread,) = savers[12].threads()
    assert (thread.thread_id, thread.organisation, thread.checkpoints) == ("a", 12, 4)
    assert thread.bytes > 500
    assert abs(thread.updated_at - time.time()) < 60


def _age(saver: SqliteCheckpointer, name: str, hours: float) -> None:
    """Make a thread's checkpoints look `hours` old, by the time inside their ids."""
    key = thread_key(1, name)
    with saver.cursor() as cursor:
        for (old,) in cursor.execute("SELECT checkpoint_id FROM checkpoints WHERE thread_id = ?", (key,)).fetchall():
            number = int(old.replace("-", ""), 16)
            ticks = ((number >> 80) << 12 | (number >> 64) & 0xFFF) - int(hours * 3600 * 1e7)
            parts = f"{ticks >> 12:012x}6{ticks & 0xFFF:03x}{number & (1 << 64) - 1:016x}"
            new = "-".join((parts[:8], parts[8:12], parts[12:16], parts[16:20], parts[20:]))
            cursor.execute("UPDATE checkpoints SET checkpoint_id = ? WHERE checkpoint_id = ?", (new, old))
            cursor.execute("UPDATE writes SET checkpoint_id = ? WHERE checkpoint_id = ?", (new, old))


def test_pruning_keeps_the_newest_and_what_can_be_resumed(saver: SqliteCheckpointer) -> None:
    """Of old threads the newest stay, and beyond them only those that wait, within their bounds of age and number."""
    ages = {"new": 0.1, "day": 24, "finished": 30, "waits": 40, "waits-too": 50, "waits-longest": 24 * 31}
    for name, hours in ages.items():
        _flow(saver, ask=name.startswith("waits")).invoke(REQUEST, _config(name))
        _age(saver, name, hours)
    assert saver.prune_threads(2) == 2
    assert [thread.thread_id for thread in saver.threads()] == ["new", "day", "waits", "waits-too"]
    assert saver.prune_threads(1) == 2
    assert [thread.thread_id for thread in saver.threads()] == ["new", "waits"]
    assert saver.prune_threads(0) == 1
    assert [thread.thread_id for thread in saver.threads()] == ["new"]


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The home folder is made with mode 0700, the file and its companions with 0600."""
    saver = open_checkpointer(load_settings({"GENLOOM_HOME": str(tmp_path / "a" / "b")}))
    _flow(saver).invoke(REQUEST, _config("a"))
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a", tmp_path / "a" / "b")] == [0o700, 0o700]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a" / "b").iterdir()}
    assert modes == {"checkpoints.db": 0o600, "checkpoints.db-wal": 0o600, "checkpoints.db-shm": 0o600}


def test_a_damaged_file_is_reported_and_left_alone(tmp_path: Path) -> None:
    """Checkpoints are held nowhere else: a damaged file is named and not touched."""
    path = tmp_path / "checkpoints.db"
    path.write_bytes(b"no database " * 500)
    with pytest.raises(StorageError, match=r"checkpoints\.db"):
        SqliteCheckpointer(path)
    assert path.read_bytes() == b"no database " * 500


def test_a_full_disk_is_a_storage_error_and_loses_nothing(saver: SqliteCheckpointer) -> None:
    """A run that cannot be saved ends with an error that names the file; what was saved before stays."""
    graph = _flow(saver)
    graph.invoke(REQUEST, _config("a"))
    with saver._database.read() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    saver._database.run(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match=r"checkpoints\.db: the disk is full"):
        graph.invoke({"request": GenerationRequest(prompt="x" * 100_000)}, _config("b"))
    assert graph.get_state(_config("a")).values["answer"] == "done"


KILLED = """
import os, sys
from collections.abc import Iterator
from pathlib import Path
from typing_extensions import TypedDict
from langgraph.graph import StateGraph, START, END
from genloom.tools.store.checkpoints import SqliteCheckpointer
class S(TypedDict, total=False):
    done: str
def step(name):
    def run(state):
        with open(sys.argv[2], "a") as log: log.write(name)
        if name == sys.argv[3]: os.kill(os.getpid(), 9)
        return {"done": state.get("done", "") + name}
    return run
builder = StateGraph(S)
for name in "abc": builder.add_node(name, step(name))
for one, other in zip((START, *"abc"), (*"abc", END)): builder.add_edge(one, other)
graph = builder.compile(checkpointer=SqliteCheckpointer(Path(sys.argv[1])))
config = {"configurable": {"thread_id": "1:t"}}
begun = graph.get_state(config).next
print(graph.invoke(None if begun else {"done": ""}, config, durability="sync")["done"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["a", "b", "c"])
def test_a_killed_run_goes_on_with_the_node_in_flight(tmp_path: Path, victim: str) -> None:
    """After SIGKILL in a node, a new process runs that node again and no earlier one."""
    log, path = tmp_path / "log", tmp_path / "checkpoints.db"
    first = _python(KILLED, path, log, victim)
    first.communicate(timeout=60)
    assert first.returncode == -9
    out, err = _python(KILLED, path, log, "-").communicate(timeout=60)
    assert (out.strip(), err) == ("abc", "")
    assert log.read_text() == "abc".replace(victim, victim * 2)
