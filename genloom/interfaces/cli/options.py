"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = [
    "allow_weak_sandbox",
    "as_json",
    "examples",
    "out",
    "python",
    "quiet",
    "repository",
    "repository_needed",
    "tests",
]

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's callbacks take what their options give
Decorator = Callable[[F], F]

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
quiet = click.option("--quiet", "-q", is_flag=True, help="Say nothing on standard error but errors.")
examples = click.option(
    "-e",
    "--example",
    "examples",
    multiple=True,
    metavar="EXAMPLE",
    help="`call == literal` or `raises(Error, call)`; may be repeated.",
)
tests = click.option("--tests", metavar="FILE", help="A pytest file that imports the module.")
python = click.option(
    "--python", metavar="EXE", help="Python that runs the checks [default: the repository's .venv, else this one]."
)
allow_weak_sandbox = click.option(
    "--allow-weak-sandbox", is_flag=True, help="Check with resource limits alone, which is not a sandbox."
)
out = click.option("--out", metavar="FILE", help="Write the code there, whole, when it passed or was accepted.")
repository = click.option("--repo", "repository", metavar="DIR", help="The folder of the codebase.")
repository_needed = click.option(
    "--repo", "repository", metavar="DIR", default=".", show_default=True, help="The folder of the codebase."
)
