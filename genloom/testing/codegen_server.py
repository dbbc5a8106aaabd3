"""The Codegen agent API on loopback, for tests: runs that end as planned, and faults.

    with CodegenServer(RunPlan(result="def f(): ...", polls=2)) as server:
        client = AsyncCodegen(token=server.token, org_id=1, base_url=server.base_url)

It serves create, get, list and logs of agent runs and the list of organisations, in the shapes of the API's OpenAPI
document of 2025-10. `python -m genloom.testing.codegen_server --port 8123` runs it by itself.
"""

from __future__ import annotations

import argparse
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from genloom.testing.loopback import Answer, FaultSource, LoopbackServer, RecordedRequest
from genloom.testing.script import Script
from genloom.tools.codegen.wire import IDEMPOTENCY_FIELD, AgentRunResponse, CreateAgentRunInput, PullRequestResponse

__all__ = ["CodegenServer", "RunPlan", "ServedRun"]


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """How a run goes: it shows `before` until it was looked at `polls` times (the look that counts shows the end; 0: it
    ends at once) or, when `seconds` is given, until they have passed; then it shows `status`, `result` and the rest."""

    result: str | None = "done"
    status: str | None = "COMPLETE"
    before: str | None = "ACTIVE"
    polls: int = 1
    seconds: float | None = None
    summary: str | None = None
    pull_requests: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()


@dataclass(kw_only=True)
class ServedRun:
    """A run at the server: what was asked, its plan, and how often it was looked at."""

    id: int
    org_id: int
    asked: CreateAgentRunInput
    plan: RunPlan
    web_url: str
    created_at: float = field(default_factory=time.time)
    looks: int = 0

    @property
    def idempotency_key(self) -> str:
        """The key in the run's metadata, empty when it has none."""
        return str((self.asked.metadata or {}).get(IDEMPOTENCY_FIELD, ""))

    @property
    def ended(self) -> bool:
        """Whether the run shows its end by now."""
        if self.plan.seconds is not None:
            return time.time() - self.created_at >= self.plan.seconds
        return self.looks >= self.plan.polls

    def response(self, *, look: bool = True) -> dict[str, Any]:
        """Return the run as the API shows it; `look` counts."""
        self.looks += look
        plan, ended = self.plan, self.ended
        requests = tuple(
            PullRequestResponse(id=number, url=url, created_at=_date(self.created_at))
            for number, url in enumerate(plan.pull_requests, 1)
        )
        return AgentRunResponse(
            id=self.id,
            organization_id=self.org_id,
            status=plan.status if ended else plan.before,
            created_at=_date(self.created_at),
            web_url=self.web_url,
            result=plan.result if ended else None,
            summary=plan.summary if ended else None,
            source_type="API",
            github_pull_requests=requests if ended else (),
            metadata=self.asked.metadata,
        ).model_dump(mode="json")


