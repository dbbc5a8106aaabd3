"""Organisations, users, repositories, rules, models, webhooks, health: what is told of what is stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running_server import RunningServer

from genloom.errors import AgentError, RequestError
from genloom.interfaces.server.storage import NewDelivery

ORGANIZATION = "/v1/organizations/1"


def test_a_key_sees_its_own_organisation(served: RunningServer) -> None:
    """And no other, in a page that says so."""
    other, user = served.organization("other")
    with served.client(served.key("viewer", organization=other.id, user=user.id)) as client:
        page = client.get("/v1/organizations").json()
        assert [(one["id"], one["name"]) for one in page["items"]] == [(other.id, "other")]
        assert (page["total"], page["page"], page["pages"]) == (1, 1, 1)
        assert client.get("/v1/organizations?skip=1").json()["items"] == []
        assert client.get("/v1/users/me").json()["id"] == user.id
        users = client.get(f"/v1/organizations/{other.id}/users").json()
        assert [(one["id"], one["role"], one["is_admin"]) for one in users["items"]] == [(user.id, "admin", True)]
        assert client.get(f"/v1/organizations/{other.id}/users/1").status_code == 404
        assert client.get(f"/v1/organizations/{other.id}/users/{user.id}").status_code == 200


def test_pages_are_as_large_as_the_server_allows(serve: Callable[..., RunningServer]) -> None:
    """A client that asks for more gets the server's size, and is told."""
    server = serve(page_size=2)
    for _ in range(4):
        server.do(lambda storage: storage.users.create(1, role="viewer"))
    with server.client() as client:
        page = client.get(f"{ORGANIZATION}/users?skip=2&limit=100").json()
        assert ([user["id"] for user in page["items"]], page["size"], page["page"], page["pages"]) == ([3, 4], 2, 2, 3)


def test_repositories_and_their_settings(served: RunningServer) -> None:
    """Those that are offered are listed; settings are kept one by one, and not across organisations."""
    made = served.do(lambda s: s.repos.create(1, name="api", full_name="example/api", source="/x", language="PYTHON"))
    gone = served.do(lambda s: s.repos.create(1, name="old", full_name="example/old", source="/y"))
    served.do(lambda s: s.repos.remove(1, gone.id))
    settings = f"{ORGANIZATION}/repos/check-suite-settings"
    with served.client(served.key("admin")) as client:
        listed = client.get(f"{ORGANIZATION}/repos").json()["items"]
        assert [(one["id"], one["full_name"], one["language"]) for one in listed] == [
            (made.id, "example/api", "PYTHON")
        ]
        assert "/x" not in str(listed)
        assert client.get(settings, params={"repo_id": made.id}).json()["check_retry_count"] == 0
        for change in ({"check_retry_count": 3}, {"ignored_checks": ["lint"], "check_retry_count": None}):
            assert client.put(settings, params={"repo_id": made.id}, json=change).status_code == 200
        kept = client.get(settings, params={"repo_id": made.id}).json()
        assert (kept["check_retry_count"], kept["ignored_checks"]) == (3, ["lint"])
        for number in (gone.id, 99, 2**70, -1):
            assert client.get(settings, params={"repo_id": number}).status_code == 404
            assert client.put(settings, params={"repo_id": number}, json={}).status_code == 404
        assert client.get(settings).status_code == 422


def test_rules_are_the_organisations(served: RunningServer) -> None:
    """None until they are set."""
    with served.client() as client:
        assert client.get(f"{ORGANIZATION}/cli/rules").json() == {
            "organization_rules": None,
            "user_custom_prompt": None,
        }
        served.do(lambda s: s.organizations.change_settings(1, {"rules": "Write tests."}))
        assert client.get(f"{ORGANIZATION}/cli/rules").json()["organization_rules"] == "Write tests."


def test_models_are_those_of_the_server(serve: Callable[..., RunningServer]) -> None:
    """Grouped by provider; runs may name them and no others."""
    with serve(model="openai:gpt-x", models=("local", "openai:gpt-y")).client() as client:
        told = client.get(f"{ORGANIZATION}/models").json()
        assert told["default_model"] == "openai:gpt-x"
        assert {one["name"]: [model["value"] for model in one["models"]] for one in told["providers"]} == {
            "default": ["local"],
            "openai": ["openai:gpt-x", "openai:gpt-y"],
        }
        for model, status in (("local", 200), ("openai:gpt-y", 200), ("gpt-y", 422)):
            answer = client.post(f"{ORGANIZATION}/agent/run", json={"prompt": "p", "model": model})
            assert answer.status_code == status


