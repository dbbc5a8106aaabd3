"""A briefing: the parts of a request as sections of a prompt. Writers, reviewers and agents are told the same way."""

from __future__ import annotations

import asyncio

from genloom.nodes.runtime import NodeRuntime
from genloom.prompts import Prompts
from genloom.state import CodeContext, Comparison, GenerationRequest
from genloom.tools.codebase import build_context, is_current, render_context
from genloom.tools.plugins import active_plugins
from genloom.tools.security import present

__all__ = [
    "constraints_section",
    "context_section",
    "demand_section",
    "examples_section",
    "names_listed",
    "prompt_section",
    "signature_section",
    "tests_section",
]


async def context_section(request: GenerationRequest, context: CodeContext | None, runtime: NodeRuntime) -> str:
    """Return the codebase's text behind the references, and what plugins add, redacted and delimited; may be empty."""
    shown = "" if context is None else await asyncio.to_thread(_rendered, request, context, runtime)
    added = await asyncio.to_thread(_contributed, request, runtime)
    return "\n".join(filter(None, (shown, added)))


def _contributed(request: GenerationRequest, runtime: NodeRuntime) -> str:
    texts = active_plugins(runtime.context, runtime.emit).texts(request, runtime.context)
    return "\n".join(present(each.title, each.text, secrets=runtime.settings.secrets) for each in texts)


async def prompt_section(request: GenerationRequest, runtime: NodeRuntime) -> str:
    """Return what is asked, as the run's plugins want it."""
    return await asyncio.to_thread(lambda: active_plugins(runtime.context, runtime.emit).prompt(request))


def _rendered(request: GenerationRequest, context: CodeContext, runtime: NodeRuntime) -> str:
    """Render the references; when a file behind them has changed (a run that is resumed later), choose them anew."""
    if not is_current(context, runtime.settings):
        context = build_context(request, runtime.context, runtime.settings, runtime.emit)
    return render_context(request, context, runtime.settings)


def signature_section(request: GenerationRequest) -> str:
    """Return the asked signature as a line, or nothing."""
    return f"Signature: `{request.signature}`" if request.signature else ""


def constraints_section(request: GenerationRequest) -> str:
    """Return the caller's constraints as a list, or nothing."""
    return _listed("# Constraints", request.constraints)


def examples_section(request: GenerationRequest, *, hidden: frozenset[str] = frozenset()) -> str:
    """Return the examples that may be shown, as a list that says how they are compared if not by `==`; or nothing."""
    shown = [f"`{e.text}`" for e in request.all_examples if e.text not in hidden]
    how = "" if request.comparison == Comparison() else f"\n\nResults are {request.comparison.describe()}."
    return _listed("# Examples", shown) + (how if shown else "")


def demand_section(request: GenerationRequest, prompts: Prompts | None = None) -> str:
    """Return what is to be written: a module, or what is appended to the one that stands."""
    own, names = prompts or Prompts(), names_listed(request)
    if not request.extends:
        return own.load("demand").render(names=names).strip()
    module = present(request.draft_path, request.extends)
    return own.load("extend").render(module=module, names=names).strip()


def names_listed(request: GenerationRequest) -> str:
    """Return the names that the module must define, as a sentence lists them."""
    *others, last = (f"`{name}`" for name in request.asked_names)
    return f"{', '.join(others)} and {last}" if others else last


def tests_section(request: GenerationRequest) -> str:
    """Return the caller's tests as a block, or nothing."""
    if not request.tests:
        return ""
    return f"# Tests (they import the module as `{request.module_name}`)\n\n```python\n{request.tests.strip()}\n```"


def _listed(title: str, items: list[str] | tuple[str, ...]) -> str:
    return "\n".join([title, "", *(f"- {item}" for item in items)]) if items else ""
