"""Repositories and how the agent treats their check suites."""

from __future__ import annotations

from genloom.tools.codegen.wire.page import Page
from genloom.tools.codegen.wire.shape import WireInput, WireModel

__all__ = ["CheckSuiteSettingsRequest", "CheckSuiteSettingsResponse", "RepoPage", "RepoResponse"]


class RepoResponse(WireModel):
    """A repository that the agent can work in."""

    id: int
    name: str
    full_name: str
    description: str | None
    github_id: str
    organization_id: int
    visibility: str | None
    archived: bool | None
    setup_status: str
    language: str | None


class RepoPage(Page[RepoResponse]):
    """One page of repositories."""


class CheckSuiteSettingsResponse(WireModel):
    """How often the agent tries to mend which checks, by the checks' names."""

    check_retry_count: int
    ignored_checks: tuple[str, ...]
    check_retry_counts: dict[str, int]
    custom_prompts: dict[str, str]
    high_priority_apps: tuple[str, ...]
    available_check_suite_names: tuple[str, ...]


class CheckSuiteSettingsRequest(WireInput):
    """The settings to change; what is `None` stays as it is."""

    check_retry_count: int | None = None
    ignored_checks: tuple[str, ...] | None = None
    check_retry_counts: dict[str, int] | None = None
    custom_prompts: dict[str, str] | None = None
    high_priority_apps: tuple[str, ...] | None = None
