"""`genloom agent`: runs of the Codegen agent, started, looked at, followed, resumed."""

from __future__ import annotations

from typing import Any

import click

from genloom.interfaces.cli import options

__all__ = ["command"]

_STATUSES = ("queued", "running", "paused", "completed", "failed", "cancelled", "timeout", "unknown")
_EXIT_CODES = """\
Exit codes: 0 completed; 1 a status that nobody knows; 2 bad input; 3 the token is missing or refused;
4 the run failed, or the server did; 5 paused, waits for a person; 130 interrupted, or not ended in time."""

_org = click.option(
    "--org", "org_id", type=click.IntRange(0), metavar="N", help="Organisation [default: CODEGEN_ORG_ID]."
)
_deadline = click.option(
    "--deadline", type=click.FloatRange(0, min_open=True), metavar="S", help="Stop waiting after S seconds."
)
_no_wait = click.option("--no-wait", is_flag=True, help="Print the run as it was started, and end.")
_follow = click.option("--follow", "-f", "logs", is_flag=True, help="Show the agent's steps as they come.")
_number = click.argument("number", metavar="RUN", type=click.IntRange(0, 2**63 - 1))


@click.group(
    short_help="Codegen agents: run, get, list, logs, resume, pause, cancel, batch.",
    epilog='\b\nExamples:\n  genloom agent run "Add a test for the parser"\n  genloom agent logs 12 --follow\n'
    "  genloom agent batch prompts.jsonl > results.jsonl",
)
def command() -> None:
    """Give work to Codegen agents (runs may cost), and look at what came of it.

    Token, organisation and address come from CODEGEN_API_TOKEN, CODEGEN_ORG_ID and CODEGEN_API_BASE_URL.
    """


@command.command(
    epilog=f"""\b
Examples:
  genloom agent run "Add a test for the parser"
  genloom agent run - --repo-id 7 --follow < task.md
  genloom agent run "Bump the version" --key bump-1.4 --no-wait --json
  genloom agent run "Make a URL slug" -e "slugify('A b') == 'a-b'" -e "slugify('C') == 'c'" --approval

\b
{_EXIT_CODES}"""
)
@click.argument("prompt")
@click.option("--repo-id", type=click.IntRange(0), metavar="N", help="The repository at the server.")
@click.option("--model", metavar="M", help="The model that the agent uses, by the server's name for it.")
@click.option("--image", "images", multiple=True, metavar="FILE", help="A picture for the agent; may be repeated.")
@options.examples
@options.tests
@click.option("--approval", is_flag=True, help="A person approves before the run ends.")
@click.option(
    "--metadata",
    multiple=True,
    metavar="KEY=VALUE",
    help="Kept with the run; may be repeated. A JSON list, object, number, true, false or null is sent as such, else text.",
)
@click.option("--key", metavar="KEY", help="Idempotency key: a run that has it is found, not started again.")
@_org
@_deadline
@_no_wait
@_follow
@options.as_json
@options.quiet
def run(prompt: str, images: tuple[str, ...], metadata: tuple[str, ...], **given: Any) -> int:  # Any: click's values
    """Start a run of PROMPT (`-` for standard input), wait for its end and print its result.

    --example, --tests and --approval go into the metadata, where a genloom server (`genloom serve`) looks for them.
    """
    from genloom.interfaces.cli.agent_input import image_uri, metadata_of
    from genloom.interfaces.cli.agent_run import NewRun, start_run
    from genloom.interfaces.cli.inputs import read_prompt, read_text

    new = NewRun(
        prompt=read_prompt(prompt),
        key=given["key"],
        repo_id=given["repo_id"],
        model=given["model"],
        images=tuple(map(image_uri, images)),
        metadata=metadata_of(
            metadata,
            examples=given["examples"],
            tests=read_text(given["tests"], "test file"),
            approval=given["approval"],
        ),
    )
    return start_run(new, _waiting(given), org_id=given["org_id"], logs=given["logs"])


@command.command(
    epilog=f"\b\nExamples:\n  genloom agent get 12\n  genloom agent get 12 --wait --json\n\n\b\n{_EXIT_CODES}"
)
@_number
@click.option("--wait", is_flag=True, help="Wait until the run has ended; the exit code then says how.")
@_org
@_deadline
@options.as_json
@options.quiet
def get(number: int, wait: bool, **given: Any) -> int:  # Any: click's values
    """Show RUN, by its number."""
    from genloom.interfaces.cli.agent_run import await_run

    return await_run(number, _waiting({**given, "no_wait": not wait}), org_id=given["org_id"])


@command.command("list", epilog="\b\nExample:\n  genloom agent list --status running --json")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Show N at most.")
@click.option("--status", type=click.Choice(_STATUSES), help="Only runs of this status (of the newest 1,000).")
@_org
@options.as_json
def list_runs(limit: int, status: str | None, org_id: int | None, as_json: bool) -> int:
    """List runs, newest first."""
    from genloom.interfaces.cli.agent_reading import print_runs

    return print_runs(limit=limit, status=status, org_id=org_id, as_json=as_json)


