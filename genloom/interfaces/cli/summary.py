"""`genloom summary`: counts of a codebase, a file or a symbol."""

from __future__ import annotations

import click

from genloom.interfaces.cli import options

__all__ = ["command"]


@click.command(
    short_help="Counts of a codebase, file or symbol.",
    epilog="""\b
Examples:
  genloom summary --repo .
  genloom summary src/pairs.py --repo .
  genloom summary src/pairs.py::Parser.feed --repo . --json""",
)
@click.argument("target", required=False)
@options.repository_needed
@options.as_json
@options.quiet
def command(target: str | None, repository: str, as_json: bool, quiet: bool) -> int:
    """Summarise a codebase, or TARGET in it: a path, `path::Class.method`, or a name."""
    import time

    from genloom.config import load_settings
    from genloom.interfaces.cli.inputs import find_repository
    from genloom.interfaces.cli.progress import showing_progress
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.tools.codebase import open_codebase

    began = time.perf_counter()
    codebase = open_codebase(find_repository(repository) or "", load_settings())
    with showing_progress(as_json=as_json, quiet=quiet) as emit:
        codebase.refresh(emit=emit)
    found = codebase.summary(target)
    if as_json:
        seconds = round(time.perf_counter() - began, 4)
        put_json({"target": found.target, "kind": found.kind, **found.counts, "text": found.text, "seconds": seconds})
    else:
        put_text(found.text)
    return 0
