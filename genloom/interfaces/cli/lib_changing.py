"""`genloom lib adopt|regenerate`: a hand edit becomes the pin; a pin is written anew."""

from __future__ import annotations

import click

from genloom.interfaces.cli import lib_options, options

__all__ = ["adopt", "regenerate"]

_accept_unverified = click.option(
    "--accept-unverified", is_flag=True, help="Take it although nothing proves it, when nothing fails."
)


@click.command(
    epilog="""\b
Examples:
  genloom lib adopt text
  genloom lib adopt text --accept-unverified --json

\b
Exit codes: 0 adopted; 1 a check failed, or nothing proves it."""
)
@lib_options.module
@_accept_unverified
@lib_options.package
@options.python
@options.allow_weak_sandbox
@options.as_json
def adopt(
    module: str,
    accept_unverified: bool,
    package: str | None,
    python: str | None,
    allow_weak_sandbox: bool,
    as_json: bool,
) -> int:
    """Make the file of MODULE, as it was edited by hand, the pinned one, once it passes the checks in genloom.lock."""
    from genloom.interfaces.cli.inputs import find_python
    from genloom.interfaces.cli.late_progress import showing_late_progress
    from genloom.interfaces.cli.report import verdict_lines
    from genloom.interfaces.cli.terminal import put_json, put_text, tell
    from genloom.interfaces.importer.library.adopting import adopt_edit
    from genloom.tools.checks import verdict_to_json

    library = lib_options.library_of(package).checked_by(find_python(python), allow_weak_sandbox=allow_weak_sandbox)
    with showing_late_progress(f"checking {module}"):
        adopted = adopt_edit(library, library.full(module), accept_unverified=accept_unverified)
    if as_json:
        verdict = verdict_to_json(adopted.verdict)
        put_json({"module": adopted.module, "adopted": adopted.done, "reason": adopted.reason, "verdict": verdict})
        return 0 if adopted.done else 1
    tell(list(verdict_lines(adopted.verdict)))
    put_text(f"{'adopted' if adopted.done else 'not adopted'}: {adopted.module}. {adopted.reason}".rstrip())
    return 0 if adopted.done else 1


@click.command(
    epilog="""\b
Examples:
  genloom lib regenerate text
  genloom lib regenerate text --model openai:gpt-5 --accept-unverified

\b
Exit codes: 0 pinned anew; 1 what was generated did not pass, and the old file stands; 3 a key or model is missing;
4 every backend failed; 5 it waits for `genloom lib accept`."""
)
@lib_options.module
@click.option("--model", metavar="M", help="`provider:model` [default: the anchor's, else GENLOOM_MODEL].")
@click.option("--review", is_flag=True, help="Wait for a person (`genloom lib accept`) before it is pinned.")
@_accept_unverified
@lib_options.package
@options.as_json
def regenerate(
    module: str, model: str | None, review: bool, accept_unverified: bool, package: str | None, as_json: bool
) -> int:
    """Write MODULE anew, whole, with the names and checks that genloom.lock has of it."""
    from genloom.interfaces.cli.late_progress import showing_late_progress
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.interfaces.importer.library.regenerating import regenerate_pin

    library = lib_options.library_of(package)
    with showing_late_progress(f"generating {module}"):
        state = regenerate_pin(
            library, library.full(module), model=model, review=review, accept_unverified=accept_unverified
        )
    if as_json:
        put_json(state.to_json())
    else:
        put_text(f"pinned: {state.module} ({', '.join(state.names)}), {state.verdict}, in {state.path}")
    return 0
