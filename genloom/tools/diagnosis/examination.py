"""The examination: everything looked at, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from genloom.config import Settings
from genloom.state import GraphContext
from genloom.tools.diagnosis.diagnosis import Diagnosis
from genloom.tools.diagnosis.installation import examine_installation
from genloom.tools.diagnosis.model_servers import examine_models
from genloom.tools.diagnosis.services import examine_services
from genloom.tools.diagnosis.storage import examine_storage
from genloom.tools.sandbox import sandbox_for

__all__ = ["examine", "is_able"]


async def examine(settings: Settings) -> tuple[Diagnosis, ...]:
    """Return how everything stands that genloom works with, within a few seconds.

    The sandbox is tried by running in it; loopback ports and the configured servers are asked whether they answer.
    Nothing is changed and no secret is returned.
    """
    installation, storage, sandbox, models, services = await asyncio.gather(
        asyncio.to_thread(examine_installation),
        asyncio.to_thread(examine_storage, settings),
        _sandbox(settings),
        examine_models(settings),
        examine_services(settings),
    )
    return (*installation, *storage, sandbox, *models, *services)


def is_able(diagnoses: Iterable[Diagnosis]) -> bool:
    """Whether the main job can work: nothing that it needs is a problem."""
    return not any(diagnosis.needed and diagnosis.state == "problem" for diagnosis in diagnoses)


async def _sandbox(settings: Settings) -> Diagnosis:
    _, context = GraphContext().resolved(settings)
    status = await sandbox_for(context, settings).astatus()
    facts = {"tier": status.tier, "limits": status.limits, "interpreter": str(status.interpreter)}
    if status.tier is None:
        return Diagnosis(
            area="sandbox", state="problem", message=status.reason, hint=status.hint, needed=True, facts=facts
        )
    message = f"{status.tier}: {status.reason} Limits: {status.limits}"
    return Diagnosis(area="sandbox", state="ok", message=message, hint=status.hint, needed=True, facts=facts)
