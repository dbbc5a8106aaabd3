"""The examination: everything looked at, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from genloom.config import Settings
from genloom.tools.diagnosis.diagnosis import Diagnosis
from genloom.tools.diagnosis.installation import examine_installation
from genloom.tools.diagnosis.model_servers import examine_models
from genloom.tools.diagnosis.plugins import examine_plugins
from genloom.tools.diagnosis.sandbox_tiers import examine_sandbox
from genloom.tools.diagnosis.services import examine_services
from genloom.tools.diagnosis.storage import examine_storage

__all__ = ["examine", "is_able"]


async def examine(settings: Settings) -> tuple[Diagnosis, ...]:
    """Return how everything stands that genloom works with, within a few seconds.

    The sandbox is tried by running in it; loopback ports and the configured servers are asked whether they answer.
    Nothing is changed and no secret is returned.
    """
    installation, storage, sandbox, models, services = await asyncio.gather(
        asyncio.to_thread(examine_installation),
        asyncio.to_thread(examine_storage, settings),
        examine_sandbox(settings),
        examine_models(settings),
        examine_services(settings),
    )
    return (*installation, *storage, *sandbox, *models, *services, *await asyncio.to_thread(examine_plugins))


def is_able(diagnoses: Iterable[Diagnosis]) -> bool:
    """Whether the main job can work: nothing that it needs is a problem."""
    return not any(diagnosis.needed and diagnosis.state == "problem" for diagnosis in diagnoses)
