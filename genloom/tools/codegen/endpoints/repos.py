"""Repositories, their check suites, pull requests and setup commands."""

from __future__ import annotations

from collections.abc import AsyncIterator

from genloom.tools.codegen.endpoints.acknowledgement import Acknowledgement
from genloom.tools.codegen.endpoints.group import EndpointGroup, every_item, page_window
from genloom.tools.codegen.prompt import checked_prompt
from genloom.tools.codegen.wire import (
    MAX_PAGE,
    AnalyzeLogsResponse,
    CheckSuiteSettingsRequest,
    CheckSuiteSettingsResponse,
    EditPRInput,
    EditPRResponse,
    GenerateSetupCommandsInput,
    PullRequestState,
    RepoPage,
    RepoResponse,
    SetupCommandsResponse,
)

__all__ = ["PullRequests", "Repos", "SetupCommands"]


class Repos(EndpointGroup):
    """The repositories that agents can work in."""

    async def list(self, *, limit: int = MAX_PAGE, skip: int = 0) -> RepoPage:
        """Return a page of repositories."""
        return await self._get(RepoPage, await self._path("/repos"), "list the repositories", page_window(limit, skip))

    def iterate(self, *, most: int | None = None) -> AsyncIterator[RepoResponse]:
        """Yield all repositories, `most` at most."""
        return every_item(lambda limit, skip: self.list(limit=limit, skip=skip), number=lambda one: one.id, most=most)

    async def check_suite_settings(self, repo_id: int) -> CheckSuiteSettingsResponse:
        """Return how agents treat the repository's checks."""
        path = await self._path("/repos/check-suite-settings")
        params = {"repo_id": int(repo_id)}
        return await self._get(CheckSuiteSettingsResponse, path, f"read the check settings of {int(repo_id)}", params)

    async def update_check_suite_settings(self, repo_id: int, settings: CheckSuiteSettingsRequest) -> None:
        """Change those settings that are not `None`."""
        await self._connection.call(
            Acknowledgement,
            "PUT",
            await self._path("/repos/check-suite-settings"),
            doing=f"change the check settings of repository {int(repo_id)}",
            params={"repo_id": int(repo_id)},
            body=settings,
        )


class PullRequests(EndpointGroup):
    """The pull requests of the organisation's repositories."""

    async def edit(self, pr_id: int, state: PullRequestState, *, repo_id: int | None = None) -> EditPRResponse:
        """Open or close a pull request, or make it a draft or ready for review.

        With `repo_id` it is addressed through its repository. What the server could not do stands in the answer's
        `error`, with `success` false.
        """
        place = f"/prs/{int(pr_id)}" if repo_id is None else f"/repos/{int(repo_id)}/prs/{int(pr_id)}"
        return await self._connection.call(
            EditPRResponse,
            "PATCH",
            await self._path(place),
            doing=f"edit pull request {int(pr_id)}",
            body=EditPRInput(state=state),
        )


class SetupCommands(EndpointGroup):
    """Runs that find out how a repository, or why a sandbox does not, get ready."""

    async def generate(self, repo_id: int, *, prompt: str | None = None) -> SetupCommandsResponse:
        """Start a run that finds the repository's setup commands: paid work, one request, never repeated.

        The prompt is redacted first.
        """
        wanted = None if prompt is None else checked_prompt(prompt, secret=await self._connection.token())
        return await self._connection.call(
            SetupCommandsResponse,
            "POST",
            await self._path("/setup-commands/generate"),
            doing=f"find the setup commands of repository {int(repo_id)}",
            body=GenerateSetupCommandsInput(repo_id=int(repo_id), prompt=wanted),
        )

    async def analyze_logs(self, sandbox_id: int) -> AnalyzeLogsResponse:
        """Start a run that explains the setup logs of a sandbox: paid work, one request, never repeated."""
        path = await self._path(f"/sandbox/{int(sandbox_id)}/analyze-logs")
        doing = f"analyze the logs of sandbox {int(sandbox_id)}"
        return await self._connection.call(AnalyzeLogsResponse, "POST", path, doing=doing)
