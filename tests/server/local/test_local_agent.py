"""The agent `local`: runs without an account, in this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import genloom
from genloom.config import load_settings
from genloom.errors import StorageError
from genloom.interfaces.agents import offer_agents
from genloom.interfaces.server.local import LocalAgent, embedded_settings
from genloom.nodes import may_dispatch
from genloom.state import GraphContext
from genloom.tools.codegen import MemoryJournal, agent_backends
from genloom.tools.codegen.backends import OnSiteBackend
from genloom.tools.codegen.request_metadata import request_metadata

SLUG = [
    "slugify('Hello, World!') == 'hello-world'",
    "slugify('  A  b ') == 'a-b'",
    "slugify('Already-Fine') == 'already-fine'",
    "slugify('Top 10 Tips') == 'top-10-tips'",
]


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment names the local agent."""
    monkeypatch.setenv("GENLOOM_AGENT", "local")
    offer_agents()
    yield
    backend = agent_backends.get("local")
    assert isinstance(backend, LocalAgent)
    backend.stop()
    agent_backends.remove("local")


@pytest.mark.slow
def test_a_request_goes_to_the_local_agent_without_an_account(local: None) -> None:
    result = genloom.generate("Make a URL slug of a title", examples=SLUG, use_agent=True)
    assert (result.outcome, result.generator) == ("passed", "agent")
    assert result.agent_run is not None
    assert result.agent_run.status == "completed"


@pytest.mark.slow
def test_what_the_agents_search_was_fitted_to_proves_nothing(local: None) -> None:
    """The graph judges the agent's draft by what the agent did not fit it to, not by all the examples it had."""
    examples = ["inc(1) == 2", "inc(5) == 6"]
    result = genloom.generate("Add one to a number", examples=examples, use_agent=True)
    alone = genloom.generate("Add one to a number", examples=examples)
    assert result.outcome == alone.outcome
    assert result.outcome != "passed"


@pytest.mark.slow
async def test_a_key_given_again_finds_its_run(local: None) -> None:
    backend = agent_backends.get("local")
    assert isinstance(backend, OnSiteBackend)
    request = genloom.GenerationRequest(prompt="Make a URL slug of a title", examples=tuple(SLUG))
    numbers = []
    for journal in (MemoryJournal(), MemoryJournal()):  # as a process that lost its journal
        run = await backend.at(None).run(
            request.prompt,
            idempotency_key="once",
            deadline=60,
            journal=journal,
            metadata=request_metadata(request),
        )
        numbers.append(run.id)
    assert numbers[0] == numbers[1]


@pytest.mark.slow
async def test_the_repository_is_there_for_the_agent(local: None, tmp_path: Path) -> None:
    """What the repository has already is reused: the draft imports it."""
    repository = tmp_path / "repository"
    (repository / "texts").mkdir(parents=True)
    (repository / "texts" / "__init__.py").write_text("")
    (repository / "texts" / "shout.py").write_text('def shout(text: str) -> str:\n    return text.upper() + "?!"\n')
    git = ["git", "-C", str(repository), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *command], check=True)
    result = await genloom.agenerate(
        "Shout a text",
        name="shout",
        examples=["shout('a') == 'A?!'", "shout('bc') == 'BC?!'", "shout('') == '?!'", "shout('d e') == 'D E?!'"],
        use_agent=True,
        repository=repository,
    )
    assert result.source is not None, result
    assert "texts.shout" in result.source


@pytest.mark.parametrize(
    ("agent_model", "model", "generators", "differs"),
    [
        ("openai:a", "openai:b", None, True),
        ("openai:a", None, None, True),
        ("openai:a", "openai:a", None, False),
        ("openai:a", "openai:a", ("search", "model"), True),
        (None, "openai:b", None, True),  # the agent takes GENLOOM_MODEL, here openai:of-the-environment
        (None, "openai:of-the-environment", None, False),
        (None, "openai:of-the-environment", ("model",), True),
    ],
)
def test_fallback_is_offered_only_where_the_agent_can_differ(
    local: None,
    monkeypatch: pytest.MonkeyPatch,
    agent_model: str | None,
    model: str | None,
    generators: tuple[str, ...] | None,
    differs: bool,
) -> None:
    monkeypatch.setenv("GENLOOM_MODEL", "openai:of-the-environment")
    if agent_model:
        monkeypatch.setenv("GENLOOM_AGENT_MODEL", agent_model)
    given = {"model": model, "agent_backend": "local", **({"generators": generators} if generators else {})}
    assert may_dispatch(GraphContext(**given, allow_fallback=True)) == differs  # type: ignore[arg-type]
    assert not may_dispatch(GraphContext(**given))  # type: ignore[arg-type]


def test_search_alone_differs_from_no_search(local: None) -> None:
    assert not may_dispatch(GraphContext(agent_backend="local", allow_fallback=True))
    assert may_dispatch(GraphContext(agent_backend="local", allow_fallback=True, generators=("reuse",)))


def test_data_of_different_models_stand_apart(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    folders = set()
    for model in ("openai:a", "openai:b"):
        monkeypatch.setenv("GENLOOM_AGENT_MODEL", model)
        settings = embedded_settings(load_settings())
        assert settings.model == model
        assert settings.host == "127.0.0.1"
        folders.add(settings.data)
    assert len(folders) == 2
    assert all(folder.is_relative_to(home) for folder in folders)


@pytest.mark.slow
def test_command_line_dispatches_to_it_and_ends_quietly(home: Path) -> None:
    arguments = [word for example in SLUG for word in ("-e", example)]
    ended = subprocess.run(
        [sys.executable, "-m", "genloom", "generate", "Make a URL slug of a title", "--agent", "--json", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "GENLOOM_AGENT": "local"},
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["outcome"], told["generator"], told["agent_run"]["status"]) == ("passed", "agent", "completed")
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_doctor_knows_it_without_starting_anything(home: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "genloom", "doctor", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "GENLOOM_AGENT": "local"},
        check=False,
    )
    [agent] = [check for check in json.loads(ended.stdout)["checks"] if check["area"] == "agent"]
    assert agent["state"] == "ok"
    assert "in this process" in agent["message"]
    assert not (home / "serve-local").exists()


@pytest.mark.slow
def test_checkpoints_that_cannot_be_opened_are_told_at_once(local: None) -> None:
    """No run would ever be worked on: nobody waits for one."""
    data = embedded_settings(load_settings()).data
    data.mkdir(parents=True, mode=0o700)
    (data / "checkpoints.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StorageError, match="damaged or no database"):
        LocalAgent().server()
