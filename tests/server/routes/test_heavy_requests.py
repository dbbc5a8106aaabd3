"""Requests that take long to look through: nobody else waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from running_server import RunningServer

from genloom.interfaces.server.routes import asked_run
from genloom.interfaces.server.runs.run_request import MAX_PARSED, check_request
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import Storage
from genloom.state.limits import MAX_PROMPT_CHARACTERS
from genloom.tools.codegen.wire import CreateAgentRunInput, ValidationError

RUNS = "/v1/organizations/1/agent"
LINE = ("f(1)==" + "f(1) == [1, " * 400)[:1_990] + "\n"


def test_others_are_answered_while_a_request_is_looked_through(
    served: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request at a time is looked through, beside the loop that answers everybody."""
    answered = threading.Event()
    under_way: list[int] = []
    most = []

    def slow(asked: CreateAgentRunInput) -> tuple[ValidationError, ...]:
        under_way.append(1)
        most.append(len(under_way))
        assert answered.wait(30)
        told = check_request(asked)
        under_way.pop()
        return told

    monkeypatch.setattr(asked_run, "check_request", slow)
    with served.client() as client, ThreadPoolExecutor(3) as pool:
        posts = [pool.submit(client.post, f"{RUNS}/run", json={"prompt": LINE}) for _ in range(3)]
        while not under_way:
            assert client.get("/healthz").status_code == 200
        assert client.get("/healthz").status_code == 200
        answered.set()
        assert [post.result().status_code for post in posts] == [200] * 3
    assert max(most) == 1


def test_a_prompt_made_to_be_slow_is_taken(served: RunningServer) -> None:
    """Within the time of an ordinary test: its parses are counted in `tests/state`."""
    with served.client() as client:
        assert client.post(f"{RUNS}/run", json={"prompt": LINE * 100}).status_code == 200


def test_a_prompt_of_the_documented_length_is_taken(served: RunningServer) -> None:
    """Also one of blank lines, which no step of reading it goes through more than once."""
    with served.client() as client:
        for prompt in ("word " * (MAX_PROMPT_CHARACTERS // 5), "\n" * (MAX_PROMPT_CHARACTERS - 1) + "x"):
            assert client.post(f"{RUNS}/run", json={"prompt": prompt}).status_code == 200
        assert client.post(f"{RUNS}/run", json={"prompt": prompt + "x"}).status_code == 422


def test_no_more_is_promised_than_is_taken(served: RunningServer) -> None:
    longer = {**served.settings.model_dump(), "prompt_characters": MAX_PROMPT_CHARACTERS + 1}
    with pytest.raises(ValueError, match="less than or equal"):
        ServerSettings.model_validate(longer)


def test_tests_have_a_size(served: RunningServer) -> None:
    """They are parsed in one go, which nothing can interrupt."""
    with served.client() as client:
        answer = client.post(f"{RUNS}/run", json={"prompt": "x", "metadata": {"tests": "x=1\n" * MAX_PARSED}})
        assert answer.status_code == 422
        fits = {"tests": "x=1\n" * (MAX_PARSED // 4)}
        assert client.post(f"{RUNS}/run", json={"prompt": "x", "metadata": fits}).status_code == 200


def ended(served: RunningServer, client: httpx.Client, prompt: str) -> int:
    """Return the number of a run that was made by a prompt and has completed."""
    number = int(client.post(f"{RUNS}/run", json={"prompt": prompt}).json()["id"])

    async def finish(storage: Storage) -> None:
        run = await storage.runs.lease("test", stale=frozenset())
        assert run is not None
        assert run.id == number
        assert await storage.runs.finish(
            run.id,
            run.lease_epoch,
            status="completed",
            result="def f(): ...",
            summary="Passed.",
            outcome={},
            deliveries=(),
        )

    served.do(finish)
    return number


FOLLOW_UPS: list[tuple[str, str]] = [("y" * 350_000, "400000"), ("It should be f(1) == 3.", "contradict")]


@pytest.mark.parametrize(("prompt", "told"), FOLLOW_UPS)
def test_a_follow_up_is_checked_as_a_new_run_is(serve: Callable[..., RunningServer], prompt: str, told: str) -> None:
    """What the next leg could not use is refused, and the run stays as it ended."""
    served = serve()
    with served.client() as client:
        number = ended(served, client, f"f(1) == 2. {'x' * 100_000}")
        answer = client.post(f"{RUNS}/run/resume", json={"agent_run_id": number, "prompt": prompt})
        assert answer.status_code == 422
        (problem,) = answer.json()["detail"]
        assert problem["loc"] == ["body", "prompt"]
        assert told in problem["msg"]
        assert client.get(f"{RUNS}/run/{number}").json()["status"] == "completed"
        good = client.post(f"{RUNS}/run/resume", json={"agent_run_id": number, "prompt": "Also f(2) == 3."})
        assert (good.status_code, good.json()["status"]) == (200, "queued")
