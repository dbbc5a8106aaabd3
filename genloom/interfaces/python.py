"""Generating from Python: the cache in front of the graph."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Unpack

from genloom.errors import GenloomError, RunCancelledError
from genloom.interfaces.answers import KeptAnswers
from genloom.interfaces.cache_key import cache_key
from genloom.interfaces.job import GenerateOptions, GenerationJob, prepare_job
from genloom.interfaces.recording import Recording, recording
from genloom.interfaces.result import GenerationResult
from genloom.portal import run_sync
from genloom.state import CodeContext, GenerationRequest
from genloom.state.prompt_examples import notes_of_examples
from genloom.tools.codebase import build_context, open_codebase
from genloom.tools.codebase.context.injection import INDEX_SECONDS
from genloom.tools.plugins import PluginResult, active_plugins
from genloom.tools.security import redact

__all__ = ["agenerate", "generate"]


def generate(
    prompt: str | GenerationRequest | Mapping[str, Any],  # Any: a request as plain JSON
    **options: Unpack[GenerateOptions],
) -> GenerationResult:
    """Turn a request into checked code and return how it ended.

    `prompt` says what the code should do, or is a whole `GenerationRequest` (typed or as a dict); see `GenerateOptions`
    for the keyword arguments. Works with no key and no network: without a model, reuse and search write the code.
    Returns `passed`, `unverified`, `failed`, `needs_model` and `pending` as outcomes; raises `UsageError`,
    `CredentialError`, `GenerationError`, and `RunCancelledError` on Ctrl-C or past the deadline, after the state was
    saved. May be called while an event loop runs in this thread.
    """
    job = prepare_job(prompt, options)
    with recording(job.settings, job.on_event, thread_id=job.thread_id if job.durable else None) as record:
        try:
            return run_sync(_run(replace(job, on_event=record.emit), record))
        except KeyboardInterrupt:
            raise _cancelled(job, record, "The run was interrupted.") from None


async def agenerate(
    prompt: str | GenerationRequest | Mapping[str, Any],  # Any: a request as plain JSON
    **options: Unpack[GenerateOptions],
) -> GenerationResult:
    """As `generate`, for use in an event loop. Cancelling the task saves the state and stops the run."""
    job = prepare_job(prompt, options)
    with recording(job.settings, job.on_event, thread_id=job.thread_id if job.durable else None) as record:
        return await _run(replace(job, on_event=record.emit), record)


async def _run(job: GenerationJob, record: Recording) -> GenerationResult:
    began = time.monotonic()
    try:
        async with asyncio.timeout(job.deadline):
            result = await (_run_cached(job) if job.cacheable else _run_graph(job, None))
    except TimeoutError as error:
        if job.deadline is None or time.monotonic() - began < job.deadline:
            raise
        raise _cancelled(job, record, f"The deadline of {job.deadline:g} seconds has passed.") from error
    except GenloomError as error:
        if job.durable and record.began:
            error.thread_id = job.thread_id
        raise
    await record.finish(result)
    await asyncio.to_thread(active_plugins(job.context, job.on_event).tell, _told(job, result))
    return result


def _told(job: GenerationJob, result: GenerationResult) -> PluginResult:
    """What plugins are told of a result."""
    return PluginResult(
        request=job.request,
        outcome=result.outcome,
        accepted=result.accepted,
        draft=result.draft,
        verdict=result.verdict,
        review=result.review,
        cached=result.cached,
    )


def _cancelled(job: GenerationJob, record: Recording, message: str) -> RunCancelledError:
    if not job.durable or not (record.began or job.named_thread):
        return RunCancelledError(message, hint="Nothing was saved: start it again.")
    hint = f"Resume it with `genloom thread resume {job.thread_id}`."
    return RunCancelledError(message, thread_id=job.thread_id, hint=hint)


async def _run_cached(job: GenerationJob) -> GenerationResult:
    """Answer from the cache, or be the one process that makes the answer."""
    began = time.perf_counter()
    code = await asyncio.to_thread(build_context, job.request, job.context, job.settings, job.on_event)
    answers = KeptAnswers(job.settings, job.on_event)
    key = await asyncio.to_thread(cache_key, job.request, code, job.context, job.settings)
    async with answers.asking(key) as kept:
        if kept is None:
            result = await _run_graph(job, code)
            if _may_be_kept(result) and key == await _key_now(job, code):
                await answers.keep(key, result)
            return result
    for note in notes_of_examples(job.request.prompt_examples):  # else the graph's first node tells them
        job.on_event(note.model_copy(update={"message": redact(note.message, secrets=job.settings.secrets)}))
    return kept.model_copy(update={"cached": True, "thread_id": None, "seconds": time.perf_counter() - began})


async def _key_now(job: GenerationJob, code: CodeContext) -> str:
    """Return the key as it is after the run: a file that changed meanwhile makes it another."""
    if job.context.repository is not None:
        codebase = await asyncio.to_thread(open_codebase, job.context.repository, job.settings)
        await asyncio.to_thread(codebase.refresh, deadline=time.monotonic() + INDEX_SECONDS)
    return await asyncio.to_thread(cache_key, job.request, code, job.context, job.settings)


def _may_be_kept(result: GenerationResult) -> bool:
    """Only what passed is kept, and neither an answer that the clock decided nor one whose reviewer was not heard."""
    unheard = result.review is not None and result.review.unheard
    return result.outcome == "passed" and result.draft is not None and not result.draft.cut_by_clock and not unheard


async def _run_graph(job: GenerationJob, code: CodeContext | None) -> GenerationResult:
    # imports LangGraph, which a cached answer need not pay for, and which would hold up the loop for a second
    await asyncio.to_thread(importlib.import_module, "genloom.interfaces.thread")
    from genloom.interfaces.thread import run_thread

    return await run_thread(job, code)
