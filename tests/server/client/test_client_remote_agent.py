"""A `genloom serve` elsewhere as the agent of a request: it gets the request whole, and launders nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from served_codegen import FaultProxy

import genloom
from genloom.interfaces.server.embedded import EmbeddedServer
from genloom.interfaces.server.local import PACING
from genloom.interfaces.server.settings import ServerSettings
from genloom.testing import CodegenServer, RunPlan
from genloom.testing.loopback import Answer, RecordedRequest
from genloom.tools.codegen import UNLIMITED, CodegenBackend, agent_backends
from genloom.tools.codegen.request_metadata import MAX_CHARACTERS, request_metadata, short_metadata

FITTED = ["inc(1) == 2", "inc(5) == 6"]


class OldServer(FaultProxy):
    """A `genloom serve` that does not say yet what its results were fitted to."""

    def answer(self, request: RecordedRequest) -> Answer:
        """Leave the field out."""
        answer = super().answer(request)
        content = re.sub(rb',"fitted":\[[^\]]*\]', b"", b"".join(answer.pieces))
        return replace(answer, pieces=(content,), headers={**answer.headers, "x-genloom-additions": "cancel"})


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Makes the server of an address, with a token, the agent."""

    def is_agent(url: str, token: str) -> None:
        settings = {"CODEGEN_API_BASE_URL": url, "CODEGEN_API_TOKEN": token, "CODEGEN_ORG_ID": "1"}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        agent_backends.register("codegen", CodegenBackend(pacing=PACING))

    yield is_agent
    agent_backends.remove("codegen")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server without a model: it searches."""
    server = EmbeddedServer(ServerSettings(data=tmp_path / "served", database="", port=0, limits=UNLIMITED))
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("old", [False, True], ids=["says what it fitted", "an old one"])
def test_what_the_agents_search_was_fitted_to_proves_nothing(
    served: EmbeddedServer, agent: Callable[[str, str], None], old: bool
) -> None:
    """Its result holds the examples because they made it."""
    with OldServer(served.url) if old else FaultProxy(served.url) as proxy:
        agent(proxy.base_url, served.with_repositories.token)
        result = genloom.generate("Add one to a number", examples=FITTED, use_agent=True, cache=False)
        alone = genloom.generate("Add one to a number", examples=FITTED, cache=False)
    assert result.agent_run is not None
    assert result.agent_run.status == "completed", result
    assert set(result.agent_run.fitted or ()) == set(FITTED)
    assert result.verdict is not None
    assert not any(check.proves for check in result.verdict.checks)
    assert (result.outcome, alone.outcome) == ("unverified", "unverified")


@pytest.mark.slow
def test_the_agent_gets_the_request_as_fields_too(agent: Callable[[str, str], None]) -> None:
    """A server that reads fields need not guess them from a text."""
    source = "```python\ndef total(text: str) -> float:\n    return sum(map(float, text.split()))\n```"
    asked = genloom.GenerationRequest(
        prompt="Add up numbers, so that `total('') == 0`",
        signature="total(text: str) -> float",
        names=("mean",),
        examples=("total('1 2') == 3", "total('5') == 5"),
        tests="from total import total\n\n\ndef test_it():\n    assert total('3') == 3\n",
        constraints=("no regular expressions",),
        comparison="tolerance=1e-9",  # type: ignore[arg-type]  # as a caller writes it
    )
    with CodegenServer(RunPlan(result=source)) as server:
        agent(server.base_url, server.token)
        genloom.generate(asked, use_agent=True, cache=False)
        [created] = [json.loads(request.body) for request in server.requests if request.method == "POST"]
    told = {name: value for name, value in created["metadata"].items() if name != "idempotency_key"}
    assert genloom.GenerationRequest.model_validate({"prompt": asked.prompt, **told}) == asked.model_copy(
        update={"name": "total", "examples": tuple(example.text for example in asked.all_examples)}
    )


def test_what_is_held_back_is_not_among_the_fields() -> None:
    asked = genloom.GenerationRequest(prompt="Double", examples=("f(1) == 2", "f( 2 ) == 4"))
    hidden = asked.all_examples[1].text
    assert request_metadata(asked, hidden={hidden})["examples"] == ["f(1) == 2"]


def test_fields_too_long_for_every_list_of_runs_are_left_to_the_prompt() -> None:
    long = {"name": "f", "tests": "x" * MAX_CHARACTERS}
    assert short_metadata(long) == {"name": "f"}
    assert short_metadata({"name": "f"}) == {"name": "f"}
    assert short_metadata({"examples": ["x" * MAX_CHARACTERS]}) == {}
