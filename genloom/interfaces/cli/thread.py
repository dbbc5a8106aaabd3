"""`genloom thread`: stored runs, listed, shown, resumed and deleted."""

from __future__ import annotations

import click

from genloom.interfaces.cli import options

__all__ = ["command"]


@click.group(
    short_help="Stored runs: list, show, resume, delete.",
    epilog="\b\nExamples:\n  genloom thread list\n  genloom thread show 3f2a9c1e77b0\n"
    "  genloom thread resume 3f2a9c1e77b0 --approve",
)
def command() -> None:
    """Look at stored runs, and go on with those that were stopped or wait for a person."""


@command.command("list", epilog="\b\nExample:\n  genloom thread list --unfinished --json")
@click.option("--unfinished", is_flag=True, help="Only those that can be resumed.")
@options.as_json
def list_threads(unfinished: bool, as_json: bool) -> int:
    """List the stored threads, newest first."""
    import time
    from contextlib import closing

    from genloom.config import load_settings
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.tools.store.checkpoints import open_checkpointer

    with closing(open_checkpointer(load_settings())) as saver:
        threads = [thread for thread in saver.threads() if thread.unfinished or not unfinished]
    if as_json:
        put_json({"threads": [thread.to_json() for thread in threads]})
        return 0
    lines = [
        f"{thread.thread_id:<24}{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(thread.updated_at))}  "
        f"{'unfinished' if thread.unfinished else 'ended':<12}{thread.bytes / 1024:.0f} KiB"
        for thread in threads
    ]
    put_text("\n".join(lines or ["No threads are stored."]))
    return 0


@command.command(epilog="\b\nExample:\n  genloom thread show 3f2a9c1e77b0 --json")
@click.argument("thread_id")
@options.as_json
def show(thread_id: str, as_json: bool) -> int:
    """Show a thread: its request, how far it came, and its code. Nothing is run."""
    from genloom.config import load_settings
    from genloom.interfaces.cli.report import headline, next_step, report_lines
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.interfaces.thread import read_thread
    from genloom.portal import run_sync

    thread = run_sync(read_thread(thread_id, load_settings()))
    if as_json:
        request = thread.request.model_dump(mode="json")
        put_json({**thread.result.to_json(), "request": request, "next": list(thread.next)})
        return 0
    lines = [f"request: {thread.request.prompt}", headline(thread.result), *report_lines(thread.result)]
    if thread.next:
        lines.append(f"next: {', '.join(thread.next)}")
    put_text("\n".join([*lines, *filter(None, [next_step(thread.result)]), "", thread.result.source or "no code yet"]))
    return 0


@command.command(
    epilog="""\b
Examples:
  genloom thread resume 3f2a9c1e77b0
  genloom thread resume 3f2a9c1e77b0 --approve --out slug.py
  genloom thread resume 3f2a9c1e77b0 --reject --comment "no regular expressions"

Exit codes as of `genloom generate`."""
)
@click.argument("thread_id")
@click.option("--approve/--reject", "approved", default=None, help="Answer a run that waits for a person.")
@click.option("--comment", default="", metavar="TEXT", help="Goes with the answer.")
@click.option("--model", metavar="M", help="Go on with another model.")
@click.option("--accept-unverified", is_flag=True, help="Take code that nothing failed and nothing proves.")
@click.option("--allow-fallback", is_flag=True, help="Let the agent take over when the model fails (may cost).")
@options.out
@options.as_json
@options.quiet
def resume(
    thread_id: str,
    approved: bool | None,
    comment: str,
    model: str | None,
    accept_unverified: bool,
    allow_fallback: bool,
    out: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Go on with a run that was stopped, or that waits for a person."""
    from genloom.interfaces.cli import run
    from genloom.interfaces.cli.answer import Answer
    from genloom.interfaces.cli.output_file import opened
    from genloom.interfaces.cli.progress import showing_progress

    to_give = Answer(as_json=as_json, quiet=quiet, out=opened(out))
    asked = {"model": model, "accept_unverified": accept_unverified, "allow_fallback": allow_fallback}
    changes = {name: value for name, value in asked.items() if value}
    answer: dict[str, object] | None = None if approved is None else {"approve": approved, "comment": comment}
    with showing_progress(as_json=as_json, quiet=quiet) as emit:
        result = run.resume(thread_id, emit, answer=answer, changes=changes)
    if result.outcome == "pending" and approved is None and run.can_ask() and not as_json:
        decision = run.ask_person(result)
        with showing_progress(quiet=quiet) as emit:
            result = run.resume(thread_id, emit, answer=decision, changes=changes)
    return to_give.give(result)


@command.command(epilog="\b\nExample:\n  genloom thread delete 3f2a9c1e77b0 9b1c22d0e4f1")
@click.argument("thread_ids", nargs=-1, required=True)
@options.as_json
def delete(thread_ids: tuple[str, ...], as_json: bool) -> int:
    """Delete stored threads."""
    from contextlib import closing

    from genloom.config import load_settings
    from genloom.errors import ThreadError
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.tools.store.checkpoints import open_checkpointer

    with closing(open_checkpointer(load_settings())) as saver:
        gone = [thread_id for thread_id in thread_ids if saver.delete(thread_id)]
    missing = [thread_id for thread_id in thread_ids if thread_id not in gone]
    if missing:
        raise ThreadError(
            f"There is no thread {', '.join(map(repr, missing))}; deleted: {', '.join(gone) or 'none'}.",
            hint="`genloom thread list` shows what is stored.",
        )
    if as_json:
        put_json({"deleted": gone})
    else:
        put_text(f"deleted: {', '.join(gone)}")
    return 0
