"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from genloom.state import Comparison

__all__ = [
    "allow_weak_sandbox",
    "as_json",
    "comparison",
    "examples",
    "further_checks",
    "out",
    "policy",
    "python",
    "quiet",
    "repository",
    "repository_needed",
    "sarif",
    "tests",
]

F = TypeVar("F", bound=Callable[..., Any])  # Any: click's callbacks take what their options give
Decorator = Callable[[F], F]

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
sarif = click.option("--sarif", is_flag=True, help="Print what was found as SARIF 2.1.0.")
quiet = click.option("--quiet", "-q", is_flag=True, help="Say nothing on standard error but errors.")
examples = click.option(
    "-e",
    "--example",
    "examples",
    multiple=True,
    metavar="EXAMPLE",
    help="`call == literal` or `raises(Error, call)`; may be repeated.",
)


def _as_comparison(context: click.Context, parameter: click.Parameter, text: str | None) -> Comparison | None:
    # imported where a value is given: pydantic would hold up every `--help`
    from pydantic import ValidationError

    from genloom.state import Comparison

    try:
        return None if text is None else Comparison.model_validate(text)
    except ValidationError as error:
        raise click.BadParameter(error.errors()[0]["msg"].removeprefix("Value error, ")) from error


comparison = click.option(
    "--compare",
    "comparison",
    metavar="HOW",
    callback=_as_comparison,
    help="How results are compared: exact, unordered, tolerance=1e-9, or several with commas [default: ==].",
)
further_checks = click.option(
    "--further-checks",
    type=click.Choice(["advisory", "required", "off"]),
    help="Checks derived from type hints and examples: shown, deciding too, or not made [default: advisory].",
)
tests = click.option("--tests", metavar="FILE", help="A pytest file that imports the module.")
python = click.option(
    "--python", metavar="EXE", help="Python that runs the checks [default: the repository's .venv, else this one]."
)
allow_weak_sandbox = click.option(
    "--allow-weak-sandbox", is_flag=True, help="Check with resource limits alone, which is not a sandbox."
)
policy = click.option(
    "--policy", metavar="FILE", help="House rules for the review: a TOML file, or a pyproject.toml [default: none]."
)
out = click.option("--out", metavar="FILE", help="Write the code there, whole, when it passed or was accepted.")
repository = click.option("--repo", "repository", metavar="DIR", help="The folder of the codebase.")
repository_needed = click.option(
    "--repo", "repository", metavar="DIR", default=".", show_default=True, help="The folder of the codebase."
)
