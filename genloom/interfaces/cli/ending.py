"""How a command that raised ends: its exit code, what a person is told, and the JSON that a program gets."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from typing import Any

import click

from genloom.errors import (
    BackendError,
    CredentialError,
    GeneratedImportError,
    GenerationError,
    GenloomError,
    PendingReview,
    RunCancelledError,
    UsageError,
)
from genloom.interfaces.cli.quiet_process import debugging
from genloom.interfaces.cli.signals import Stops
from genloom.interfaces.cli.terminal import ReaderGoneError, put_json, tell
from genloom.interfaces.told import without_secrets

__all__ = ["BROKEN_PIPE", "end_of"]

BROKEN_PIPE = 141
"""128 and SIGPIPE: the reader of our output is gone."""

_REPORT = "This is a bug in genloom. GENLOOM_DEBUG=1 shows where; please report it with that."


_RESUMABLE = (CredentialError, BackendError, GenerationError)
"""What ends a run in the middle of the graph, for a cause outside of it."""


class UnexpectedError(GenloomError):
    """Anything that genloom did not foresee."""


def end_of(error: BaseException, arguments: Sequence[str], stops: Stops) -> tuple[int, bool]:
    """Tell what ended the command; return the exit code and whether the process must not wait for its threads."""
    if isinstance(error, SystemExit):
        return (error.code if isinstance(error.code, int) else 1), False
    if isinstance(error, ReaderGoneError):
        return BROKEN_PIPE, True
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        tell(error.format_message())
        return error.exit_code, False
    known = _as_known(error)
    code = stops.exit_code if isinstance(known, RunCancelledError) and stops.terminated else known.exit_code
    if debugging():
        tell(without_secrets("".join(traceback.format_exception(error))).rstrip())
    _tell_person(known)
    if list(arguments[:1]) == ["generate"] and known.thread_id and isinstance(known, _RESUMABLE):
        tell(f"  What was done is saved: `genloom thread resume {known.thread_id}` goes on.")
    if "--json" in _options(arguments):
        try:
            put_json(_as_json(known, arguments))
        except (ReaderGoneError, GenloomError):  # nobody can be told: the exit code stands
            return code, True
    return code, isinstance(known, RunCancelledError)


def _as_known(error: BaseException) -> GenloomError:
    match error:
        case GenloomError():
            return error
        case click.ClickException():
            context = getattr(error, "ctx", None)
            hint = f"`{context.command_path} --help` shows how it is used." if context else ""
            return UsageError(_plain(error.format_message()), hint=hint)
        case click.Abort() | KeyboardInterrupt():
            return RunCancelledError("Interrupted.")
        case _:
            said = without_secrets(" ".join(str(error).split()))[:500]
            return UnexpectedError(f"{type(error).__name__}: {said}".removesuffix(": "), hint=_REPORT)


def _plain(message: str) -> str:
    """A usage error of click's without the names that it has for its own types."""
    for theirs, plain in (("valid integer range", "whole number"), ("valid float range", "number")):
        message = message.replace(f"is not a {theirs}", f"is not a {plain}")
    return message


def _tell_person(error: GenloomError) -> None:
    tell(f"genloom: {error.message}", style="bold red")
    for cause in error.causes if isinstance(error, GenerationError) else ():
        told = (
            cause.message
            if isinstance(cause, GenloomError)
            else f"{type(cause).__name__}: {without_secrets(str(cause))}"
        )
        if told not in error.message:
            tell(f"  because: {told}")
    for line in error.evidence if isinstance(error, GeneratedImportError) else ():
        tell(f"  {line}")
    if error.hint:
        tell(f"  {error.hint}")


def _options(arguments: Sequence[str]) -> Sequence[str]:
    """The arguments before `--`, which ends the options."""
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


def _as_json(error: GenloomError, arguments: Sequence[str]) -> dict[str, Any]:  # Any: JSON values
    """Return the whole object of the contract for commands that generate, and for all others what ended them."""
    if list(arguments[:1]) == ["generate"] or list(arguments[:2]) == ["thread", "resume"]:
        from genloom.interfaces.result import error_json

        return error_json(error)
    more = getattr(error, "json_fields", {})  # of a command whose answer has fields even when it was stopped
    shown = {"reason": error.message, "errors": [error.to_json()], **_of_import(error), **more}
    return {"outcome": error.outcome, **shown}


def _of_import(error: GenloomError) -> dict[str, Any]:  # Any: JSON values
    """What is known besides of a generated module that cannot be imported."""
    if not isinstance(error, GeneratedImportError):
        return {}
    waits = {"thread_id": error.thread_id, "diff": error.diff} if isinstance(error, PendingReview) else {}
    return {"module": error.name, "evidence": list(error.evidence), **waits}
