"""Who gets in: keys, roles, hosts, origins, rates; and what errors tell."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from running_server import RunningServer

from genloom.interfaces.server.admission.authentication import FRESH_SECONDS
from genloom.interfaces.server.audit import AuditLog
from genloom.interfaces.server.security.keys import key_digest, make_key
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.storage import Storage
from genloom.tools.codegen.traffic.limits import Limits, Rate

RUNS = "/v1/organizations/1/agent/runs"
RUN = "/v1/organizations/1/agent/run"


def refused(answer: httpx.Response, status: int) -> str:
    body = answer.json()
    assert (answer.status_code, body["status_code"], set(body)) == (status, status, {"message", "status_code"})
    assert len(answer.headers["x-request-id"]) == 16
    return str(body["message"])


WITHOUT_A_KEY: list[Any] = [
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer nonsense"},
    {"Authorization": f"Bearer gl_00000000_{'A' * 43}"},
    {"Authorization": "Basic OmdsXw=="},
    {"Authorization": "Bearer " + "x" * 5000},
    [("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
]


def test_without_a_key_nothing_is_told(serve: Callable[..., RunningServer]) -> None:
    """401 for every path, also for those that are not there, and for the server's own document."""
    with serve(failures=None).client("") as client:
        for headers in WITHOUT_A_KEY:
            for path in (RUNS, "/v1/organizations/7/agent/runs", "/v1/mcp-providers", "/no", "/openapi.json"):
                answer = client.get(path, headers=headers)
                assert "key" in refused(answer, 401)
                assert answer.headers["www-authenticate"] == "Bearer"


def test_roles_may_do_what_they_are_for(served: RunningServer) -> None:
    """A viewer reads, a runner runs, an administrator sets up."""
    calls = {
        "viewer": [("GET", RUNS, None)],
        "runner": [("POST", RUN, {"prompt": "Double a number."}), ("POST", f"{RUN}/ban", {"agent_run_id": 9})],
        "admin": [
            ("GET", "/v1/organizations/1/webhooks/agent-run", None),
            ("POST", "/v1/organizations/1/webhooks/agent-run", {"url": "https://example.org/"}),
            ("GET", "/v1/organizations/1/webhooks/deliveries", None),
            ("PUT", "/v1/organizations/1/repos/check-suite-settings?repo_id=1", {}),
        ],
    }
    for rank, role in enumerate(calls):
        with served.client(served.key(role)) as client:  # type: ignore[arg-type]
            for needed, (name, asked) in enumerate(calls.items()):
                for method, path, body in asked:
                    answer = client.request(method, path, json=body)
                    if needed > rank:
                        assert f"needs {name}" in refused(answer, 403)
                    else:
                        assert answer.status_code != 403, (role, path)


def test_a_key_can_do_no_more_than_its_user(served: RunningServer) -> None:
    """An administrator's key of a viewer reads."""
    user = served.do(lambda storage: storage.users.create(1, role="viewer"))
    with served.client(served.key("admin", user=user.id)) as client:
        assert client.get(RUNS).status_code == 200
        refused(client.post(RUN, json={"prompt": "p"}), 403)


@pytest.mark.slow
def test_a_revoked_key_stops(served: RunningServer) -> None:
    """Within two seconds."""
    key = served.key()
    with served.client(key) as client:
        assert client.get(RUNS).status_code == 200
        served.do(lambda storage: storage.keys.revoke(1, 1))
        time.sleep(FRESH_SECONDS + 0.1)
        refused(client.get(RUNS), 401)


def test_session_keys_are_stored_nowhere(serve: Callable[..., RunningServer]) -> None:
    """They count while the server runs."""
    principal = Principal(organization_id=1, user_id=1, role="admin")
    server = serve(parts=lambda storage: {"session_keys": {key_digest("a token of mine"): principal}})
    with server.client("a token of mine") as client:
        assert client.get("/v1/users/me").json()["id"] == 1
    assert server.do(lambda storage: storage.keys.page(1, skip=0, limit=9))[1] == 0


def test_guessing_keys_is_slowed_down(serve: Callable[..., RunningServer]) -> None:
    """After so many failures from one address unknown keys are told to wait; good ones pass, also those never seen."""
    server = serve(failures=Rate(3, 60))
    with server.client() as good, server.client("") as bad:
        assert good.get(RUNS).status_code == 200
        told = [bad.get(RUNS, headers={"Authorization": f"Bearer {n}"}).status_code for n in range(5)]
        assert told == [401, 401, 401, 429, 429]
        answer = bad.get(RUNS, headers={"Authorization": f"Bearer {make_key().text}"})
        assert "address" in refused(answer, 429)
        assert bad.get(RUNS, headers={"Authorization": f"Bearer {server.key()}"}).status_code == 200
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert good.get(RUNS).status_code == 200


def test_other_hosts_and_origins_are_refused_everywhere(served: RunningServer) -> None:
    """Also with a good key, and where none is needed."""
    with served.client() as client:
        for path in (RUNS, "/healthz", "/readyz", "/agent/trace/1", "/no"):
            refused(client.get(path, headers={"Host": "evil.example"}), 421)
            refused(client.get(path, headers={"Origin": "https://evil.example"}), 403)
            answer = client.options(
                path, headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
            )
            assert not any(name.startswith("access-control") for name in answer.headers)
            assert client.get(path, headers={"Origin": served.base_url}).status_code in (200, 404)


