"""The node that gives the request to a Codegen agent and takes its draft."""

from __future__ import annotations

import asyncio
from typing import NotRequired

from typing_extensions import TypedDict

from genloom.errors import AgentError, GenerationError, UsageError
from genloom.nodes.briefing import (
    constraints_section,
    context_section,
    demand_section,
    examples_section,
    prompt_section,
    signature_section,
    tests_section,
)
from genloom.nodes.generators.extension import as_extension
from genloom.nodes.holding_back import hidden_examples
from genloom.nodes.node import node
from genloom.nodes.paid_run import backend_name, demand_completed, run_journal
from genloom.nodes.runtime import NodeRuntime
from genloom.state import (
    AgentRun,
    Attempt,
    CodeContext,
    Draft,
    Failure,
    GenerationRequest,
    NotRun,
    Verdict,
)
from genloom.tools.checks import name_bases
from genloom.tools.checks.judging import check_text
from genloom.tools.codegen import agent_backends, agent_draft
from genloom.tools.codegen.backends import OnSiteBackend
from genloom.tools.codegen.request_metadata import request_metadata
from genloom.tools.security import present

__all__ = ["dispatch_agent"]


class DispatchAgentInput(TypedDict):
    """The request with its context, and what was tried before the agent was called."""

    request: GenerationRequest
    context: NotRequired[CodeContext | None]
    attempts: NotRequired[tuple[Attempt, ...]]
    failure: NotRequired[Failure | None]


class DispatchAgentOutput(TypedDict):
    """The run as it ended; its draft, or `None` with a verdict that says why there is none; or the failure of the
    backend, when drafts were made before."""

    agent_run: AgentRun | None
    draft: Draft | None
    verdict: Verdict | None
    failure: Failure | None


@node("dispatch_agent")
async def dispatch_agent(state: DispatchAgentInput, runtime: NodeRuntime) -> DispatchAgentOutput:
    """Run the request on the configured agent backend.

    The idempotency key is made of the organisation and LangGraph's task id, which a retry and a resumed run share: the
    run is found again and never started twice. When the backend fails, too, the error is `GenerationError` with all
    causes, unless drafts were made before: then the failure stands in the state beside them and the run ends as failed.
    """
    configured, request = agent_backends.get(backend_name(runtime)), state["request"]
    hidden = hidden_examples(request, state.get("attempts") or (), hold=False)
    on_site = configured.at(runtime.context.repository) if isinstance(configured, OnSiteBackend) else None
    run = None
    try:
        run = await (on_site or configured).run(
            await _prompt(state, runtime, hidden) if on_site is None else _briefly(state, runtime),
            metadata=request_metadata(request, hidden=hidden),
            idempotency_key=f"genloom-{runtime.settings.organisation}-{runtime.task_id}",
            deadline=runtime.context.agent_seconds,
            journal=run_journal(runtime),
            emit=runtime.emit,
        )
        demand_completed(run)
    except (AgentError, UsageError) as error:
        if runtime.will_retry(error):
            raise
        return _failed(error, state, run)
    draft = await agent_draft(run, request, settings=runtime.settings, repository=runtime.context.repository)
    if isinstance(draft, NotRun):
        return {"agent_run": run, "draft": None, "verdict": draft, "failure": state.get("failure")}
    draft = await asyncio.to_thread(_extended, draft, request)
    draft = await asyncio.to_thread(name_bases, draft, runtime.context.repository)
    draft = draft.model_copy(update={"held_out": tuple(sorted(hidden)), "fitted_to": _fitted_to(run, request)})
    return {"agent_run": run, "draft": draft, "verdict": None, "failure": state.get("failure")}


def _extended(draft: Draft, request: GenerationRequest) -> Draft:
    """The draft of one module as what is appended to the module that the request extends; a pull request's is whole."""
    if request.extends is None or len(draft.changes) != 1 or draft.changes[0].content is None:
        return draft
    source, complaint = as_extension(request, draft.source, "")
    changes = (draft.changes[0].model_copy(update={"content": source}),)
    return draft.model_copy(update={"changes": changes, "notes": (*filter(None, [complaint]), *draft.notes)})


def _fitted_to(run: AgentRun, request: GenerationRequest) -> tuple[str, ...]:
    """The request's examples that the run's result was fitted to, as verdicts name them."""
    fitted = set(map(check_text, run.fitted or ()))
    return tuple(example.text for example in request.all_examples if check_text(example.text) in fitted)


def _failed(error: AgentError | UsageError, state: DispatchAgentInput, run: AgentRun | None) -> DispatchAgentOutput:
    """Keep the failure beside the drafts that were made; raise when there are none."""
    failure = state.get("failure")
    if state.get("attempts") and failure is None:
        kept = (
            Failure.of(error) if isinstance(error, AgentError) else Failure(kind="bad_request", message=error.message)
        )
        return {"agent_run": run, "draft": None, "verdict": None, "failure": kept}
    if failure is None:
        raise GenerationError(f"The agent failed: {error.message}", causes=(error,), hint=error.hint) from error
    raise GenerationError(
        f"Both the model and the agent failed. Model: {failure.message} Agent: {error.message}",
        causes=(failure.to_error(), error),
        hint="`genloom doctor` shows what is configured and reachable.",
    ) from error


def _history(state: DispatchAgentInput, runtime: NodeRuntime) -> str:
    return "\n\n".join(
        f"# Attempt {attempt.number} ({attempt.draft.generator}) failed\n\n"
        + present("what was found", attempt.evidence, secrets=runtime.settings.secrets)
        for attempt in state.get("attempts") or ()
    )


def _briefly(state: DispatchAgentInput, runtime: NodeRuntime) -> str:
    """What an agent on this machine is told beside the request itself."""
    return "\n\n".join(filter(None, (state["request"].prompt, _history(state, runtime))))


async def _prompt(state: DispatchAgentInput, runtime: NodeRuntime, hidden: frozenset[str]) -> str:
    request = state["request"]
    return runtime.prompts.load("agent").render(
        context=await context_section(request, state.get("context"), runtime),
        prompt=await prompt_section(request, runtime),
        signature=signature_section(request),
        constraints=constraints_section(request),
        examples=examples_section(request, hidden=hidden),
        tests=tests_section(request),
        history=_history(state, runtime),
        demand=demand_section(request, runtime.prompts),
    )
