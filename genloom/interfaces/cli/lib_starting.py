"""`genloom lib init|eject|stubs|run`: how a package of generated modules begins, and how it ends."""

from __future__ import annotations

import click

from genloom.interfaces.cli import lib_options, options

__all__ = ["eject", "init", "run", "stubs"]


@click.command(
    epilog="""\b
Examples:
  genloom lib init myapp.gen
  genloom lib init myapp.gen --description "Text tools of a blog" --mode auto"""
)
@click.argument("package")
@click.option("--root", metavar="DIR", help="Folder that packages lie in [default: src where it has them, else here].")
@click.option("--description", default="", metavar="TEXT", help="What the modules are for; every generation reads it.")
@click.option(
    "--mode",
    type=click.Choice(["review", "auto", "frozen"]),
    help="Fix the mode [default: review at a terminal or in a notebook, frozen in CI and elsewhere].",
)
@click.option("--model", default="", metavar="M", help="`provider:model` [default: GENLOOM_MODEL].")
@options.as_json
def init(package: str, root: str | None, description: str, mode: str | None, model: str, as_json: bool) -> int:
    """Make PACKAGE (dotted), whose modules write themselves when they are first imported."""
    from pathlib import Path

    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.interfaces.importer.library.anchor import make_anchor, package_root

    folder = Path(root).expanduser() if root else package_root(Path.cwd(), package)
    made = make_anchor(package, folder, description=description, mode=mode or "", model=model)
    if as_json:
        created = [str(path) for path in made.created]
        put_json({"package": made.package, "directory": str(made.directory), "created": created})
        return 0
    lines = [f"made: {path}" for path in made.created]
    put_text("\n".join([*lines, f"Now import what you need: `from {package}.text import slugify`."]))
    return 0


@click.command(
    epilog="""\b
Examples:
  genloom lib eject
  genloom lib eject myapp.gen --out plain/ --json"""
)
@click.argument("package", required=False)
@click.option("--out", metavar="DIR", help="Copy the package there instead [default: where it is].")
@options.as_json
def eject(package: str | None, out: str | None, as_json: bool) -> int:
    """Make PACKAGE plain: no hook and no lock file, the checks as pytest files, no genloom at run time."""
    from pathlib import Path

    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.interfaces.importer.library.ejecting import eject_library

    library = lib_options.library_of(package)
    ejected = eject_library(library, Path(out).expanduser() if out else None)
    if as_json:
        put_json(ejected.to_json())
        return 0
    lines = [f"module: {path}" for path in ejected.modules] + [f"tests: {path}" for path in ejected.tests]
    put_text("\n".join([*lines, f"{library.namespace} needs no genloom now."]))
    return 0


@click.command(epilog="\b\nExamples:\n  genloom lib stubs\n  genloom lib stubs --remove")
@click.option("--remove", is_flag=True, help="Remove the stubs that genloom wrote.")
@lib_options.package
@options.as_json
def stubs(remove: bool, package: str | None, as_json: bool) -> int:
    """Write .pyi files for names that the project imports and nothing has written yet, so that type checkers accept them."""
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.interfaces.importer.library.requested_names import refresh_stubs

    library = lib_options.library_of(package)
    written = refresh_stubs(library, remove=remove)
    if as_json:
        put_json({"stubs": [str(path) for path in written]})
    else:
        none = "No stub of genloom's is left." if remove else "No stubs are needed."
        put_text("\n".join(f"stub: {path}" for path in written) or none)
    return 0


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="""\b
Example:
  OPENAI_API_KEY=… genloom lib run program.py --its-own-option

\b
The exit code is the program's.""",
)
@click.argument("program", type=click.Path())
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(program: str, arguments: tuple[str, ...]) -> int:
    """Run a PROGRAM that was written for autogenlib, unchanged, with genloom behind `autogenlib`."""
    import os
    import sys
    from pathlib import Path

    from genloom.errors import StorageError

    if not Path(program).is_file():
        raise StorageError(f"There is no program {program!r}.", hint="Give the path of a Python file.")
    sys.stdout.flush()
    sys.stderr.flush()
    # in this process's place: signals, exit code and standard streams are the program's own
    os.execv(sys.executable, [sys.executable, "-m", "genloom.interfaces.importer.autogenlib", program, *arguments])  # noqa: S606 - no shell
