"""Agent runs: each method is the request that it is named after, sent once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from genloom.errors import AgentError, UsageError
from genloom.tools.codegen.endpoints.acknowledgement import Acknowledgement
from genloom.tools.codegen.endpoints.group import EndpointGroup, every_item, page_window
from genloom.tools.codegen.http.failures import RejectedError
from genloom.tools.codegen.prompt import checked_images, checked_metadata, checked_prompt
from genloom.tools.codegen.wire import (
    MAX_PAGE,
    AgentRunPage,
    AgentRunResponse,
    AgentRunWithLogsResponse,
    CreateAgentRunInput,
    ResumeAgentRunInput,
    StopAgentRunInput,
    WebhookOverride,
)

__all__ = ["AgentRunEndpoints"]


class AgentRunEndpoints(EndpointGroup):
    """The endpoints of agent runs."""

    async def create_run(
        self,
        prompt: str,
        *,
        metadata: Mapping[str, Any] | None = None,  # Any: the caller's own JSON
        repo_id: int | None = None,
        model: str | None = None,
        images: Sequence[str] = (),
        agent_type: str | None = None,
        webhooks: Sequence[WebhookOverride] = (),
    ) -> AgentRunResponse:
        """Create a run: one request, never repeated. Prompt and metadata are redacted first; `images` are base64 data URIs.

        `webhooks` is an addition of 2026-02 that is not confirmed; it is sent only when given. Raises `UsageError` when
        prompt or images are empty or too large; when it raises an `AgentError` of kind timeout, connection, server or
        malformed, the run may exist all the same.
        """
        secret = await self._connection.token()
        request = CreateAgentRunInput(
            prompt=checked_prompt(prompt, secret=secret),
            metadata=checked_metadata(metadata, secret=secret),
            repo_id=repo_id,
            model=model,
            images=checked_images(images),
            agent_type=agent_type,
            webhooks=tuple(webhooks) or None,
        )
        path = await self._path("/agent/run")
        return await self._connection.call(AgentRunResponse, "POST", path, doing="start an agent run", body=request)

    async def get_run(self, run_id: int) -> AgentRunResponse:
        """Return one run. Raises `UsageError` when there is none of that number."""
        path = await self._path(f"/agent/run/{int(run_id)}")
        return await self._get(AgentRunResponse, path, f"read agent run {int(run_id)}")

    async def list_runs(
        self, *, limit: int = MAX_PAGE, skip: int = 0, user_id: int | None = None, source_type: str | None = None
    ) -> AgentRunPage:
        """Return a page of runs, newest first; `limit` is 1 to 100.

        `user_id` and `source_type` ("API", "SLACK", …) leave only the runs that were started by that user, that way.
        """
        params = page_window(limit, skip)
        params |= {} if user_id is None else {"user_id": user_id}
        params |= {} if source_type is None else {"source_type": source_type}
        return await self._get(AgentRunPage, await self._path("/agent/runs"), "list the agent runs", params)

    def iterate_runs(
        self, *, most: int | None = None, user_id: int | None = None, source_type: str | None = None
    ) -> AsyncIterator[AgentRunResponse]:
        """Yield all runs, newest first, `most` at most, page by page; runs that start meanwhile are left out."""

        async def page(limit: int, skip: int) -> AgentRunPage:
            return await self.list_runs(limit=limit, skip=skip, user_id=user_id, source_type=source_type)

        return every_item(page, number=lambda run: run.id, most=most)

    async def run_logs(
        self, run_id: int, *, limit: int = MAX_PAGE, skip: int = 0, reverse: bool = False
    ) -> AgentRunWithLogsResponse:
        """Return a run with a page of its log, oldest step first unless `reverse`. The API calls this endpoint alpha."""
        params = page_window(limit, skip) | ({"reverse": True} if reverse else {})
        path = await self._path(f"/agent/run/{int(run_id)}/logs", version="/v1/alpha")
        return await self._get(AgentRunWithLogsResponse, path, f"read the log of agent run {int(run_id)}", params)

    async def resume_run(
        self,
        run_id: int,
        prompt: str,
        *,
        images: Sequence[str] = (),
        model: str | None = None,
        webhooks: Sequence[WebhookOverride] = (),
    ) -> AgentRunResponse:
        """Let a paused run go on with a prompt: one request, never repeated. Prompt and images as for `create_run`.

        `model` and `webhooks` are additions of 2026-02 that are not confirmed; they are sent only when given.
        """
        request = ResumeAgentRunInput(
            agent_run_id=int(run_id),
            prompt=checked_prompt(prompt, secret=await self._connection.token()),
            images=checked_images(images),
            model=model,
            webhooks=tuple(webhooks) or None,
        )
        path = await self._path("/agent/run/resume")
        doing = f"resume agent run {int(run_id)}"
        return await self._connection.call(AgentRunResponse, "POST", path, doing=doing, body=request)

    async def cancel_run(self, run_id: int) -> AgentRunResponse:
        """End a run for good and return it as it is then; one that is worked on ends within seconds.

        An addition of `genloom serve`. Raises `UsageError` when the run has ended, and when the server cannot do it.
        """
        return await self._control("cancel", int(run_id))

    async def pause_run(self, run_id: int) -> AgentRunResponse:
        """Hold a run after the step that it is at, until `resume_run`; an addition as `cancel_run` is."""
        return await self._control("pause", int(run_id))

    async def run_events(self, run_id: int) -> AsyncIterator[str]:
        """Yield the name of each event of a run (`status`, `log`) as it happens, where the server streams them; ends when
        it does not, or no longer. Events say when to look, never what there is to see."""
        async for name in self._connection.events(await self._path(f"/agent/run/{int(run_id)}/events")):
            yield name

    @property
    def additions(self) -> frozenset[str]:
        """What the server has been heard to offer beyond the documents: `cancel`, `events`, `pause`."""
        return self._connection.additions

    async def _control(self, what: str, run_id: int) -> AgentRunResponse:
        path = await self._path(f"/agent/run/{run_id}/{what}")
        try:
            return await self._connection.call(AgentRunResponse, "POST", path, doing=f"{what} agent run {run_id}")
        except (RejectedError, AgentError) as error:
            if error.status not in (404, 405, 501) or what in self.additions:
                raise
            raise UsageError(
                f"This server cannot {what} runs: {error.message}",
                hint="Codegen's cloud lacks it, `genloom serve` has it. The run's page may offer it.",
            ) from error

    async def ban_checks(self, run_id: int) -> None:
        """Stop all agents on the pull request of a run, and keep its checks from starting others."""
        await self._stop("ban", run_id, "ban the checks of the pull request of")

    async def unban_checks(self, run_id: int) -> None:
        """Let the checks of the pull request of a run start agents again."""
        await self._stop("unban", run_id, "unban the checks of the pull request of")

    async def remove_from_pr(self, run_id: int) -> None:
        """Remove Codegen from the pull request of a run; the same as `ban_checks`, as the API says."""
        await self._stop("remove-from-pr", run_id, "remove Codegen from the pull request of")

    async def _stop(self, what: str, run_id: int, doing: str) -> None:
        await self._connection.call(
            Acknowledgement,
            "POST",
            await self._path(f"/agent/run/{what}"),
            doing=f"{doing} agent run {int(run_id)}",
            body=StopAgentRunInput(agent_run_id=int(run_id)),
        )
