"""Runs over HTTP: made, shown, listed, held, flagged; who may do so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from running_server import RunningServer

from genloom.tools.codegen.wire import AgentRunPage, AgentRunResponse, AgentRunWithLogsResponse

RUNS = "/v1/organizations/1/agent"
ALPHA = "/v1/alpha/organizations/1/agent"
LARGE = (2**63, 2**64 + 5, 10**40)


def create(client: httpx.Client, prompt: str = "Double a number.", **more: Any) -> AgentRunResponse:
    answer = client.post(f"{RUNS}/run", json={"prompt": prompt, **more})
    assert answer.status_code == 200, answer.text
    return AgentRunResponse.model_validate_json(answer.content)


def told(answer: httpx.Response, status: int) -> str:
    """Return the message of an error, which has the documented shape and the status it came with."""
    body = answer.json()
    assert (answer.status_code, body["status_code"], set(body)) == (status, status, {"message", "status_code"})
    assert answer.headers["x-request-id"]
    return str(body["message"])


def wrong_places(answer: httpx.Response) -> list[str]:
    """Return where a 422 says that something is wrong; its shape is the documented one."""
    assert answer.status_code == 422, answer.text
    assert all(set(one) == {"loc", "msg", "type"} for one in answer.json()["detail"])
    return [".".join(str(step) for step in one["loc"]) for one in answer.json()["detail"]]


def test_a_run_is_made_and_read_back(served: RunningServer) -> None:
    """It is queued, and what was sent with it comes back, whatever characters it has."""
    metadata = {"mine": ["\0", "é", {"deep": [1, 2.5, None]}], "\U0001f600": True}
    with served.client() as client:
        made = create(client, "Doppelt, bitte: \0 ß", metadata=metadata)
        read = AgentRunResponse.model_validate_json(client.get(f"{RUNS}/run/{made.id}").content)
    assert made == read
    assert (made.status, made.source_type, made.metadata, made.result) == ("queued", "API", metadata, None)
    assert made.web_url == served.web_url(1, made.id)


def test_one_idempotency_key_is_one_run(served: RunningServer) -> None:
    """The second answer is the first run."""
    with served.client() as client:
        first = create(client, metadata={"idempotency_key": "k"})
        assert create(client, metadata={"idempotency_key": "k"}) == first
        assert create(client).id != first.id


def test_pages_are_newest_first(served: RunningServer) -> None:
    """With the counts of a page, of any window."""
    with served.client() as client:
        numbers = [create(client).id for _ in range(5)]
        page = AgentRunPage.model_validate_json(client.get(f"{RUNS}/runs?skip=2&limit=2").content)
        assert [run.id for run in page.items] == numbers[::-1][2:4]
        assert (page.total, page.page, page.size, page.pages) == (5, 2, 2, 3)
        for query in ("user_id=2", "source_type=SLACK", f"user_id={2**70}", f"skip={2**70}"):
            assert client.get(f"{RUNS}/runs?{query}").json()["items"] == []


def test_windows_that_make_no_sense_are_refused(served: RunningServer) -> None:
    """With the documented body that names the parameter."""
    with served.client() as client:
        for query in ("skip=-1", "limit=0", "limit=101", "limit=x", "skip=", "source_type=NONE", "user_id=a"):
            assert wrong_places(client.get(f"{RUNS}/runs?{query}")) == [f"query.{query.split('=')[0]}"]


UNDOCUMENTED: list[tuple[Any, list[str]]] = [
    ({}, ["body.prompt"]),
    ({"prompt": ""}, ["body.prompt"]),
    ({"prompt": "  "}, ["body.prompt"]),
    ({"prompt": 5}, ["body.prompt"]),
    ({"prompt": "p", "not_documented": 1}, ["body.not_documented"]),
    ({"prompt": "p", "repo_id": "1"}, ["body.repo_id"]),
    ({"prompt": "p", "metadata": []}, ["body.metadata"]),
    ({"prompt": "p", "images": ["http://example.org/a.png"]}, ["body.images.0"]),
    ({"prompt": "p", "images": ["data:,"] * 11}, ["body.images"]),
    ({"prompt": "p", "model": "no-such-model"}, ["body.model"]),
    ({"prompt": "p", "metadata": {"graph": "no-such-graph"}}, ["body.metadata.graph"]),
    ({"prompt": "p", "metadata": {"examples": 5}}, ["body.metadata.examples"]),
    ({"prompt": "p", "webhooks": [{"url": "https://example.org/"}]}, ["body.webhooks.0.url"]),
    ({"prompt": "p", "metadata": {"a": "b" * 200_001}}, ["body.metadata"]),
    ({"prompt": "p", "metadata": {"a": [1] * 600_000}}, ["body"]),
    ({"prompt": "p", "agent_type": "a" * 501}, ["body.agent_type"]),
    ([], ["body"]),
    ("p", ["body"]),
]


def test_bodies_that_are_not_documented_are_refused(served: RunningServer) -> None:
    """With the documented body that names the field, and no run is made."""
    with served.client() as client:
        for body, places in UNDOCUMENTED:
            assert wrong_places(client.post(f"{RUNS}/run", json=body)) == places
        assert client.get(f"{RUNS}/runs").json()["total"] == 0


NOT_JSON = [
    *("", "{", "\xff", '{"prompt": "p", "prompt"', "null", "[" * 100_000, '{"prompt": "\\ud800"}'),
    *('{"prompt": "p", "metadata": {"x": NaN}}', '{"prompt": "p", "metadata": {"x": [1e999]}}'),
    '{"prompt": "p", "metadata": ' + '{"a":' * 500 + "1" + "}" * 501,
    '{"prompt": "p", "metadata": {"x": ' + "9" * 5000 + "}}",
]


def test_text_that_is_no_such_json_is_refused(served: RunningServer) -> None:
    """Endless depth, numbers that do not exist, half a character: 422, never more."""
    with served.client() as client:
        for text in NOT_JSON:
            assert wrong_places(client.post(f"{RUNS}/run", content=text.encode("latin-1")))


def test_a_prompt_that_is_too_long_is_refused(serve: Callable[..., RunningServer]) -> None:
    """The limit is the server's."""
    with serve(prompt_characters=100).client() as client:
        assert wrong_places(client.post(f"{RUNS}/run", json={"prompt": "p" * 101})) == ["body.prompt"]
        create(client, "p" * 100)


