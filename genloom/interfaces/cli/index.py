"""`genloom index`: bring a codebase's index up to date."""

from __future__ import annotations

import click

from genloom.interfaces.cli import options

__all__ = ["command"]


@click.command(
    short_help="Bring a codebase's index up to date.",
    epilog="""\b
Examples:
  genloom index --repo .
  genloom index --repo ../service --json

Other commands index by themselves; this one does it ahead of time.""",
)
@options.repository_needed
@options.as_json
@options.quiet
def command(repository: str, as_json: bool, quiet: bool) -> int:
    """Read what changed in a codebase since it was last indexed."""
    from dataclasses import asdict

    from genloom.config import load_settings
    from genloom.interfaces.cli.event_text import plural
    from genloom.interfaces.cli.inputs import find_repository
    from genloom.interfaces.cli.progress import showing_progress
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.tools.codebase import open_codebase

    codebase = open_codebase(find_repository(repository) or "", load_settings())
    with showing_progress(as_json=as_json, quiet=quiet) as emit:
        report = codebase.refresh(emit=emit)
    if as_json:
        put_json(asdict(report))
        return 0
    lines = [f"{plural(report.files, 'file')} in the index: {report.indexed} read, {report.removed} gone"]
    lines += [f"left out: {plural(count, 'file')} ({reason})" for reason, count in sorted(report.skipped.items())]
    if report.syntax_errors:
        lines.append(f"{plural(report.syntax_errors, 'file')} with syntax errors; what parses was indexed")
    if not report.complete:
        lines.append("The codebase is beyond the index's bounds: a part was left out.")
    put_text("\n".join([*lines, f"{report.seconds:.2f} s"]))
    return 0
