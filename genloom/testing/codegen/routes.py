"""The API's endpoints: which request is which, and under which limit it falls."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["ROUTES", "Route", "find_route"]

ORGANIZATION = r"/v1/organizations/(?P<org_id>\d+)"


@dataclass(frozen=True)
class Route:
    """One endpoint. `limit` is the class of its documented limit, `other` where the documents name none."""

    name: str
    method: str
    path: re.Pattern[str]
    limit: str


def _route(name: str, method: str, path: str, limit: str = "general") -> Route:
    return Route(name, method, re.compile(path.replace("{org}", ORGANIZATION)), limit)


ROUTES = (
    _route("list_runs", "GET", "{org}/agent/runs"),
    _route("get_run", "GET", r"{org}/agent/run/(?P<number>\d+)"),
    _route("create_run", "POST", "{org}/agent/run", "create"),
    _route("logs", "GET", r"/v1/alpha/organizations/(?P<org_id>\d+)/agent/run/(?P<number>\d+)/logs", "logs"),
    _route("resume_run", "POST", "{org}/agent/run/resume", "other"),
    _route("ban_checks", "POST", "{org}/agent/run/ban", "other"),
    _route("unban_checks", "POST", "{org}/agent/run/unban", "other"),
    _route("remove_from_pr", "POST", "{org}/agent/run/remove-from-pr", "other"),
    _route("organizations", "GET", "/v1/organizations"),
    _route("users", "GET", "{org}/users"),
    _route("user", "GET", r"{org}/users/(?P<number>\d+)"),
    _route("me", "GET", "/v1/users/me"),
    _route("repos", "GET", "{org}/repos"),
    _route("check_suite_settings", "GET", "{org}/repos/check-suite-settings", "other"),
    _route("set_check_suite_settings", "PUT", "{org}/repos/check-suite-settings", "other"),
    _route("edit_pull_request", "PATCH", r"{org}/prs/(?P<number>\d+)", "edit_pull_request"),
    _route("edit_pull_request", "PATCH", r"{org}/repos/(?P<repo>\d+)/prs/(?P<number>\d+)", "edit_pull_request"),
    _route("integrations", "GET", "{org}/integrations"),
    _route("rules", "GET", "{org}/cli/rules", "rules"),
    _route("models", "GET", "{org}/models"),
    _route("setup_commands", "POST", "{org}/setup-commands/generate", "setup_commands"),
    _route("analyze_logs", "POST", r"{org}/sandbox/(?P<number>\d+)/analyze-logs", "analyze_logs"),
    _route("webhook", "GET", "{org}/webhooks/agent-run", "other"),
    _route("set_webhook", "POST", "{org}/webhooks/agent-run", "other"),
    _route("delete_webhook", "DELETE", "{org}/webhooks/agent-run", "other"),
    _route("test_webhook", "POST", "{org}/webhooks/agent-run/test", "test_webhook"),
    _route("mcp_providers", "GET", "/v1/mcp-providers", "other"),
    _route("oauth_status", "GET", "/v1/oauth/tokens/status", "other"),
    _route("oauth_revoke", "POST", "/v1/oauth/tokens/revoke", "other"),
    _route("slack_token", "POST", "/v1/slack-connect/generate-token", "other"),
)


@lru_cache(maxsize=4096)
def find_route(method: str, path: str) -> tuple[Route, dict[str, int]] | bool:
    """Return the endpoint and the numbers in its path; without one, whether the path is there with other methods."""
    matches = [(route, found) for route in ROUTES if (found := route.path.fullmatch(path))]
    for route, found in matches:
        if route.method == method:
            return route, {name: int(text) for name, text in found.groupdict().items()}
    return bool(matches)
