"""A run of the graph from the command line: started or resumed, followed live, and decided by the person at the terminal."""

from __future__ import annotations

import sys
from typing import Any

from genloom.config import load_settings
from genloom.errors import ExampleError, RunCancelledError
from genloom.events import EventEmitter
from genloom.interfaces.cli.report import headline, report_lines
from genloom.interfaces.cli.terminal import is_terminal, tell
from genloom.interfaces.job import GenerateOptions
from genloom.interfaces.python import generate
from genloom.interfaces.result import GenerationResult
from genloom.portal import run_sync

__all__ = ["ask_deciding", "ask_person", "can_ask", "resume", "start"]


def start(prompt: str, options: GenerateOptions, emit: EventEmitter) -> GenerationResult:
    """Run a request."""
    given: GenerateOptions = {**options, "on_event": emit}
    return generate(prompt, **given)


def resume(
    thread_id: str,
    emit: EventEmitter,
    *,
    answer: dict[str, object] | None = None,
    changes: dict[str, Any] | None = None,  # Any: fields of GraphContext
) -> GenerationResult:
    """Go on with a thread. Raises `RunCancelledError` with the thread on Ctrl-C."""
    from genloom.interfaces.thread import resume_thread

    try:
        return run_sync(resume_thread(thread_id, load_settings(), answer=answer, changes=changes, on_event=emit))
    except KeyboardInterrupt:
        raise RunCancelledError(
            "The run was interrupted.",
            thread_id=thread_id,
            hint=f"Resume it with `genloom thread resume {thread_id}`.",
        ) from None


def can_ask() -> bool:
    """Whether somebody sits at the terminal who can be asked."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def ask_deciding(result: GenerationResult) -> str | None:
    """Ask what the one call gives that would decide between programs of like cost; return it as an example, or `None` when
    the person leaves it open (Enter, or the end of the input)."""
    from genloom.tools.synthesis.question import example_from  # imported here: a kept answer needs no search

    tell("Programs of like cost fit the examples and differ elsewhere; one more example would decide (Enter: none).")
    tell(f"  {text}" for text in (result.draft.rivals if result.draft else ()))
    while True:
        told = _line_after(f"{result.deciding} → ? ")
        if not told:
            return None
        try:
            return example_from(result.deciding, told).text
        except ExampleError:
            tell("That is no Python literal. Text needs quotes: 'a-b'; an error is written raises(ValueError).")


def _line_after(question: str) -> str:
    """Ask on standard error and read a line: nothing of it goes to standard output, which may be a file of code."""
    tell(question, end="")
    return sys.stdin.readline().strip()


def ask_person(result: GenerationResult) -> dict[str, object]:
    """Show a pending result and ask for the decision. Raises `click.Abort` on Ctrl-C or when the input ends."""
    import click

    tell((result.source or "").rstrip() + "\n")
    tell(headline(result), style="bold yellow")
    tell(report_lines(result))
    approved = click.confirm("Approve this code?", default=False, err=True)
    comment = "" if approved else click.prompt("Why not? (may be empty)", default="", show_default=False, err=True)
    return {"approve": approved, "comment": comment}