@command.command(
    epilog="""\b
Examples:
  genloom agent logs 12
  genloom agent logs 12 --follow
  genloom agent logs 12 --follow --json | jq .entry.thought

With --follow --json each entry is a line `{"entry": …}`, and the last line is `{"run": …}`."""
)
@_number
@click.option("--follow", "-f", is_flag=True, help="Go on until the run has ended.")
@click.option("--skip", type=click.IntRange(0), default=0, metavar="N", help="Leave out the first N entries.")
@click.option("--limit", type=click.IntRange(1, 20_000), default=1000, show_default=True, help="Show N at most.")
@_org
@_deadline
@options.as_json
@options.quiet
def logs(number: int, follow: bool, skip: int, limit: int, **given: Any) -> int:  # Any: click's values
    """Show what the agent of RUN did, oldest step first."""
    from genloom.errors import UsageError
    from genloom.interfaces.cli.agent_reading import follow_logs, print_logs

    if follow and skip:
        raise UsageError("--follow shows a log from its beginning.", hint="Leave out --skip.")
    if follow:
        return follow_logs(number, _waiting({**given, "no_wait": False}), org_id=given["org_id"])
    return print_logs(number, skip=skip, limit=limit, org_id=given["org_id"], as_json=given["as_json"])


@command.command(epilog=f'\b\nExample:\n  genloom agent resume 12 "Now add the tests, too"\n\n\b\n{_EXIT_CODES}')
@_number
@click.argument("prompt")
@_org
@_deadline
@_no_wait
@_follow
@options.as_json
@options.quiet
def resume(number: int, prompt: str, **given: Any) -> int:  # Any: click's values
    """Let RUN go on with PROMPT (`-` for standard input), wait for its end and print its result."""
    from genloom.interfaces.cli.agent_run import resume_run
    from genloom.interfaces.cli.inputs import read_prompt

    return resume_run(number, read_prompt(prompt), _waiting(given), org_id=given["org_id"], logs=given["logs"])


@command.command(
    epilog="\b\nExample:\n  genloom agent cancel 12\n\n\b\nExit codes: 0 it was asked to end; 2 it has ended, "
    "or the server cannot; 3 the token is missing or refused."
)
@_number
@_org
@options.as_json
def cancel(number: int, org_id: int | None, as_json: bool) -> int:
    """End RUN for good, at a server that can (`genloom serve`)."""
    from genloom.interfaces.cli.agent_run import cancel_run

    return cancel_run(number, org_id=org_id, as_json=as_json)


@command.command(
    epilog="\b\nExample:\n  genloom agent pause 12\n\n\b\nExit codes: 0 it was asked to pause; 2 it has ended, "
    "or the server cannot; 3 the token is missing or refused."
)
@_number
@_org
@options.as_json
def pause(number: int, org_id: int | None, as_json: bool) -> int:
    """Hold RUN after the step that it is at, at a server that can (`genloom serve`); `resume` lets it go on."""
    from genloom.interfaces.cli.agent_run import pause_run

    return pause_run(number, org_id=org_id, as_json=as_json)


@command.command(
    epilog="""\b
Examples:
  genloom agent batch prompts.jsonl > results.jsonl
  genloom agent batch - --name nightly --concurrency 25 < prompts.jsonl

\b
A line of FILE is a JSON string, or an object: {"prompt": "…", "repo_id": 7, "model": "…",
"metadata": {…}, "idempotency_key": "…"}. Results are JSON lines, each with its `line`, as they end.
Given again, the command finds what was started under the same name, and starts nothing twice.

\b
Exit codes: 0 all completed; 1 some did not; 2 bad input; 3 the token is missing or refused; 4 none
completed, all failed; 130 interrupted, or none ended in time."""
)
@click.argument("file", metavar="FILE")
@click.option("--name", metavar="NAME", help="Names the batch, for its keys [default: the file's path].")
@click.option("--concurrency", type=click.IntRange(1, 200), default=10, show_default=True, help="Runs at once.")
@_org
@click.option("--deadline", type=click.FloatRange(0, min_open=True), metavar="S", help="Of each run, in seconds.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines on standard output, which is the default here.")
@options.quiet
def batch(
    file: str, name: str | None, concurrency: int, org_id: int | None, **given: Any
) -> int:  # Any: click's values
    """Run every prompt in FILE (`-` for standard input), some at a time."""
    from genloom.interfaces.cli.agent_batch import read_batch, run_batch

    lines = read_batch(file, name)
    return run_batch(lines, org_id=org_id, concurrency=concurrency, deadline=given["deadline"], quiet=given["quiet"])


def _waiting(given: dict[str, Any]) -> Any:  # Any: click's values; a class that is imported late
    from genloom.interfaces.cli.agent_run import Waiting

    return Waiting(
        wait=not given["no_wait"], deadline=given["deadline"], as_json=given["as_json"], quiet=given["quiet"]
    )
