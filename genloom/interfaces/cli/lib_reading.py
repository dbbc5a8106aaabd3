"""`genloom lib list|show|diff|verify`: what is pinned, and whether it still is what was accepted."""

from __future__ import annotations

import click

from genloom.interfaces.cli import lib_options, options

__all__ = ["diff", "list_modules", "show", "verify"]


@click.command("list", epilog="\b\nExamples:\n  genloom lib list\n  genloom lib list --package myapp.gen --json")
@lib_options.package
@options.as_json
def list_modules(package: str | None, as_json: bool) -> int:
    """List the modules: pinned, edited since, missing, waiting for a person, or written by hand."""
    from genloom.interfaces.cli.terminal import put_json, put_text

    library = lib_options.library_of(package)
    states = library.states()
    if as_json:
        modules = [state.to_json() for state in states]
        put_json({"package": library.namespace, "directory": str(library.directory), "modules": modules})
        return 0
    lines = [
        f"{library.short(state.module):<24}{state.state:<10}{state.verdict or '-':<12}{', '.join(state.names) or '-'}"
        f"{'  (and more that waits: genloom lib pending)' if state.waits and state.state != 'pending' else ''}"
        for state in states
    ]
    put_text("\n".join(lines or [f"{library.namespace} has no modules yet: import one."]))
    return 0


@click.command(epilog="\b\nExamples:\n  genloom lib show text\n  genloom lib show myapp.gen.text --json")
@lib_options.module
@lib_options.package
@options.as_json
def show(module: str, package: str | None, as_json: bool) -> int:
    """Show MODULE: its code on standard output, what it was asked for and checked by on standard error."""
    from genloom.interfaces.cli.terminal import put_code, put_json, put_text, tell

    library = lib_options.library_of(package)
    state = library.state(module)
    waiting = [record for record in library.waiting() if record.module == state.module]
    source = "" if state.state in ("pending", "missing") else library.source(state.module)
    if as_json:
        diff = waiting[0].diff if waiting else ""
        put_json({**state.to_json(), "source": source, "pending_diff": diff})
        return 0
    tell([*state.lines(), *(f"  waits for a person, thread {record.thread_id}" for record in waiting)])
    if source:
        put_code(source)
    for record in waiting:
        put_text(record.diff)
    return 0


@click.command(epilog="\b\nExamples:\n  genloom lib diff\n  genloom lib diff text --json")
@lib_options.modules
@lib_options.package
@options.as_json
def diff(modules: tuple[str, ...], package: str | None, as_json: bool) -> int:
    """Show what waits for a person, and what was edited by hand since it was pinned.

    The pinned text of an edited file is looked for in git, by the hash in genloom.lock. Exit code 1 when anything differs.
    """
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.interfaces.importer.library.differences import differences

    library = lib_options.library_of(package)
    found = differences(library, [library.full(name) for name in modules])
    if as_json:
        put_json({"differences": [difference.to_json() for difference in found]})
    else:
        put_text("\n".join(difference.text.rstrip() for difference in found) or "Nothing differs.")
    return 1 if found else 0


@click.command(
    epilog="""\b
Examples:
  genloom lib verify
  genloom lib verify text --json

\b
Exit codes: 0 every module is what was accepted and passes its checks (or was accepted without any); 1 not so."""
)
@lib_options.modules
@lib_options.package
@options.python
@options.allow_weak_sandbox
@options.as_json
def verify(
    modules: tuple[str, ...], package: str | None, python: str | None, allow_weak_sandbox: bool, as_json: bool
) -> int:
    """Check MODULES, or all: the hash of each file, and in the sandbox the checks that genloom.lock keeps."""
    from genloom.interfaces.cli.inputs import find_python
    from genloom.interfaces.cli.late_progress import showing_late_progress
    from genloom.interfaces.cli.report import verdict_lines
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.interfaces.importer.library.verifying import verify_pins

    library = lib_options.library_of(package).checked_by(find_python(python), allow_weak_sandbox=allow_weak_sandbox)
    with showing_late_progress(f"checking {library.namespace}"):
        found = verify_pins(library, [library.full(name) for name in modules])
    if as_json:
        put_json(
            {
                "result": "passed" if all(pin.holds for pin in found) else "failed",
                "modules": [pin.to_json() for pin in found],
            }
        )
    else:
        lines = [line for pin in found for line in (pin.line, *(verdict_lines(pin.verdict) if pin.verdict else ()))]
        put_text("\n".join(lines or ["Nothing is pinned."]))
    return 0 if all(pin.holds for pin in found) else 1
