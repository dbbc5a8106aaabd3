"""A fix for a failure in a generated module: proposed by one call of a model, verified in the sandbox, taken by a person."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from genloom.config import load_settings
from genloom.errors import GenloomError
from genloom.interfaces.importer.failures.explanation import KnownFailure
from genloom.interfaces.importer.failures.failure import Failure
from genloom.interfaces.importer.library.kept_tests import kept_examples
from genloom.interfaces.importer.library.library import Library
from genloom.interfaces.importer.library.library_search import library_in
from genloom.interfaces.importer.library.verifying import verify_text
from genloom.interfaces.told import without_secrets

__all__ = ["look_for_fix", "reported_test"]

_TEST = "test_the_reported_call"

_RUN = {
    "function": "    {call}\n",
    "coroutine": "    asyncio.run({call})\n",
    "generator": "    list({call})\n",
}


def look_for_fix(known: KnownFailure, tell: Callable[[str], None]) -> list[str]:
    """Look for a fix and return lines for a person: the diff and how to take it, or why there is none.

    A model is asked once at most, and only where the failure happens again in the sandbox: nothing could show that a fix
    of anything else works. `tell` hears that the search begins. Nothing of the module is changed.
    """
    model = known.options.model or load_settings().model
    if known.options.mode == "frozen" or model is None:
        return []
    test = reported_test(known.failure)
    if not test:
        return [
            "  no fix was looked for: the failing call cannot be repeated, since its arguments are no plain literals"
        ]
    if without_secrets(test) != test:  # it would be kept with the module's checks
        return ["  no fix was looked for: the failing call holds a secret"]
    if hashlib.sha256(known.source.encode()).hexdigest() != known.entry.sha256:
        return ["  no fix was looked for: the file was edited since it was pinned (genloom lib adopt)"]
    library, module = library_in(known.options.directory), known.failure.module
    if any(record.module == module for record in library.waiting()):  # it would be written over
        return [f"  no fix was looked for: code for {module} waits for a person (genloom lib show {module})"]
    tell(f"genloom: looking for a fix with {model}; Ctrl-C stops")
    try:
        return _looked(known, library, test, model)
    except GenloomError as error:
        return [f"  no fix: {error.message}", *([f"  {error.hint}"] if error.hint else [])]


def reported_test(failure: Failure) -> str:
    """Return a pytest file that makes the failing call again, "" where that is not possible."""
    body = _RUN.get(failure.kind)
    if not failure.call or body is None:
        return ""
    imports = "import asyncio\n\n" if failure.kind == "coroutine" else ""
    return (
        f"{imports}from {failure.module} import {failure.function}\n\n\n"
        f"def {_TEST}_{hashlib.sha256(failure.call.encode()).hexdigest()[:8]}() -> None:\n{body.format(call=failure.call)}"
    )


def _looked(known: KnownFailure, library: Library, test: str, model: str) -> list[str]:
    now = verify_text(library, known.failure.module, known.source, known.entry, tests=test)
    if not any(check.result == "failed" and _TEST in check.check for check in now.checks):
        return ["  no fix was looked for: the call does not fail when it is made alone, in the sandbox"]
    from genloom.interfaces.python import generate  # imports LangGraph

    place = library.place(known.failure.module)
    result = generate(
        _prompt(known),
        name=known.entry.names[0] if known.entry.names else known.failure.function,
        names=known.entry.names,
        examples=kept_examples(known.entry.checks),
        tests=_joined(known.entry.tests, test),
        target=place.target,
        codebase_context={
            f"the module {known.failure.module} as it is": known.source,
            "what the call raised": f"{known.failure.error}: {known.failure.message}",
        },
        repository=place.repository,
        model=model,
        generators=("model",),
        max_attempts=1,
        one_call=True,
        approval=True,
        cache=False,
        deadline=known.options.deadline,
    )
    if result.outcome != "pending" or result.verdict is None or result.verdict.result != "passed":
        reason = result.reason if result.outcome != "pending" else "nothing proves what was proposed."
        return [f"  no fix: {reason}"]
    return _offered(known, library, result.source or "", result.thread_id or "")


def _prompt(known: KnownFailure) -> str:
    failure = known.failure
    told = without_secrets(
        f"The module {failure.module} (shown in the context) was written for this request:\n{known.entry.request}\n\n"
        f"Its function `{failure.function}` fails: `{failure.call}` raises {failure.error} (message: see the context).\n"
    )
    return f"{told}\nCorrect the module so that this call works, change nothing else, and answer with the whole module."


def _joined(tests: str, further: str) -> str:
    """Two pytest files as one; `from __future__` imports must stand first."""
    lines = tests.splitlines(keepends=True)
    first = [line for line in lines if line.startswith("from __future__ import")]
    rest = [line for line in lines if not line.startswith("from __future__ import")]
    return "".join([*first, *rest]).rstrip() + ("\n\n\n" if tests.strip() else "") + further


def _offered(known: KnownFailure, library: Library, source: str, thread_id: str) -> list[str]:
    from genloom.interfaces.importer.generation.review_gate import PendingRecord, module_diff, write_pending

    module = known.failure.module
    diff = module_diff(module, known.source, source)
    record = PendingRecord(
        module=module,
        thread_id=thread_id,
        names=known.entry.names,
        diff=diff,
        base_sha256=known.entry.sha256,
    )
    write_pending(library.directory, record)
    return [
        "genloom: a fix that passes the module's checks and the failing call, in the sandbox:",
        *diff.splitlines(),
        f"  take it: genloom lib accept {module}",
        f"  or not:  genloom lib reject {module}",
    ]
