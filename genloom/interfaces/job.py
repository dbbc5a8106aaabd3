"""A job: one request with all that it runs with, prepared before anything runs."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from genloom.config import Settings, load_settings
from genloom.errors import CredentialError, UsageError
from genloom.events import EventEmitter, ignore_events
from genloom.interfaces.agents import offer_agents
from genloom.interfaces.asked import as_dict, as_request
from genloom.prompts import Prompts
from genloom.state import Capability, Comparison, FurtherChecks, GenerationRequest, GraphContext, ReviewPolicy
from genloom.state.draft import OwnGenerator
from genloom.tools.chat.models import registered_models
from genloom.tools.codegen import NO_BACKEND_HINT
from genloom.tools.house_rules import policy_for
from genloom.tools.plugins import active_plugins
from genloom.tools.sandbox import find_interpreter
from genloom.tools.security import Redactor

__all__ = ["GenerateOptions", "GenerationJob", "as_context", "prepare_job"]


class GenerateOptions(TypedDict, total=False):
    """The keyword arguments of `generate` and `agenerate`.

    The request's own: `name`, `names`, `extends`, `signature`, `examples`, `tests`, `tests_path`, `comparison` (a
    `Comparison` or a text such as `unordered,tolerance=1e-9`), `target`, `constraints`, `codebase_context`, `use_agent`.
    The context: `context`, and single fields of it, which win over it. The run: `thread_id` (resumes that thread, or
    starts it), `durable` (keep checkpoints; default true), `cache` (use the result cache; default true), `on_event`,
    `deadline` (seconds).
    """

    name: str | None
    names: Sequence[str]
    extends: str | None
    signature: str | None
    examples: Sequence[str]
    tests: str | None
    tests_path: str | None
    comparison: Comparison | str
    target: str | None
    constraints: Sequence[str]
    codebase_context: Mapping[str, str] | str
    use_agent: bool
    context: GraphContext | Mapping[str, Any] | None  # Any: plain JSON of a context
    repository: str | Path | None
    python: str | Path | None
    model: str | None
    reviewer_model: str | None
    generators: Sequence[OwnGenerator]
    search_seconds: float
    search_megabytes: int
    search_cores: int
    plugins: Sequence[str] | None
    prompts: Mapping[str, str]
    check_seconds: float
    further_checks: FurtherChecks
    hold_back: bool
    one_call: bool
    max_attempts: int
    context_tokens: int
    agent_backend: str | None
    agent_seconds: float
    allow_fallback: bool
    approval: bool
    accept_unverified: bool
    granted: Sequence[Capability]
    policy: ReviewPolicy | Mapping[str, Any]  # Any: a policy as plain JSON
    allow_weak_sandbox: bool
    organisation: int | None
    thread_id: str | None
    durable: bool
    cache: bool
    on_event: EventEmitter
    deadline: float | None


@dataclass(frozen=True, kw_only=True)
class GenerationJob:
    """A validated request with its completed context. `named_thread` says that the caller chose the thread, which may
    exist already."""

    request: GenerationRequest
    context: GraphContext
    settings: Settings
    thread_id: str
    named_thread: bool
    durable: bool
    cache: bool
    on_event: EventEmitter
    deadline: float | None

    @property
    def cacheable(self) -> bool:
        """Whether an earlier answer would do: not for a thread of the caller's, a person's approval, an agent's
        work, a model that the caller registered (whose name says nothing of what it is), or a plugin without a
        version."""
        own_models = {self.context.model, self.context.reviewer_model} & set(registered_models.names())
        return (
            self.cache
            and not (self.named_thread or self.context.approval or self.request.use_agent or own_models)
            and (active_plugins(self.context).cacheable)
        )


_RUN_OPTIONS = frozenset({"thread_id", "durable", "cache", "on_event", "deadline", "context"})


def prepare_job(
    prompt: str | GenerationRequest | Mapping[str, Any],  # Any: a request as plain JSON
    options: GenerateOptions,
) -> GenerationJob:
    """Validate everything that was asked. Raises `RequestError` or `UsageError` that say what is wrong."""
    offer_agents()
    given: dict[str, Any] = {key: _plain(value) for key, value in options.items() if key not in _RUN_OPTIONS}
    unknown = sorted(set(options) - set(GenerateOptions.__annotations__))
    if unknown:
        raise UsageError(f"Unknown option {', '.join(unknown)}.", hint="help(genloom.generate) lists the options.")
    of_request = {key: given.pop(key) for key in list(given) if key in GenerationRequest.model_fields}
    settings, context = as_context(options.get("context"), given).resolved(load_settings())
    if context.python is not None:
        context = context.model_copy(update={"python": str(find_interpreter(context.python))})
    request = _without_secrets(as_request(prompt, of_request), settings)
    if request.use_agent and context.agent_backend is None:
        raise CredentialError("An agent was asked for, but no agent backend is configured.", hint=NO_BACKEND_HINT)
    thread_id = options.get("thread_id")
    _demand_sense(options, context)
    return GenerationJob(
        request=request,
        context=context,
        settings=settings,
        thread_id=thread_id or uuid.uuid4().hex[:12],
        named_thread=thread_id is not None,
        durable=options.get("durable", True),
        cache=options.get("cache", True),
        on_event=options.get("on_event", ignore_events),
        deadline=options.get("deadline"),
    )


def _demand_sense(options: GenerateOptions, context: GraphContext) -> None:
    """Raise `UsageError` for what fits no run."""
    thread_id, deadline = options.get("thread_id"), options.get("deadline")
    if thread_id is not None and not (isinstance(thread_id, str) and re.fullmatch(r"[\w.:@-]{1,200}", thread_id)):
        raise UsageError(f"{thread_id!r} is no name for a thread.", hint="Use letters, digits and . : @ - _")
    if deadline is not None and not (isinstance(deadline, int | float) and deadline > 0):
        raise UsageError(f"The deadline {deadline!r} is no number of seconds.")
    if context.approval and not options.get("durable", True):
        raise UsageError("An approval needs a durable run: it could never be resumed.", hint="Leave out durable=False.")
    Prompts.of(context.prompts)  # templates and house rules that cannot be used are told before anything runs
    policy_for(context)


def _without_secrets(request: GenerationRequest, settings: Settings) -> GenerationRequest:
    """The caller's own context is only ever shown to models: its secrets need not even reach a checkpoint."""
    redacted = Redactor(secrets=settings.secrets).data(request.codebase_context)
    return (
        request.model_copy(update={"codebase_context": redacted}) if redacted != request.codebase_context else request
    )


def as_context(context: GraphContext | Mapping[str, Any] | None, changes: Mapping[str, Any]) -> GraphContext:
    """Return the context with some fields changed. Raises `UsageError` that says which value makes no sense."""
    base = {} if context is None else as_dict(context)
    return GraphContext(**{**base, **changes})


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
