"""Services: the agent backend and tracing."""

from __future__ import annotations

import asyncio

from genloom.config import Settings
from genloom.errors import GenloomError
from genloom.tools.codegen import agent_backends
from genloom.tools.codegen.access import resolve_access
from genloom.tools.diagnosis.diagnosis import Diagnosis

__all__ = ["examine_services"]

SECONDS = 3.0


async def examine_services(settings: Settings) -> tuple[Diagnosis, ...]:
    """Return how the agent backend and LangSmith's tracing stand. The backend's address is asked without the token: any
    answer shows that it is there."""
    return (await _agent(settings), _tracing(settings))


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


def _tracing(settings: Settings) -> Diagnosis:
    if settings.langsmith_tracing:
        return Diagnosis(area="tracing", state="ok", message="LangSmith traces are on, redacted before they leave")
    return Diagnosis(
        area="tracing", state="off", message="LangSmith traces are off", hint="LANGSMITH_TRACING=true switches them on."
    )
