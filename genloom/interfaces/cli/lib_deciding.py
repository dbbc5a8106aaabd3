"""`genloom lib pending|accept|reject`: modules that wait for a person."""

from __future__ import annotations

import click

from genloom.interfaces.cli import lib_options, options

__all__ = ["accept", "pending", "reject"]


@click.command(epilog="\b\nExample:\n  genloom lib pending --json")
@lib_options.package
@options.as_json
def pending(package: str | None, as_json: bool) -> int:
    """List the modules that were generated, checked, and wait for a person."""
    from genloom.interfaces.cli.terminal import put_json, put_text

    library = lib_options.library_of(package)
    waiting = library.waiting()
    if as_json:
        shown = [
            {"module": w.module, "names": list(w.names), "thread_id": w.thread_id, "diff": w.diff} for w in waiting
        ]
        put_json({"pending": shown})
    else:
        lines = [f"{library.short(w.module):<24}{', '.join(w.names)}\n{w.diff.rstrip()}" for w in waiting]
        put_text("\n".join(lines or ["Nothing waits."]))
    return 0


@click.command(epilog="\b\nExamples:\n  genloom lib accept text\n  genloom lib accept myapp.gen.text --json")
@lib_options.module
@lib_options.package
@options.as_json
def accept(module: str, package: str | None, as_json: bool) -> int:
    """Accept the code of MODULE that waits: its run ends as approved, and the file is pinned. Nothing is generated."""
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.interfaces.importer.library.deciding import accept_pending

    library = lib_options.library_of(package)
    pinned = accept_pending(library, library.full(module))
    if as_json:
        put_json({**pinned.to_json(), "accepted": True})
    else:
        put_text(f"pinned: {pinned.module} ({', '.join(pinned.names)}) in {pinned.path}")
    return 0


@click.command(epilog='\b\nExample:\n  genloom lib reject text --comment "no regular expressions"')
@lib_options.module
@click.option("--comment", default="", metavar="TEXT", help="Kept with the run.")
@lib_options.package
@options.as_json
def reject(module: str, comment: str, package: str | None, as_json: bool) -> int:
    """Reject the code of MODULE that waits. Nothing is pinned; the next import asks anew."""
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.interfaces.importer.library.deciding import reject_pending

    library = lib_options.library_of(package)
    name = library.full(module)
    reject_pending(library, name, comment=comment)
    if as_json:
        put_json({"module": name, "accepted": False})
    else:
        put_text(f"rejected: {name}")
    return 0
