"""The sandbox: which tiers hold here, each tried by running in it, and which one is used."""

from __future__ import annotations

import asyncio
from typing import Any

from genloom.config import Settings
from genloom.state import GraphContext, SandboxTier
from genloom.tools.diagnosis.diagnosis import Diagnosis
from genloom.tools.sandbox import SandboxStatus, least_tier, sandbox_for, tier_suffices

__all__ = ["examine_sandbox"]

_NO_SYSTEM = SandboxStatus(
    tier=None,
    reason="There is no sandbox for this operating system.",
    hint="On Windows, install WSL 2 (wsl --install) and run genloom in it.",
)


async def examine_sandbox(settings: Settings) -> tuple[Diagnosis, ...]:
    """Return how the sandbox stands that runs would use, and then each tier with its reason."""
    _, context = GraphContext().resolved(settings)
    least = least_tier(context, settings)
    sandbox = await asyncio.to_thread(sandbox_for, context, settings)
    statuses = await sandbox.atiers()
    used = next((status for status in statuses if tier_suffices(status.tier, least)), None)
    return (_of_all(used, statuses, least), *(_of_one(status, least) for status in statuses))


def _of_all(used: SandboxStatus | None, statuses: tuple[SandboxStatus, ...], least: SandboxTier) -> Diagnosis:
    if used:
        message = f"{used.tier}: {used.reason} Limits: {used.limits}"
        return Diagnosis(area="sandbox", state="ok", message=message, needed=True, facts=_facts(used, least))
    why = next(iter(statuses), _NO_SYSTEM)
    message = (
        why.reason if why.cause == "no_interpreter" or not statuses else f"No tier holds here that is at least {least}."
    )
    hint = " ".join(dict.fromkeys(status.hint for status in (*statuses, why) if status.hint))
    return Diagnosis(area="sandbox", state="problem", message=message, hint=hint, needed=True, facts=_facts(why, least))


def _facts(status: SandboxStatus, least: SandboxTier) -> dict[str, Any]:  # Any: JSON values
    return {"tier": status.tier, "limits": status.limits, "interpreter": status.interpreter, "least": least}


def _of_one(status: SandboxStatus, least: SandboxTier) -> Diagnosis:
    name = status.tried or "rlimits"
    facts = {"tier": name, "holds": status.tier is not None, "namespaces": status.namespaces, "python": status.python}
    area = str(name)
    if status.tier is None:
        return Diagnosis(area=area, state="off", message=status.reason, hint=status.hint, facts=facts)
    if tier_suffices(name, least):
        return Diagnosis(area=area, state="ok", message=status.reason, facts=facts)
    return Diagnosis(area=area, state="off", message=f"{status.reason} It is below {least}, and not used.", facts=facts)