def test_runs_of_other_organisations_do_not_exist(served: RunningServer) -> None:
    """The other organisation is closed (403), and its runs cannot be told from those that are not (404)."""
    other, user = served.organization("other")
    theirs = served.client(served.key("admin", organization=other.id, user=user.id))
    with served.client() as client, theirs:
        number = create(client).id
        for method, path in (
            ("GET", f"run/{number}"),
            ("POST", f"run/{number}/cancel"),
            ("GET", f"run/{number}/events"),
        ):
            own = theirs.request(method, f"/v1/organizations/{other.id}/agent/{path}")
            missing = theirs.request(
                method, f"/v1/organizations/{other.id}/agent/{path.replace(str(number), '987654')}"
            )
            assert told(own, 404) == told(missing, 404) == "Agent run not found."
            assert "access" in told(theirs.request(method, f"{RUNS}/{path}"), 403)
        for action in ("ban", "unban", "remove-from-pr", "resume"):
            body = {"agent_run_id": number} | ({"prompt": "p"} if action == "resume" else {})
            told(theirs.post(f"/v1/organizations/{other.id}/agent/run/{action}", json=body), 404)
        assert theirs.get(f"/v1/organizations/{other.id}/agent/runs").json()["total"] == 0
        assert client.get(f"{RUNS}/run/{number}").json()["status"] == "queued"


def test_numbers_of_nothing_are_not_found(served: RunningServer) -> None:
    """Negative, zero, and larger than databases count: 404 everywhere, 403 for organisations."""
    with served.client() as client:
        for number in (0, -1, *LARGE):
            told(client.get(f"{RUNS}/run/{number}"), 404)
            told(client.get(f"{ALPHA}/run/{number}/logs"), 404)
            told(client.post(f"{RUNS}/run/{number}/cancel"), 404)
            told(client.post(f"{RUNS}/run/resume", json={"agent_run_id": number, "prompt": "p"}), 404)
            told(client.post(f"{RUNS}/run", json={"prompt": "p", "repo_id": number}), 404)
            told(client.get(f"/v1/organizations/1/users/{number}"), 404)
            told(client.get(f"/v1/organizations/{number}/agent/runs"), 403)