class CodegenServer(LoopbackServer):
    """A context manager. `plans` is one plan for all runs, a list for them in order (the last one stays), or a rule that
    gets each create request. Every request needs `token` (a random one unless given), and every organisation's path one
    of `organizations` (number -> name)."""

    def __init__(
        self,
        plans: RunPlan | Sequence[RunPlan] | Callable[[CreateAgentRunInput], RunPlan] | None = None,
        *,
        faults: FaultSource = (),
        token: str | None = None,
        organizations: Mapping[int, str] | None = None,
        port: int = 0,
    ) -> None:
        super().__init__(faults=faults, port=port)
        self.token = token or secrets.token_hex(16)
        self.organizations = dict(organizations or {1: "Test"})
        source = [plans or RunPlan()] if isinstance(plans, RunPlan | None) else plans
        self._plans: Script[CreateAgentRunInput, RunPlan] = Script(source)
        self._last_plan = RunPlan()
        self._runs: list[ServedRun] = []
        self._lock = threading.RLock()

    @property
    def runs(self) -> tuple[ServedRun, ...]:
        """The runs that were created, oldest first."""
        with self._lock:
            return tuple(self._runs)

    def answer(self, request: RecordedRequest) -> Answer:
        """Return what the API would answer."""
        if request.authorization != f"Bearer {self.token}":
            return Answer.of_json({"detail": "Invalid or missing token."}, 401)
        if (request.method, request.path) == ("GET", "/v1/organizations"):
            items = [{"id": number, "name": name, "settings": {}} for number, name in self.organizations.items()]
            return Answer.of_json(_page(items, len(items), request))
        path = re.fullmatch(
            r"/v1/(?:alpha/)?organizations/(\d+)/agent/(run|runs|run/(\d+)|run/(\d+)/logs)", request.path
        )
        if path is None:
            return _error(404, "Not found.")
        if int(path[1]) not in self.organizations:
            return _error(403, "You do not have access to this organization.")
        with self._lock:
            return self._agent(request, int(path[1]), path[2], path[3] or path[4])

    def _agent(self, request: RecordedRequest, org_id: int, what: str, number: str | None) -> Answer:
        if request.method == "POST" and what == "run":
            return self._create(request, org_id)
        if request.method != "GET" or what == "run":
            return _error(405, "Method not allowed.")
        if number is None:
            return self._list(request, org_id)
        run = next((run for run in self._runs if run.id == int(number) and run.org_id == org_id), None)
        if run is None:
            return _error(404, "Agent run not found.")
        return _logs(run, request) if what.endswith("/logs") else Answer.of_json(run.response())

    def _create(self, request: RecordedRequest, org_id: int) -> Answer:
        try:
            asked = CreateAgentRunInput.model_validate_json(request.body)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False, include_context=False)
            return Answer.of_json({"detail": [{**d, "loc": ["body", *d["loc"]]} for d in details]}, 422)
        self._last_plan = self._plans.next(asked) or self._last_plan
        number = len(self._runs) + 1
        url = f"https://codegen.example/agent/trace/{number}"
        run = ServedRun(id=number, org_id=org_id, asked=asked, plan=self._last_plan, web_url=url)
        self._runs.append(run)
        return Answer.of_json(run.response(look=False))

    def _list(self, request: RecordedRequest, org_id: int) -> Answer:
        runs = [run for run in reversed(self._runs) if run.org_id == org_id]
        return Answer.of_json(_page([run.response() for run in _cut(runs, request)], len(runs), request))


def _window(request: RecordedRequest) -> tuple[int, int]:
    def number(name: str, default: int) -> int:
        text = request.query.get(name, "")
        return int(text) if text.isdecimal() else default

    return number("skip", 0), max(1, min(number("limit", 100), 100))


def _cut(items: Sequence[Any], request: RecordedRequest) -> Sequence[Any]:
    skip, limit = _window(request)
    return items[skip : skip + limit]


def _page(items: Sequence[Any], total: int, request: RecordedRequest) -> dict[str, Any]:
    skip, limit = _window(request)
    return {"items": items, "total": total, "page": skip // limit + 1, "size": limit, "pages": -(-total // limit)}


def _logs(run: ServedRun, request: RecordedRequest) -> Answer:
    entries = [
        {"agent_run_id": run.id, "created_at": _date(run.created_at), "message_type": "ACTION", "thought": thought}
        for thought in run.plan.logs
    ]
    page = _page([], len(entries), request)
    page["total_logs"] = page.pop("total")
    del page["items"]
    return Answer.of_json({**run.response(look=False), **page, "logs": list(_cut(entries, request))})


def _error(status: int, message: str) -> Answer:
    return Answer.of_json({"message": message, "status_code": status}, status)


def _date(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the process is stopped; the first line on stdout is `{"base_url", "token"}`."""
    parser = argparse.ArgumentParser(prog="genloom.testing.codegen_server", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="default: a free one")
    parser.add_argument("--token", help="what requests need; default: a random one")
    parser.add_argument("--result", default="done", help="the result of every run")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long a run takes")
    options = parser.parse_args(arguments)
    plan = RunPlan(result=options.result, seconds=options.seconds)
    with CodegenServer(plan, token=options.token, port=options.port) as server:
        print(json.dumps({"base_url": server.base_url, "token": server.token}), flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