def test_the_webhook_is_set_shown_and_forgotten(serve: Callable[..., RunningServer]) -> None:
    """Its secret is never told; addresses that may not be called, and secrets too short to sign with, are refused."""
    sent: list[tuple[str, str | None]] = []

    async def send(url: str, secret: str | None) -> None:
        sent.append((url, secret))
        if "refuses" in url:
            raise AgentError("It said no.", kind="server")

    def check(url: str) -> object:
        if not url.startswith("https://"):
            raise RequestError("Not encrypted.", hint="Use https.")
        return url

    server = serve(parts=lambda storage: {"check_url": check, "send_test": send})
    hook = f"{ORGANIZATION}/webhooks/agent-run"
    with server.client(server.key("admin")) as client:
        assert client.get(hook).json() == {"url": None, "enabled": False, "has_secret": False}
        asked = {"url": "https://a.example", "secret": "hush" * 4}
        assert client.post(hook, json=asked).status_code == 200
        assert client.get(hook).json() == {"url": "https://a.example", "enabled": True, "has_secret": True}
        for wrong in ({"url": "http://a.example"}, {"url": ""}, {"url": "https://a.example", "secret": "short"}):
            assert client.post(hook, json=wrong).status_code == 422
        assert client.post(f"{hook}/test", json={"url": "https://b.example"}).status_code == 200
        refusal = client.post(f"{hook}/test", json={"url": "https://refuses.example"})
        assert (refusal.status_code, refusal.json()["status_code"]) == (502, 502)
        assert sent == [("https://b.example", "hush" * 4), ("https://refuses.example", "hush" * 4)]
        assert client.delete(hook).status_code == 200
        assert client.get(hook).json()["url"] is None


def test_messages_to_webhooks_are_listed(served: RunningServer) -> None:
    """Newest first, without secrets and bodies."""
    with served.client(served.key("admin")) as client:
        run = client.post(f"{ORGANIZATION}/agent/run", json={"prompt": "p"}).json()["id"]
        message = NewDelivery(
            id="d-1", event="agent_run.cancelled", url="https://a.example", secret="hush-hush", body="private"
        )
        served.do(lambda s: s.runs.want(1, run, "cancel", deliveries=[message]))
        page = client.get(f"{ORGANIZATION}/webhooks/deliveries")
        assert [(one["id"], one["agent_run_id"], one["attempts"]) for one in page.json()["items"]] == [("d-1", run, 0)]
        assert "hush" not in page.text
        assert "private" not in page.text


@pytest.mark.parametrize(("asked", "event"), [("cancel", "cancelled"), ("pause", "paused")])
def test_stopping_a_run_tells_the_webhook(serve: Callable[..., RunningServer], asked: str, event: str) -> None:
    """Of a run that waits: nobody else could."""
    server = serve(parts=lambda storage: {"check_url": str})
    with server.client(server.key("admin")) as client:
        body = {"prompt": "p", "webhooks": [{"url": "https://a.example"}]}
        run = client.post(f"{ORGANIZATION}/agent/run", json=body).json()["id"]
        for _ in range(2):  # asked again, nothing happens to it
            assert client.post(f"{ORGANIZATION}/agent/run/{run}/{asked}").json()["status"] == event
        listed = client.get(f"{ORGANIZATION}/webhooks/deliveries").json()["items"]
        assert [(one["agent_run_id"], one["event"]) for one in listed] == [(run, f"agent_run.{event}")]


def test_each_pause_tells_the_webhook(serve: Callable[..., RunningServer]) -> None:
    """A run that goes on and is held once more is told of once more."""
    server = serve(parts=lambda storage: {"check_url": str})
    with server.client(server.key("admin")) as client:
        body = {"prompt": "p", "webhooks": [{"url": "https://a.example"}]}
        run = client.post(f"{ORGANIZATION}/agent/run", json=body).json()["id"]
        for _ in range(2):
            told = client.post(f"{ORGANIZATION}/agent/run/{run}/pause").json()
            assert told["summary"].startswith("Paused")
            resumed = client.post(f"{ORGANIZATION}/agent/run/resume", json={"agent_run_id": run, "prompt": "go on"})
            assert resumed.status_code == 200
        listed = client.get(f"{ORGANIZATION}/webhooks/deliveries").json()["items"]
        assert [one["event"] for one in listed] == ["agent_run.paused"] * 2


def test_readiness_says_what_is_missing(serve: Callable[..., RunningServer], tmp_path: Path) -> None:
    """Workers that are gone, a folder that is gone: 503 with the check's name; the process lives all the same."""
    alive = {"workers": True}
    server = serve(parts=lambda storage: {"workers_alive": lambda: alive["workers"]})
    with server.client("") as client:
        assert client.get("/readyz").json() == {"status": "ready", "checks": checks()}
        alive["workers"] = False
        (tmp_path / "data").rename(tmp_path / "elsewhere")
        server.app.state.serving.readiness = None
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]) == (503, checks(workers=False, disk=False))
        assert client.get("/healthz").json() == {"status": "ok"}


def checks(**changes: bool) -> dict[str, Any]:
    return {
        "database": True,
        "disk": True,
        "workers": True,
        "webhooks": True,
        "streams": True,
        "audit": True,
        "open": True,
        **changes,
    }
