"""Services: the agent backend, code hosts and tracing."""

from __future__ import annotations

import asyncio

from genloom.config import Settings
from genloom.errors import GenloomError, UsageError
from genloom.tools.codegen import agent_backends
from genloom.tools.codegen.access import resolve_access
from genloom.tools.codegen.http.address import checked_address
from genloom.tools.diagnosis.diagnosis import Diagnosis

__all__ = ["examine_services"]

SECONDS = 3.0


async def examine_services(settings: Settings) -> tuple[Diagnosis, ...]:
    """Return how the agent backend, the code hosts and LangSmith's tracing stand. The backend's address is asked without
    the token: any answer shows that it is there."""
    return (await _agent(settings), _code_hosts(settings), _tracing(settings))


async def _agent(settings: Settings) -> Diagnosis:
    name = settings.agent_backend
    if name is None:
        return Diagnosis(
            area="agent",
            state="off",
            message="no agent backend is configured",
            hint="Set CODEGEN_API_TOKEN, CODEGEN_ORG_ID and CODEGEN_API_BASE_URL to use one.",
        )
    try:
        where = agent_backends.get(name).describe()
    except GenloomError as error:
        return Diagnosis(area="agent", state="problem", message=f"{name}: {error.message}", hint=error.hint)
    if name != "codegen":
        return Diagnosis(area="agent", state="ok", message=f"{name}: {where}")
    problem = await _reach(resolve_access(settings=settings).base_url)
    if problem:
        return Diagnosis(
            area="agent", state="problem", message=f"{where}: {problem}", hint="Check CODEGEN_API_BASE_URL."
        )
    return Diagnosis(area="agent", state="ok", message=f"{where}: it answers")


async def _reach(url: str) -> str:
    import httpx

    try:
        async with asyncio.timeout(SECONDS), httpx.AsyncClient(timeout=SECONDS) as client:
            await client.head(url)
    except TimeoutError:
        return "it does not answer in time"
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError):
        return "it cannot be reached"
    return ""


def _code_hosts(settings: Settings) -> Diagnosis:
    """Which tokens and servers are configured; that is no proof that they are taken, and nobody is asked."""
    tokens = {"GitHub": settings.github_token, "GitLab": settings.gitlab_token}
    own = {"GENLOOM_GITHUB_URL": settings.github_url, "GENLOOM_GITLAB_URL": settings.gitlab_url}
    try:
        for variable, url in own.items():
            if url:
                checked_address(url, what="the code host", variable=variable, allow_http=settings.allow_http)
    except UsageError as error:
        return Diagnosis(area="code hosts", state="problem", message=error.message, hint=error.hint)
    known = [name for name, token in tokens.items() if token]
    if known:
        return Diagnosis(area="code hosts", state="ok", message=f"there is a token for {' and '.join(known)}")
    return Diagnosis(
        area="code hosts",
        state="off",
        message="there is no token for GitHub or GitLab",
        hint="Set GENLOOM_GITHUB_TOKEN or GENLOOM_GITLAB_TOKEN to review pull requests.",
    )


def _tracing(settings: Settings) -> Diagnosis:
    if settings.langsmith_tracing:
        return Diagnosis(area="tracing", state="ok", message="LangSmith traces are on, redacted before they leave")
    return Diagnosis(
        area="tracing", state="off", message="LangSmith traces are off", hint="LANGSMITH_TRACING=true switches them on."
    )
