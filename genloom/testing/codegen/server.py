"""The server: who may ask, which endpoint is meant, whether a limit is reached, and what was counted."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from math import ceil

from genloom.testing.codegen.call import Call, Refusal, refusal, shown
from genloom.testing.codegen.clock import ServerClock
from genloom.testing.codegen.directory import Directory
from genloom.testing.codegen.limits import RateLimit, RequestWindows
from genloom.testing.codegen.routes import Route, find_route
from genloom.testing.codegen.run_book import PlanSource, RunBook
from genloom.testing.codegen.served_run import ServedRun
from genloom.testing.codegen.webhook_desk import WebhookDesk
from genloom.testing.loopback import Answer, FaultSource, LoopbackServer, RecordedRequest
from genloom.tools.codegen.wire import APIRateLimitErrorResponse, PermissionsErrorResponse

__all__ = ["CodegenServer"]


class CodegenServer(LoopbackServer):
    """A context manager. `plans` is one plan for all runs, a list for them in order (the last one stays), or a rule that
    gets each create request. Every request needs `token` (a random one unless given; it may be replaced while the server
    runs) or one of `tokens`, which maps further tokens to the organisations that each may use. Every organisation's path
    needs one of `organizations` (number -> name).

    `limits` maps classes of requests to limits (`DOCUMENTED_LIMITS`; none unless given): what is too much gets the
    documented 429 before any fault, with `Retry-After` when `tells_retry_after`; requests that a fault spoils count, too.
    `clock` is the server's time: `ServerClock(20)` makes runs, limits and delays twenty times as fast, `ManualClock()`
    stands still until the test moves it. A created run appears in the list of runs after `list_lag` seconds only. Rules for
    `plans` and `faults` are called in the server's own loop and must not block.
    """

    answers_inline = True

    def __init__(
        self,
        plans: PlanSource = None,
        *,
        faults: FaultSource = (),
        token: str | None = None,
        tokens: Mapping[str, Collection[int]] | None = None,
        organizations: Mapping[int, str] | None = None,
        limits: Mapping[str, RateLimit] | None = None,
        tells_retry_after: bool = False,
        clock: ServerClock | None = None,
        list_lag: float = 0.0,
        port: int = 0,
    ) -> None:
        super().__init__(faults=faults, port=port)
        self.token = token or secrets.token_hex(16)
        self.clock = clock or ServerClock()
        self.directory = Directory(organizations or {1: "Test"})
        self.kinds: Counter[str] = Counter()
        """How many requests came, spoilt ones too, by class: those of `DOCUMENTED_LIMITS`, and `other`."""
        self.statuses: Counter[int] = Counter()
        """How many answers were sent, right or wrong, by status."""
        self._tokens = {other: frozenset(allowed) for other, allowed in (tokens or {}).items()}
        self._windows = RequestWindows(limits or {})
        self._tells_retry_after = tells_retry_after
        self._book = RunBook(plans, clock=self.clock, list_lag=list_lag)
        self._webhooks = WebhookDesk(self._book, self.clock)
        self._endpoints = self._by_name()

    @property
    def runs(self) -> tuple[ServedRun, ...]:
        """The runs that were created, oldest first."""
        return self._book.runs

    @property
    def organizations(self) -> dict[int, str]:
        """The organisations, by number; may be changed while the server runs."""
        return self.directory.organizations

    @property
    def webhooks_sent(self) -> tuple[tuple[str, int], ...]:
        """The webhooks that were sent: each its address and the status of the answer, 0 without one."""
        return tuple(self._webhooks.sent)

    def end_run(self, number: int, *, status: str | None = "CANCELLED", result: str | None = None) -> None:
        """End a run now, as somebody in the web application could. Raises `KeyError` when there is none."""
        with self._book.hold:
            {run.id: run for run in self._book.runs}[number].force(status, result)

    def real_seconds(self, seconds: float) -> float:
        """Return how many real seconds so many of the server's take."""
        return self.clock.real_seconds(seconds)

    async def background(self) -> None:
        """Send the webhooks of runs that end."""
        await self._webhooks.send_as_runs_end()

    def answer(self, request: RecordedRequest) -> Answer:
        """Return what the API would answer."""
        try:
            allowed = self._allowed(request)
            match find_route(request.method, request.path):
                case Route() as route, dict() as numbers:
                    return self._answer(request, route, numbers, allowed)
                case there:
                    raise refusal(405, "Method not allowed.") if there else refusal(404, "Not found.")
        except Refusal as refused:
            return refused.answer

    def gate(self, request: RecordedRequest) -> Answer | None:
        """Count the request; refuse it where its token's limit is reached, before any fault."""
        found = find_route(request.method, request.path)
        kind = "other" if isinstance(found, bool) else found[0].limit
        self.kinds[kind] += 1
        if not self._knows(request):
            return None
        wait = self._windows.admit(request.authorization, kind, self.clock.time())
        return None if wait is None else self._too_many(wait)

    def answered(self, request: RecordedRequest, answer: Answer) -> None:
        """Count the answer."""
        self.statuses[answer.status] += 1

    def _answer(
        self, request: RecordedRequest, route: Route, numbers: dict[str, int], allowed: frozenset[int]
    ) -> Answer:
        org_id = numbers.get("org_id")
        if org_id is not None and org_id not in allowed:
            raise refusal(403, PermissionsErrorResponse())
        call = Call(request=request, org_id=org_id or min(allowed, default=1), numbers=numbers)
        with self._book.hold:
            if route.name == "organizations":
                return self.directory.organizations_of(call, allowed)
            return self._endpoints[route.name](call)

    def _allowed(self, request: RecordedRequest) -> frozenset[int]:
        """Return the organisations that the request's token may use. Raises `Refusal` (401) without a known one."""
        token = request.authorization.removeprefix("Bearer ")
        if not self._knows(request):
            raise Refusal(Answer.of_json({"detail": "Invalid or missing token."}, 401))
        known = frozenset(self.organizations)
        return known if token == self.token else self._tokens[token] & known

    def _knows(self, request: RecordedRequest) -> bool:
        scheme, _, token = request.authorization.partition(" ")
        return scheme == "Bearer" and (token == self.token or token in self._tokens)

    def _too_many(self, wait: float) -> Answer:
        answer = shown(APIRateLimitErrorResponse(), 429)
        return replace(answer, headers={"Retry-After": str(ceil(wait))}) if self._tells_retry_after else answer

    def _by_name(self) -> dict[str, Callable[[Call], Answer]]:
        book, directory, webhooks = self._book, self.directory, self._webhooks
        return {
            "list_runs": book.list_runs,
            "get_run": book.get_run,
            "create_run": book.create_run,
            "logs": book.logs,
            "resume_run": book.resume_run,
            "ban_checks": book.ban_checks,
            "unban_checks": book.unban_checks,
            "remove_from_pr": book.remove_from_pr,
            "setup_commands": book.setup_commands,
            "analyze_logs": book.analyze_logs,
            "users": directory.list_users,
            "user": directory.user,
            "me": directory.me,
            "repos": directory.list_repos,
            "check_suite_settings": directory.check_suite_settings,
            "set_check_suite_settings": directory.set_check_suite_settings,
            "edit_pull_request": directory.edit_pull_request,
            "integrations": directory.integrations,
            "rules": directory.rules,
            "models": directory.models,
            "mcp_providers": directory.mcp_providers,
            "oauth_status": directory.oauth_status,
            "oauth_revoke": directory.oauth_revoke,
            "slack_token": directory.slack_token,
            "webhook": webhooks.show,
            "set_webhook": webhooks.set,
            "delete_webhook": webhooks.delete,
            "test_webhook": webhooks.test,
        }
