"""The plan: which checks a draft has, and what each of them can prove."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from genloom.errors import ExampleError
from genloom.state import CheckSource, Draft, Example, GenerationRequest, parse_example
from genloom.syntax import parse_module
from genloom.tools.checks.doctests import docstring_examples
from genloom.tools.checks.subject import parse_source

__all__ = ["CheckPlan", "PlannedCheck", "plan_checks"]

MAX_PROPOSED = 50
MAX_ASSERTIONS = 200
MAX_CONTEXT_CHARACTERS = 1_000_000

_FITTED_GENERATORS = ("search", "reuse")


@dataclass(frozen=True, kw_only=True)
class PlannedCheck:
    """One example to be run. `fitted` and `hidden` mean what they mean in `CheckResult`."""

    example: Example
    source: CheckSource
    fitted: bool = False
    hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class CheckPlan:
    """All checks of one draft: examples for the parent to compare, and the text of a pytest file."""

    examples: tuple[PlannedCheck, ...] = ()
    tests: str | None = None

    @property
    def visible(self) -> tuple[PlannedCheck, ...]:
        """The examples that a generator may hear of."""
        return tuple(check for check in self.examples if not check.hidden)

    @property
    def hidden(self) -> tuple[PlannedCheck, ...]:
        """The examples held back from the generator; they run in a process of their own."""
        return tuple(check for check in self.examples if check.hidden)

    def without_idle(self, trees: Sequence[ast.Module]) -> tuple[CheckPlan, tuple[PlannedCheck, ...]]:
        """Return the plan without the examples that ask nothing of the code in `trees`, and these: an example of builtins
        alone (`len('abc') == 3`) holds whatever the code is, unless the code binds one of the names itself."""
        bound = {name for tree in trees for name in _bound(tree)}
        idle = tuple(check for check in self.examples if _builtins_alone(check.example.call, bound))
        return replace(self, examples=tuple(check for check in self.examples if check not in idle)), idle

    @property
    def from_caller(self) -> bool:
        """Whether the caller asked for any check: what a generator proposed does not count."""
        return self.tests is not None or any(check.source != "proposed" for check in self.examples)


def plan_checks(draft: Draft, request: GenerationRequest, *, trees: Sequence[ast.Module] | None = None) -> CheckPlan:
    """Return the checks of a draft, the caller's first. A call that the caller asks about is asked about by nobody else.

    - The request's examples: `example`, or `held_out` (hidden) where the draft names them as held out. For search and
      reuse every other one counts as fitted, named by the draft or not.
    - Plain `assert call == literal` lines on the asked name in the caller's context: `assertion`. Other code of the
      context is never executed. Not for a request that extends a module: whoever imports chose the checks already.
    - The generator's own claims, its proposed checks and the doctests it wrote: `proposed`. They prove nothing, and one
      that asks of a call something else than the caller does is left out.

    `trees` are the draft's parsed files, where the caller has them already.
    """
    checks = list(_requested(draft, request))
    for more in (_asserted(request), _proposed(draft, trees)):
        calls = {check.example.call for check in checks}
        checks += {c.example.call: c for c in more if c.example.call not in calls}.values()
    return CheckPlan(examples=tuple(checks), tests=request.tests if (request.tests or "").strip() else None)


def _requested(draft: Draft, request: GenerationRequest) -> Iterator[PlannedCheck]:
    fitted, held_out = _texts(draft.fitted_to), _texts(draft.held_out)
    for example in request.all_examples:
        hidden = example.text in held_out and example.text not in fitted
        yield PlannedCheck(
            example=example,
            source="held_out" if hidden else "example",
            fitted=not hidden and (example.text in fitted or draft.generator in _FITTED_GENERATORS),
            hidden=hidden,
        )


def _asserted(request: GenerationRequest) -> Iterator[PlannedCheck]:
    if request.extends is not None:
        return
    asked = {request.target_name, *request.names}
    known = {*asked, *dir(builtins)}
    examples = _parsed_all(line for text in request.codebase_context.values() for line in _assert_lines(text))
    own = [e for e in examples if e.function in asked and _names(e.call) <= known]
    for example in own[:MAX_ASSERTIONS]:
        yield PlannedCheck(example=example, source="assertion")


def _assert_lines(text: str) -> list[str]:
    if "assert " not in text or len(text) > MAX_CONTEXT_CHARACTERS:
        return []
    tree = parse_source(text)
    if isinstance(tree, ast.Module):
        lines = (ast.get_source_segment(text, node.test) for node in ast.walk(tree) if isinstance(node, ast.Assert))
        return [line for line in lines if line]
    # not a module as it stands (prose, a fragment): whole lines may still be assertions
    return [line.strip() for line in text.splitlines() if line.strip().startswith("assert ")]


def _names(expression: str) -> set[str]:
    """The names that an expression needs from outside."""
    return {node.id for node in ast.walk(parse_module(expression)) if isinstance(node, ast.Name)}


def _builtins_alone(call: str, bound: set[str]) -> bool:
    names = _names(call)
    return "*" not in bound and names.isdisjoint(bound) and names <= {*dir(builtins)}


def _bound(tree: ast.Module) -> Iterator[str]:
    """Every name that a module binds anywhere, `*` for whatever a star import brings."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.alias(name=name, asname=alias):
                yield alias or name.partition(".")[0]


def _proposed(draft: Draft, trees: Sequence[ast.Module] | None) -> Iterator[PlannedCheck]:
    claims = (*_parsed_all(draft.proposed_checks), *_own_doctests(draft, trees))
    for example in claims[:MAX_PROPOSED]:
        yield PlannedCheck(example=example, source="proposed")


def _own_doctests(draft: Draft, trees: Sequence[ast.Module] | None) -> tuple[Example, ...]:
    if len(draft.changes) != 1:
        return ()
    parsed = [parse_source(draft.source)] if trees is None else trees
    return tuple(example for tree in parsed if isinstance(tree, ast.Module) for example in docstring_examples(tree))


def _texts(texts: Iterable[str]) -> frozenset[str]:
    return frozenset({*texts, *(example.text for example in _parsed_all(texts))})


def _parsed_all(texts: Iterable[str]) -> tuple[Example, ...]:
    return tuple(example for text in texts if (example := _parsed(text)) is not None)


def _parsed(text: str) -> Example | None:
    try:
        return parse_example(text)
    except (ExampleError, RecursionError):
        return None