def test_cancel_and_pause_hold_runs_that_wait(served: RunningServer) -> None:
    """At once; what does not fit the run's state is a conflict; resuming an ended run begins its next leg."""
    with served.client() as client:
        run = create(client).id
        assert client.post(f"{RUNS}/run/{run}/pause").json()["status"] == "paused"
        assert (
            client.post(f"{RUNS}/run/resume", json={"agent_run_id": run, "prompt": "on"}).json()["status"] == "queued"
        )
        told(client.post(f"{RUNS}/run/resume", json={"agent_run_id": run, "prompt": "on"}), 409)
        assert client.post(f"{RUNS}/run/{run}/cancel").json()["status"] == "cancelled"
        assert client.post(f"{RUNS}/run/{run}/cancel").json()["status"] == "cancelled"
        told(client.post(f"{RUNS}/run/{run}/pause"), 409)
        assert (
            client.post(f"{RUNS}/run/resume", json={"agent_run_id": run, "prompt": "more"}).json()["status"] == "queued"
        )


def test_flags_are_kept(served: RunningServer) -> None:
    """Ban, unban and remove-from-pr mark the run."""
    with served.client() as client:
        run = create(client).id
        for action in ("ban", "remove-from-pr"):
            assert client.post(f"{RUNS}/run/{action}", json={"agent_run_id": run}).status_code == 200
        kept = served.do(lambda storage: storage.runs.get(1, run))
        assert kept is not None
        assert (kept.checks_banned, kept.removed_from_pr) == (True, True)
        client.post(f"{RUNS}/run/unban", json={"agent_run_id": run})
    after = served.do(lambda storage: storage.runs.get(1, run))
    assert after is not None
    assert not after.checks_banned


def test_a_full_queue_is_told_as_too_many(serve: Callable[..., RunningServer]) -> None:
    """429 with a time to come back; the run was not made."""
    with serve(queue=2).client() as client:
        create(client)
        create(client)
        answer = client.post(f"{RUNS}/run", json={"prompt": "p"})
        assert "waiting" in told(answer, 429)
        assert int(answer.headers["retry-after"]) > 0
        assert client.get(f"{RUNS}/runs").json()["total"] == 2


def test_logs_are_paged_both_ways(served: RunningServer) -> None:
    """Entries have the documented fields; what is the server's own stays out."""
    with served.client() as client:
        run = create(client).id

        async def work(storage: Any) -> None:
            leased = await storage.runs.lease("w", stale=set())
            entries = [
                {"message_type": "ACTION", "thought": f"t{n}", "key": "secret", "at": 10.0 * n} for n in range(5)
            ]
            assert await storage.logs.append(1, run, leased.lease_epoch, entries)

        served.do(work)
        page = AgentRunWithLogsResponse.model_validate_json(
            client.get(f"{ALPHA}/run/{run}/logs?skip=1&limit=2").content
        )
        back = client.get(f"{ALPHA}/run/{run}/logs?reverse=true&limit=1").json()
    assert [entry.thought for entry in page.logs] == ["t1", "t2"]
    assert (page.total_logs, page.page, page.size, page.pages, page.status) == (5, 1, 2, 3, "in_progress")
    assert all(entry.agent_run_id == run and not entry.model_extra for entry in page.logs)
    assert [entry["thought"] for entry in back["logs"]] == ["t4"]
    told = [entry.created_at for entry in page.logs]
    assert told == ["1970-01-01T00:00:10+00:00", "1970-01-01T00:00:20+00:00"], "each entry has its own time"


@pytest.mark.slow
def test_images_are_taken_up_to_the_documented_sizes(served: RunningServer) -> None:
    """Ten of eight million characters in one request; what is shown of the run stays small."""
    image = "data:image/png;base64," + "A" * 7_999_000
    with served.client() as client:
        run = create(client, images=[image] * 10)
        told = wrong_places(client.post(f"{RUNS}/run", json={"prompt": "p", "images": [image + "A" * 2000]}))
        assert told == ["body.images.0"]
        assert len(client.get(f"{RUNS}/run/{run.id}").content) < 1000
        leased = served.do(lambda storage: storage.runs.lease("w", stale=frozenset()))
    assert leased is not None
    assert leased.images == 10
