"""Generating: the generation graph behind an import."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

from genloom.config import Settings, load_settings
from genloom.errors import GeneratedImportError, GenloomError
from genloom.interfaces.importer.asked import GeneratedSource, ModuleRequest
from genloom.interfaces.importer.generation import review_gate
from genloom.interfaces.importer.generation.ending import accepted_source, error_of, refused, speaks_against
from genloom.interfaces.importer.generation.request import ImportRequest, import_request
from genloom.interfaces.importer.options import is_terminal
from genloom.interfaces.python import agenerate
from genloom.interfaces.result import GenerationResult
from genloom.portal import run_sync
from genloom.state import ReviewPolicy
from genloom.state.review_policy import PolicyAction
from genloom.tools.checks.reviewing.static.at_import import RULE as AT_IMPORT

__all__ = ["agenerate_source", "generate_module"]


def generate_module(asked: ModuleRequest) -> GeneratedSource:
    """Generate, verify and review what an import asks for, and return it once it is accepted. Nothing of it is executed in
    this process.

    Works inside a running event loop; Ctrl-C and `asked.options.deadline` stop it. Raises `GeneratedImportError` that says
    what was tried, with the evidence and the cause, and `PendingReview` where a person has to decide elsewhere.
    """
    if sys.is_finalizing():  # no thread can be started any more
        raise GeneratedImportError(f"{asked.module} cannot be generated while Python shuts down.", name=asked.module)
    made = run_sync(_made(asked))
    if isinstance(made, review_gate.PendingRecord):
        approve = review_gate.ask_person(made)
        return run_sync(_decided(asked, made, approve=approve))
    return made


async def agenerate_source(asked: ModuleRequest) -> GeneratedSource:
    """As `generate_module`, for use in an event loop, which it does not block. Cancelling the task stops it. Nobody is
    asked: a thread that waits for a line could not be stopped."""
    made = await _made(asked)
    if isinstance(made, review_gate.PendingRecord):
        raise review_gate.waits(made)
    return made


async def _made(asked: ModuleRequest) -> GeneratedSource | review_gate.PendingRecord:
    """What is accepted, or what a person has to decide on: the same record as long as its run waits."""
    try:
        settings = load_settings()
        built = await asyncio.to_thread(import_request, asked, settings)
        waiting = await asyncio.to_thread(review_gate.waiting_review, asked)
        if waiting is not None:
            same = set(asked.names) <= set(waiting.names)
            if await review_gate.is_waiting(waiting, built.request if same else None):
                if same:
                    return waiting
                raise review_gate.waits(waiting, asked)
            await asyncio.to_thread(review_gate.forget, asked.options.directory, waiting)
        _tell_at_terminal(asked)
        result = await agenerate(built.request, **_options(asked, built, settings))
        if result.outcome == "pending":
            return await asyncio.to_thread(review_gate.pend, asked, result)
    except GeneratedImportError:
        raise
    except GenloomError as error:
        raise error_of(asked, error) from error
    return _concluded(asked, built, result)


def _tell_at_terminal(asked: ModuleRequest) -> None:
    """A program that comes to a halt says why, to whoever sits before it."""
    if asked.caller is not None and sys.stderr is not None and is_terminal(sys.stderr):
        print(f"genloom: writing {asked.module} ({', '.join(asked.names)}); Ctrl-C stops", file=sys.stderr, flush=True)


async def _decided(asked: ModuleRequest, record: review_gate.PendingRecord, *, approve: bool) -> GeneratedSource:
    try:
        return await review_gate.decide(asked, record, approve=approve)
    except GeneratedImportError:
        raise
    except GenloomError as error:
        raise error_of(asked, error) from error


def _options(asked: ModuleRequest, built: ImportRequest, settings: Settings) -> Any:  # Any: GenerateOptions, as a dict
    """How the graph runs: in the place's repository, on this interpreter, for one model call where the first draft holds.

    Only a run that a person or an agent takes part in keeps a thread; an import that is stopped starts anew.
    """
    options = asked.options
    given = dict(options.context)
    reviewed = options.mode == "review"
    paid = bool(given.get("allow_fallback"))
    repository = str(built.place.repository) if built.place.repository is not None else None
    defaults: dict[str, Any] = {"python": settings.python or sys.executable, "one_call": True}
    if not reviewed:
        defaults["further_checks"] = "off"  # they would only advise, and there is nobody to read it
    return {
        **defaults,
        **given,
        "policy": _policy(given.get("policy"), reviewed=reviewed),
        "repository": repository,
        **({"model": options.model} if options.model else {}),
        "accept_unverified": options.accept_unverified,
        "approval": reviewed,
        "durable": reviewed or paid,
        "cache": False,
        "deadline": options.deadline,
    }


def _policy(given: ReviewPolicy | Mapping[str, Any] | None, *, reviewed: bool) -> ReviewPolicy:
    """The caller's policy, by which a module that acts when it is imported is refused: what the sandbox kept from it, this
    process would not. Where a person decides, that and what the module reaches for are shown instead, unless the policy
    itself is stricter."""
    policy = ReviewPolicy.model_validate(given or {})
    if not reviewed:
        return policy.model_copy(update={"at_least": {AT_IMPORT: "review", **policy.at_least}})
    shown: dict[str, PolicyAction] = {AT_IMPORT: "warning", "capability:*": "warning"}
    return policy.model_copy(update={"rules": {**shown, **policy.rules}})


def _concluded(asked: ModuleRequest, built: ImportRequest, result: GenerationResult) -> GeneratedSource:
    if not result.usable or (result.outcome == "unverified" and speaks_against(result)):
        raise refused(asked.module, asked.names, result)
    accepted_by = "accept_unverified" if result.outcome == "unverified" else ""
    return accepted_source(result, built.request, asked.names, accepted_by=accepted_by)
