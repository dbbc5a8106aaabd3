"""The request for a module that is imported: the caller's words, code and checks, as the generation graph takes them."""

from __future__ import annotations

import ast
import builtins
import os.path
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from genloom.config import Settings
from genloom.errors import RequestError
from genloom.interfaces.importer.asked import CallSite, ModuleRequest
from genloom.interfaces.importer.caller.assertions import CallerChecks, caller_checks
from genloom.interfaces.importer.caller.caller import Caller, parse_caller
from genloom.interfaces.importer.caller.excerpt import excerpt_of
from genloom.interfaces.importer.caller.remarks import remark_examples
from genloom.interfaces.importer.caller.repeatable import Repeatable
from genloom.interfaces.importer.caller.usages import sibling_signatures, usages_of, users_of
from genloom.interfaces.importer.generation.place import Place, place_of
from genloom.prompts import Prompts
from genloom.state import GenerationRequest, examples_in_text, parse_example
from genloom.state.request import MAX_EXAMPLES
from genloom.syntax import parse_expression, parse_module
from genloom.tools.codebase.ranking.query import CALLER_CODE, USES_IN
from genloom.tools.merging import bound_names
from genloom.tools.security import Redactor

__all__ = ["ImportRequest", "import_request"]


@dataclass(frozen=True)
class ImportRequest:
    """A request with the place that it is checked in."""

    request: GenerationRequest
    place: Place


def import_request(asked: ModuleRequest, settings: Settings) -> ImportRequest:
    """Return what the generation graph is asked for an import. Reads the caller's text, and the repository around it.

    No secret of the caller's gets into it: a check that holds one is left out, any other text is redacted. Raises
    `RequestError` where the caller's examples contradict each other.
    """
    redactor = Redactor(secrets=settings.secrets)
    place = place_of(asked.module, asked.options, asked.caller, package=_is_package(asked))
    caller = _caller(asked)
    users = _users(asked, place, settings)
    checks = _checks(asked, caller, users, redactor)
    description = redactor.text(asked.options.description.strip())
    names = ", ".join(f"`{name}`" for name in asked.names)
    template = Prompts.of(asked.options.context.get("prompts")).load("import")
    try:
        request = GenerationRequest(
            prompt=template.render(names=names, module=asked.module, description=description),
            name=asked.names[0],
            names=asked.names[1:],
            examples=checks.examples,
            tests=checks.tests or None,
            target=place.target,
            extends=asked.existing,
            codebase_context=redactor.data(_context(asked, caller, users, place)),
        )
    except ValidationError as error:
        told = "; ".join(problem["msg"].removeprefix("Value error, ") for problem in error.errors()[:3])
        raise RequestError(
            f"What is asked of {asked.module} makes no sense: {redactor.text(told)}.",
            hint="Correct the checks beside the import.",
        ) from None
    return ImportRequest(request, place)


def _is_package(asked: ModuleRequest) -> bool:
    folder = asked.options.directory.joinpath(*asked.module.split(".")[asked.options.namespace.count(".") + 1 :])
    return (folder / "__init__.py").is_file()


def _caller(asked: ModuleRequest) -> Caller | None:
    if asked.caller is None:
        return None
    return parse_caller(asked.caller.source(), asked.module, package=_package(asked.caller), names=asked.names)


def _package(caller: CallSite) -> str:
    if caller.package:
        return caller.package
    is_package = os.path.basename(caller.filename) == "__init__.py"  # noqa: PTH119 - it may be no path at all
    return caller.module if is_package else caller.module.rpartition(".")[0]


def _checks(
    asked: ModuleRequest, caller: Caller | None, users: Mapping[str, Caller], redactor: Redactor
) -> CallerChecks:
    """The caller's checks, those demanded besides, and what other files of the repository assert plainly of calls that
    these do not speak of. Two that contradict each other are an error where the caller holds both."""
    found = CallerChecks()
    remarks: tuple[str, ...] = ()
    repeatable = Repeatable(
        asked=frozenset(asked.names),
        defined=_defined(asked.existing),
        module_exists=_module_exists(asked),
        is_secret=lambda text: redactor.text(text) != text,
    )
    if caller is not None:
        line = asked.caller.lineno if asked.caller else 0
        found = caller_checks(caller, asked.module, repeatable, line=line)
        remarks = remark_examples(caller)
    described = [e.text for name in asked.names for e in examples_in_text(asked.options.description, name)]
    asserted = (*asked.examples, *found.examples)
    calls = {parse_example(text).call for text in asserted}
    # what is asserted wins over what a remark says of the same call
    remarked = [text for text in (*remarks, *described) if parse_example(text).call not in calls]
    texts = dict.fromkeys((*asserted, *remarked, *_asserted_by(users, asked, repeatable, calls)))
    known = {*asked.names, *_defined(asked.existing), *dir(builtins)}
    examples = [text for text in texts if redactor.text(text) == text and _speaks_of(text, asked, known)]
    tests = "\n\n".join(text for text in (asked.tests, found.tests) if text)
    return CallerChecks(tuple(examples[:MAX_EXAMPLES]), tests if redactor.text(tests) == tests else "")


def _asserted_by(
    users: Mapping[str, Caller], asked: ModuleRequest, repeatable: Repeatable, calls: Collection[str]
) -> Iterator[str]:
    """What other files assert of other calls; where two of them differ, the first."""
    told = set(calls)
    for user in users.values():
        own: dict[str, None] = dict.fromkeys(caller_checks(user, asked.module, repeatable).examples)
        yield from (text for text in own if parse_example(text).call not in told)
        told |= {parse_example(text).call for text in own}


def _speaks_of(text: str, asked: ModuleRequest, known: Collection[str]) -> bool:
    """Whether an example is about one of the names, and needs none that the module will lack: what the module has already
    was checked when it was pinned."""
    example = parse_example(text)
    needed = {node.id for node in ast.walk(parse_expression(example.call)) if isinstance(node, ast.Name)}
    return example.function in asked.names and needed <= set(known)


def _defined(existing: str) -> frozenset[str]:
    return bound_names(parse_module(existing)) if existing else frozenset()


def _module_exists(asked: ModuleRequest) -> Callable[[str], bool]:
    """Whether a module that a check needs can be imported: of this namespace, only what has a file."""
    options = asked.options

    def exists(module: str) -> bool:
        if module == asked.module or not module.startswith(f"{options.namespace}."):
            return True
        path = options.directory.joinpath(*module[len(options.namespace) + 1 :].split("."))
        return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()

    return exists


def _users(asked: ModuleRequest, place: Place, settings: Settings) -> dict[str, Caller]:
    if place.repository is None:
        return {}
    own = Path(asked.caller.filename) if asked.caller is not None else None
    return users_of(asked.module, asked.names, place.repository, place.target, settings, leave_out=own)


def _context(asked: ModuleRequest, caller: Caller | None, users: Mapping[str, Caller], place: Place) -> dict[str, str]:
    """Title -> text: the caller's statements, other uses in the repository, the modules beside it."""
    context: dict[str, str] = {}
    if caller is not None and asked.caller is not None:
        excerpt = excerpt_of(caller, asked.names)
        if excerpt:
            context[f"{CALLER_CODE} ({Path(asked.caller.filename).name})"] = excerpt
    context |= {f"{USES_IN} {path}": text for path, text in usages_of(users, asked.names).items() if text}
    siblings = sibling_signatures(asked.options.directory, asked.module, asked.options.namespace)
    if siblings and place.beside:
        context["modules beside it, which it may import"] = siblings
    return context
