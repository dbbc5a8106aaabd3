"""The chat model as a generator: it writes a module, and repairs the one that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage, trim_messages
from langchain_core.messages.utils import count_tokens_approximately

from genloom.nodes.briefing import (
    constraints_section,
    context_section,
    demand_section,
    examples_section,
    prompt_section,
    signature_section,
    tests_section,
)
from genloom.nodes.conversation import ask, kept_message, own_message_ids
from genloom.nodes.generators.extension import as_extension
from genloom.nodes.generators.generator import Abstention, Assignment, Generated
from genloom.nodes.generators.proposals import propose_checks
from genloom.nodes.holding_back import hidden_examples
from genloom.nodes.runtime import NodeRuntime
from genloom.state import GenerationRequest, module_draft
from genloom.tools.chat import message_text, module_in_reply

__all__ = ["HISTORY_TOKENS", "recent", "write_with_model"]

HISTORY_TOKENS = 32_000
"""How much of the earlier attempts a model is told, by LangChain's rough count."""


async def write_with_model(assignment: Assignment, runtime: NodeRuntime) -> Generated | Abstention:
    """Ask the configured chat model for the module. Of enough examples some are held back (see `hidden_examples`).

    The prompt is rendered anew on every visit, since checkpoints hold no context text; the conversation of earlier
    attempts (replies and evidence) follows it. A reply of a wrong form becomes a draft that cannot pass, so that repair
    tells the model what was wrong; where a module is extended, the reply is appended to it. With no examples and no tests
    the model proposes checks first, or writes them as doctests where a draft may cost one call alone.
    """
    model = runtime.context.model
    if model is None:
        return Abstention(reason="no model is configured")
    request = assignment.request
    proposed = await _proposed(assignment, model, runtime)
    own = set(own_message_ids(assignment.messages))
    earlier = recent([message for message in assignment.messages if message.id in own])
    answer = await ask(model, [*await _opening(assignment, runtime), *earlier], runtime)
    reply = module_in_reply(message_text(answer.content))
    source, complaint = await asyncio.to_thread(as_extension, request, *reply)
    draft = module_draft(
        source,
        path=request.draft_path,
        name=request.target_name,
        generator="model",
        model=model,
        notes=(complaint,) if complaint else (),
    )
    unseen = tuple(sorted(_hidden(assignment, runtime)))
    return Generated(
        draft=draft.model_copy(update={"proposed_checks": proposed, "held_out": unseen}),
        messages=(kept_message(answer),),
    )


async def _proposed(assignment: Assignment, model: str, runtime: NodeRuntime) -> tuple[str, ...]:
    """Keep the checks that were proposed for the first draft: a repaired draft answers to the same."""
    earlier = [a.draft.proposed_checks for a in assignment.attempts if a.draft.generator == "model"]
    if earlier:
        return earlier[0]
    if assignment.request.all_examples or assignment.request.tests or runtime.context.one_call:
        return ()
    if "proposed" not in runtime.memory:  # a retry after a failed answer need not ask for them again
        runtime.memory["proposed"] = await propose_checks(assignment.request, model, runtime)
    return tuple(runtime.memory["proposed"])


async def _opening(assignment: Assignment, runtime: NodeRuntime) -> list[BaseMessage]:
    request = assignment.request
    task = runtime.prompts.load("generate").render(
        context=await context_section(request, assignment.context, runtime),
        prompt=await prompt_section(request, runtime),
        signature=signature_section(request),
        constraints=constraints_section(request),
        examples=examples_section(request, hidden=_hidden(assignment, runtime)),
        tests=tests_section(request),
        demand="\n".join([demand_section(request, runtime.prompts), *_own_checks(request, runtime)]),
    )
    return [SystemMessage(runtime.prompts.load("generate_system").render()), HumanMessage(task)]


def _own_checks(request: GenerationRequest, runtime: NodeRuntime) -> tuple[str, ...]:
    """Where the caller gave no checks and none are asked for apart, the model is to write its own into the module."""
    asked = runtime.context.one_call and not (request.all_examples or request.tests)
    return (runtime.prompts.load("doctests").render(),) if asked else ()


def _hidden(assignment: Assignment, runtime: NodeRuntime) -> frozenset[str]:
    return hidden_examples(assignment.request, assignment.attempts, hold=runtime.context.hold_back)


def recent(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return the newest messages that fit `HISTORY_TOKENS`, in order; the last one, which holds the evidence, always."""
    kept = trim_messages(
        list(messages), max_tokens=HISTORY_TOKENS, token_counter=count_tokens_approximately, strategy="last"
    )
    return list(kept) or list(messages[-1:])