def test_names_of_the_operator_are_answered_to(serve: Callable[..., RunningServer]) -> None:
    """Those of --host-name, and the one of the public address."""
    with serve(hosts=("box.lan",), public_url="https://api.example.org/x").client() as client:
        for host in ("box.lan", "BOX.LAN:8080", "api.example.org"):
            assert client.get(RUNS, headers={"Host": host}).status_code == 200


def test_each_class_has_its_rate(serve: Callable[..., RunningServer]) -> None:
    """The documented limits hold for each key by itself; the wait that is told is enough."""
    server = serve(limits=Limits(general=Rate(3, 60), creation=Rate(1, 60), logs=Rate(2, 60)))
    with server.client() as client, server.client() as other:
        assert [client.get(RUNS).status_code for _ in range(4)] == [200, 200, 200, 429]
        answers = [client.post(RUN, json={"prompt": "p"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert "Rate limit" in refused(answers[1], 429)
        assert 0 < int(answers[1].headers["retry-after"]) <= 60
        logs = f"/v1/alpha/organizations/1/agent/run/{answers[0].json()['id']}/logs"
        assert [client.get(logs).status_code for _ in range(3)] == [200, 200, 429]
        assert other.get(RUNS).status_code == 200


def test_public_paths_have_a_rate_of_their_own(serve: Callable[..., RunningServer]) -> None:
    """By address, since nobody says who they are."""
    with serve(public_rate=Rate(2, 60)).client("") as client:
        assert [client.get("/agent/trace/1").status_code for _ in range(3)] == [404, 404, 429]


def test_a_mistake_of_the_server_tells_nothing_of_it(
    serve: Callable[..., RunningServer], capfd: pytest.CaptureFixture[str]
) -> None:
    """500 with the request's id; the operator finds the place on stderr under that id, without values."""

    secret = "hush" * 2

    def broken(organization: int, run: int) -> str:
        raise RuntimeError(secret)

    server = serve(parts=lambda storage: {"web_url": broken})
    with server.client() as client:
        answer = client.post(RUN, json={"prompt": "a private prompt"})
    message = refused(answer, 500)
    told = capfd.readouterr().err
    assert answer.headers["x-request-id"] in message
    assert answer.headers["x-request-id"] in told
    assert "broken" in told
    assert not any(word in message + told for word in (secret, "private", "Traceback"))
    assert "RuntimeError" not in message


def test_what_is_not_there_has_the_usual_body(served: RunningServer) -> None:
    """Unknown paths and methods, and paths that only look like ours."""
    with served.client() as client:
        for path in (
            "/",
            "/v1",
            "/v1/organizations/1",
            f"{RUNS}/",
            "/v1//organizations",
            "/v1/organizations/1/%2e%2e/users",
        ):
            refused(client.get(path), 404)
        assert "POST" in client.delete(RUN).headers["allow"]
        refused(client.delete(RUN), 405)
        assert client.get("/v1/organizations/x/agent/runs").status_code == 422


def test_changes_are_audited(serve: Callable[..., RunningServer], tmp_path: Path) -> None:
    """One line an action, with who did it and to what, and neither prompts nor secrets."""
    log = AuditLog(tmp_path / "data")
    server = serve(parts=lambda storage: {"audit": log, "check_url": str})
    with server.client(server.key("admin")) as client:
        run = client.post(RUN, json={"prompt": "a private prompt"}).json()["id"]
        client.post(f"{RUN}/{run}/cancel")
        client.post("/v1/organizations/1/webhooks/agent-run", json={"url": "https://a.example", "secret": "s" * 16})
        client.get(RUNS)
    text = log.path.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["action"], line["target"]) for line in lines] == [
        ("run.create", f"run {run}"),
        ("run.cancel", f"run {run}"),
        ("webhook.set", "webhook"),
    ]
    assert {(line["actor"], line["organisation"], line["outcome"]) for line in lines} == {("key 1", 1, "done")}
    assert "private" not in text
    assert "ssss" not in text


def test_an_audit_log_that_cannot_be_written_makes_the_server_unready(
    serve: Callable[..., RunningServer], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What was done is answered as done; the operator is told, and no more work is sent here."""
    (tmp_path / "data" / "audit.jsonl").mkdir(parents=True)
    server = serve(parts=lambda storage: {"audit": AuditLog(tmp_path / "data")})
    with server.client() as client:
        assert client.get("/readyz").status_code == 200
        assert client.post(RUN, json={"prompt": "p"}).status_code == 200
        assert client.get("/readyz").json()["checks"]["audit"] is False
        assert client.get("/readyz").status_code == 503
    assert "run.create (run 1) is missing from the audit log" in capfd.readouterr().err


def test_a_database_that_fails_is_told_as_such(served: RunningServer, capfd: pytest.CaptureFixture[str]) -> None:
    """503 with a time to come back, for reading and writing; the operator learns why, the client does not."""

    async def take_away(storage: Storage) -> None:
        with storage._database.write() as db:
            db.exec_driver_sql("ALTER TABLE runs RENAME TO elsewhere")

    with served.client() as client:
        assert client.get(f"{RUN}/1").status_code == 404
        served.do(take_away)
        for answer in (client.get(f"{RUN}/1"), client.get(RUNS), client.post(RUN, json={"prompt": "p"})):
            message = refused(answer, 503)
            assert int(answer.headers["retry-after"]) > 0
            assert not any(word in message for word in ("runs", "table", "sql", ".db"))
    assert "genloom serve: " in capfd.readouterr().err
