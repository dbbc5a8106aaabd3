"""The server against the API's own documents: nothing is forgotten, and what is answered has the documented shape."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from api_document import CONFIRMED, UNCONFIRMED, document
from jsonschema import Draft202012Validator
from running_server import RunningServer

from genloom.interfaces.server.application import ROUTERS
from genloom.interfaces.server.routes.unserved import UNSERVED

OURS = {401, 409, 501}
"""Statuses that the documents do not have: `message` and `status_code`, as most of theirs."""
BODIES: dict[str, Any] = {
    "CreateAgentRunInput": {"prompt": "Double a number.", "metadata": {"a": 1}},
    "ResumeAgentRunInput": {"agent_run_id": 1, "prompt": "Go on."},
    "StopAgentRunInput": {"agent_run_id": 1},
    "CheckSuiteSettingsRequest": {"check_retry_count": 2, "custom_prompts": {"lint": "Be kind."}},
    "WebhookConfigRequest": {"url": "https://example.org/hook", "secret": "a long enough secret"},
    "WebhookTestRequest": {"url": "https://example.org/hook"},
}
GOOD = {"org_id": "1", "agent_run_id": "1", "user_id": "1", "repo_id": "1", "pr_id": "1", "sandbox_id": "1"}


def operations(name: str) -> list[tuple[str, str, dict[str, Any]]]:
    paths = document(name)["paths"]
    return [(method.upper(), path, told) for path, methods in paths.items() for method, told in methods.items()]


def filled(path: str, numbers: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: numbers[match[1]], path)


def problems(name: str, operation: dict[str, Any], answer: httpx.Response) -> list[str]:
    """Return what the document does not say of an answer."""
    whole = document(name)
    told = operation["responses"].get(str(answer.status_code))
    if told is None:
        known = answer.status_code in OURS or answer.status_code in (403, 404)
        expected: Any = {"$ref": "#/components/schemas/PermissionsErrorResponse"}
        if not known:
            return [f"{answer.status_code} is not documented: {answer.text[:200]}"]
    else:
        expected = told["content"]["application/json"]["schema"]
    schema = {**expected, "components": whole["components"]}
    return [error.message for error in Draft202012Validator(schema).iter_errors(answer.json())]


async def furnish(storage: Any) -> None:
    """Give the organisation a repository, and a run with a log."""
    await storage.repos.create(1, name="api", full_name="example/api", source="/nowhere", language="PYTHON")


async def log(storage: Any) -> None:
    leased = await storage.runs.lease("w", stale=set())
    entry = {"message_type": "ACTION", "tool_name": "verify", "tool_input": {"a": 1}, "observation": "fine"}
    await storage.logs.append(1, leased.id, leased.lease_epoch, [entry])
    await storage.runs.finish(
        leased.id, leased.lease_epoch, status="completed", result="x = 1", summary="Passed.", outcome={}, deliveries=[]
    )


async def sent(url: str, secret: str | None) -> None:
    return


PARTS = {"check_url": str, "send_test": sent}


@pytest.mark.parametrize("name", [CONFIRMED, UNCONFIRMED])
def test_every_documented_operation_is_served_or_listed_as_not(name: str) -> None:
    """By method and path."""
    served = {(method, route.path) for router in ROUTERS for route in router.routes for method in route.methods}
    asked = {(method, path) for method, path, _ in operations(name)}
    assert asked <= served
    assert asked >= set(UNSERVED)


@pytest.mark.parametrize("name", [CONFIRMED, UNCONFIRMED])
def test_answers_have_the_documented_shapes(serve: Any, name: str) -> None:
    """Each operation, asked rightly, with numbers of nothing, for another organisation and with an empty body."""
    server: RunningServer = serve(parts=lambda storage: PARTS, model="openai:gpt-x", models=("local",))
    server.do(furnish)
    found: dict[str, list[str]] = {}
    statuses: dict[str, int] = {}
    with server.client(server.key("admin")) as client:
        client.post("/v1/organizations/1/agent/run", json=BODIES["CreateAgentRunInput"])
        server.do(log)
        for method, path, told in operations(name):
            for numbers, how in (
                (GOOD, "well"),
                (dict.fromkeys(GOOD, "1") | {"org_id": "2"}, "other"),
                (WRONG, "none"),
            ):
                answer = client.request(method, filled(path, numbers), params=QUERY, json=body_of(told, how))
                if how == "well":
                    statuses[f"{method} {path}"] = answer.status_code
                if wrong := problems(name, told, answer):
                    found[f"{method} {path} {how}"] = wrong
    assert found == {}
    unserved = {f"{method} {path}" for method, path in UNSERVED}
    assert {key for key, status in statuses.items() if status == 501} == unserved
    assert {key for key, status in statuses.items() if status not in (200, 501)} == set()


QUERY = {"repo_id": "1", "provider": "p", "org_id": "1"}
WRONG = dict.fromkeys(GOOD, "999999999") | {"org_id": "1"}


def body_of(told: dict[str, Any], how: str) -> Any:
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    kind = content.get("schema", {}).get("$ref", "").split("/")[-1]
    return BODIES.get(kind) if how != "none" else {} if kind else None


@pytest.mark.parametrize("name", [CONFIRMED, UNCONFIRMED])
def test_our_document_asks_for_the_same(serve: Any, name: str) -> None:
    """The parameters and bodies of every operation that is served are the authoritative ones; the rest is marked."""
    ours = serve().app.openapi()
    for method, path, told in operations(name):
        if (method, path) in UNSERVED:
            continue
        mine = ours["paths"][path][method.lower()]
        assert parameters(mine) == parameters(told), (method, path)
        assert body_kind(mine) == body_kind(told), (method, path)
    later = {(method, path) for method, path, _ in operations(UNCONFIRMED)}
    confirmed = {(method, path) for method, path, _ in operations(CONFIRMED)}
    marked = {
        (method.upper(), path)
        for path, methods in ours["paths"].items()
        for method, told in methods.items()
        if told.get("x-addition")
    }
    assert marked >= later - confirmed
    assert not marked & confirmed
    assert {(m.upper(), p) for p, methods in ours["paths"].items() for m in methods} == confirmed | marked


def parameters(told: dict[str, Any]) -> set[tuple[str, str, bool]]:
    """Return the query's: those of the path stand in the path, and the key is a header."""
    found = [one for one in told.get("parameters", ()) if one["in"] == "query"]
    return {(one["name"], one["in"], one.get("required", False)) for one in found}


def body_kind(told: dict[str, Any]) -> str:
    return str(told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {}).get("$ref"))
