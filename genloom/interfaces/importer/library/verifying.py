"""Verifying pins: the bytes are the accepted ones, and they still pass the checks that the lock file keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from genloom.config import load_settings
from genloom.errors import UsageError
from genloom.interfaces.importer.library.kept_tests import kept_examples
from genloom.interfaces.importer.library.library import Library, ModuleState
from genloom.interfaces.importer.pins.lock_file import PinEntry
from genloom.portal import run_sync
from genloom.state import GenerationRequest, GraphContext, Verdict, module_draft
from genloom.tools.checks import verdict_to_json, verify_draft
from genloom.tools.sandbox import sandbox_for

__all__ = ["VerifiedPin", "verify_pins", "verify_text"]

_EVERYWHERE = "__doc__"
"""What every module has: one of which no name was asked is only loaded."""


@dataclass(frozen=True, kw_only=True)
class VerifiedPin:
    """What verifying one module showed: the state of its file, and the verdict of its checks (`None`: not run)."""

    state: ModuleState
    verdict: Verdict | None

    @property
    def holds(self) -> bool:
        """Whether the module is what was accepted: the same bytes, and nothing that was checked fails now."""
        if self.state.state in ("unlocked", "pending"):  # nobody accepted it: there is nothing to hold
            return True
        if self.state.is_package:
            return self.state.state == "pinned"
        if self.state.state != "pinned" or self.verdict is None:
            return False
        unproven = self.verdict.result == "not_run" and self.verdict.executed
        return self.verdict.result == "passed" or (unproven and self.state.verdict != "passed")

    @property
    def line(self) -> str:
        """One line for a person."""
        if self.state.state == "edited":
            return f"EDITED  {self.state.module}: not the accepted bytes; `genloom lib diff`, then `genloom lib adopt`"
        if self.state.state == "missing":
            return (
                f"MISSING {self.state.module}: {self.state.path} is not there; restore it, or `genloom lib regenerate`"
            )
        if self.verdict is None:
            return f"-       {self.state.module}: {self.state.state}"
        return f"{'ok     ' if self.holds else 'FAILED '} {self.state.module}: {self.verdict.result.replace('_', ' ')}"

    def to_json(self) -> dict[str, Any]:  # Any: JSON values
        """Return the pin as `genloom lib verify --json` prints it."""
        verdict = None if self.verdict is None else verdict_to_json(self.verdict)
        return {**self.state.to_json(), "holds": self.holds, "verdict": verdict}


def verify_pins(library: Library, modules: Sequence[str] = ()) -> tuple[VerifiedPin, ...]:
    """Verify these modules, or all that are listed. Checks run only on files that are the pinned ones."""
    states = [library.state(name) for name in modules] if modules else library.states()
    return tuple(_verified(library, state) for state in states)


def _verified(library: Library, state: ModuleState) -> VerifiedPin:
    if state.state != "pinned" or state.entry is None or state.is_package:
        return VerifiedPin(state=state, verdict=None)
    verdict = verify_text(library, state.module, library.source(state.module), state.entry)
    return VerifiedPin(state=state, verdict=verdict)


def verify_text(library: Library, module: str, source: str, entry: PinEntry, *, tests: str = "") -> Verdict:
    """Run a text of the module against the checks that its entry keeps, in the sandbox, at the module's own place in its
    project. `tests` replaces the entry's own."""
    place = library.place(module)
    settings, context = GraphContext(
        repository=str(place.repository) if place.repository else None,
        python=library.python,
        allow_weak_sandbox=library.allow_weak_sandbox,
    ).resolved(load_settings())
    request = GenerationRequest(
        prompt=f"Verify {module}",
        names=entry.names,
        name=entry.names[0] if entry.names else _EVERYWHERE,
        examples=kept_examples(entry.checks),
        tests=tests or entry.tests or None,
        target=place.target,
    )
    draft = module_draft(source, path=request.draft_path, name=request.target_name, generator="model")

    async def verified() -> Verdict:
        sandbox = await asyncio.to_thread(sandbox_for, context, settings)
        return await verify_draft(draft, request, sandbox)

    return run_sync(verified())


def demand_entry(state: ModuleState) -> PinEntry:
    """Return the module's entry in the lock file. Raises `UsageError` where it has none."""
    if state.entry is None:
        raise UsageError(f"{state.module} is not pinned.", hint="`genloom lib list` shows what is.")
    return state.entry
