"""What a run asks for: the request that its prompt and metadata make.

A caller's metadata say what the code is to be, never where or with what it is made: paths of the machine, interpreters,
sandboxes, policies and backends are the server's. Keys that are not listed here are the caller's own and not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError as PydanticError

from genloom.interfaces.server.runs.graph_choice import GRAPH_FIELD, known_graphs
from genloom.interfaces.server.storage.records import RunRecord
from genloom.state import GenerationRequest
from genloom.tools.codegen.request_metadata import RUN_FIELDS
from genloom.tools.codegen.wire import CreateAgentRunInput, ValidationError

__all__ = ["RUN_SWITCHES", "check_follow_up", "check_request", "run_request"]

RUN_SWITCHES = ("approval", "accept_unverified")
"""Keys of a run's metadata that are true or false."""

MAX_PROBLEMS = 20
MAX_PARSED = 100_000  # parsing is one step in which nobody else is answered
_NEWER_TEXT = "The code as it stands"


def check_request(asked: CreateAgentRunInput) -> tuple[ValidationError, ...]:
    """Return what of a request cannot be used, nothing when it can; nothing is run."""
    metadata = asked.metadata or {}
    problems = [
        _problem((name,), f"{name} must be true or false", "bool_type")
        for name in RUN_SWITCHES
        if not isinstance(metadata.get(name, False), bool)
    ]
    graph = metadata.get(GRAPH_FIELD)
    if graph is not None and graph not in known_graphs():
        problems.append(_problem((GRAPH_FIELD,), f"graph must be one of: {', '.join(known_graphs())}", "value_error"))
    for name in ("tests", "extends"):
        if isinstance(metadata.get(name), str) and len(metadata[name]) > MAX_PARSED:
            told = f"At most {MAX_PARSED} characters of {name} are taken."
            return (*problems, _problem((name,), told, "value_error"))
    try:
        _request(asked.prompt, metadata)
    except PydanticError as error:
        problems.extend(_told(error))
    return tuple(problems[:MAX_PROBLEMS])


def check_follow_up(run: RunRecord, prompt: str) -> tuple[ValidationError, ...]:
    """Return why a run that has ended cannot be followed up by a prompt, nothing when it can; nothing is run."""
    resume = {"kind": "follow_up", "prompt": prompt, "previous_result": run.result}
    try:
        run_request(replace(run, leg=run.leg + 1, resume=resume))
    except PydanticError as error:
        return tuple(
            problem.model_copy(
                update={"loc": ("body", "prompt"), "msg": f"With what the run has so far: {problem.msg}"}
            )
            for problem in _told(error)
        )
    return ()


def run_request(run: RunRecord) -> GenerationRequest:
    """Return the request of the run's leg: the same each time. A follow-up stands below the first prompt, and the result
    so far is given as context. Raises pydantic's `ValidationError`."""
    resume = run.resume or {}
    resume = resume.get("follow_up") or resume  # one that was resumed within the leg
    if run.leg == 1 or resume.get("kind") != "follow_up":
        return _request(run.prompt, run.metadata or {})
    prompt = f"{run.prompt}\n\nFollow-up to the code made so far:\n{resume.get('prompt', '')}"
    so_far = resume.get("previous_result")
    return _request(prompt, run.metadata or {}, {_NEWER_TEXT: so_far} if so_far else {})


def _request(prompt: str, metadata: Mapping[str, Any], context: Mapping[str, str] | None = None) -> GenerationRequest:
    fields = {name: metadata[name] for name in RUN_FIELDS if metadata.get(name) is not None}
    return GenerationRequest.model_validate({"prompt": prompt, **fields, "codebase_context": dict(context or {})})


def _told(error: PydanticError) -> list[ValidationError]:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return [
        ValidationError(
            loc=_place(problem["loc"]),
            msg=problem["msg"].removeprefix("Value error, ").replace("valid tuple", "valid list"),
            type=problem["type"],
        )
        for problem in problems[:MAX_PROBLEMS]
    ]


def _place(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    head = ("body",) if loc[:1] == ("prompt",) or not loc else ("body", "metadata")
    return (*head, *loc)


def _problem(loc: tuple[str | int, ...], message: str, kind: str) -> ValidationError:
    return ValidationError(loc=("body", "metadata", *loc), msg=message, type=kind)
