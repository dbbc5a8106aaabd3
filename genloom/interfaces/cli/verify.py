"""`genloom verify`: the checks alone, on a file that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from genloom.interfaces.cli import options

if TYPE_CHECKING:
    from typing import Any

    from genloom.state import Comparison, FurtherChecks, Verdict

__all__ = ["command"]


@click.command(
    short_help="Check a file against examples and tests.",
    epilog="""\b
Examples:
  genloom verify slug.py -e "slugify('A b') == 'a-b'" -e "raises(TypeError, slugify(None))"
  genloom verify pairs.py --tests test_pairs.py --repo . --json
  genloom verify pairs.py --tests test_pairs.py --sarif > checks.sarif

\b
Exit codes: 0 passed; 1 failed, or nothing could be shown; 2 bad input.""",
)
@click.argument("file")
@options.examples
@options.tests
@options.comparison
@options.further_checks
@options.python
@options.repository
@options.allow_weak_sandbox
@options.as_json
@options.sarif
def command(
    file: str,
    examples: tuple[str, ...],
    tests: str | None,
    comparison: Comparison | None,
    further_checks: FurtherChecks | None,
    python: str | None,
    repository: str | None,
    allow_weak_sandbox: bool,
    as_json: bool,
    sarif: bool,
) -> int:
    """Run FILE in the sandbox against examples, a pytest file and its own doctests."""
    from pathlib import Path

    from genloom.config import load_settings
    from genloom.interfaces.cli.inputs import find_folder, find_python, place_of_tests, read_text
    from genloom.interfaces.cli.late_progress import showing_late_progress
    from genloom.portal import run_sync
    from genloom.state import GraphContext
    from genloom.tools.checks import verify_file
    from genloom.tools.checks.comparison import EQUALITY
    from genloom.tools.sandbox import sandbox_for

    _demand_agreement(examples)
    where = GraphContext(
        repository=find_folder(repository), python=find_python(python), allow_weak_sandbox=allow_weak_sandbox
    )
    settings, context = where.resolved(load_settings())
    test_text = read_text(tests, "test file")
    with showing_late_progress(f"checking {file}"):
        verdict = run_sync(
            verify_file(
                Path(file),
                examples,
                test_text,
                sandbox_for(context, settings),
                comparison=comparison or EQUALITY,
                further=further_checks or context.further_checks,
                tests_path=place_of_tests(tests, context.repository) or "",
            )
        )
    _put(verdict, file, as_json, sarif)
    return 0 if verdict.result == "passed" else 1


def _demand_agreement(examples: tuple[str, ...]) -> None:
    """Raise `ExampleError` for two examples of which only one can hold."""
    from genloom.errors import ExampleError
    from genloom.state import find_contradiction, parse_example

    contradiction = find_contradiction([parse_example(text) for text in examples])
    if contradiction is not None:
        first, second = contradiction
        raise ExampleError(f"The examples contradict each other: `{first.text}` and `{second.text}`.")


def _put(verdict: Verdict, file: str, as_json: bool, sarif: bool) -> None:
    from genloom.interfaces.cli.report import verdict_lines
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.tools.checks import verdict_to_json

    if sarif:
        put_json(_as_sarif(verdict, file))
    elif as_json:
        put_json(verdict_to_json(verdict))
    else:
        reason = "" if verdict.result == "passed" else f": {verdict.reason}"
        put_text("\n".join([f"{verdict.result.replace('_', ' ')}: {file}{reason}", *verdict_lines(verdict)]))


def _as_sarif(verdict: Verdict, file: str) -> dict[str, Any]:  # Any: a JSON document
    """Return the checks that did not hold as SARIF, at the functions that they call."""
    from pathlib import Path

    from genloom.tools.checks import CheckedFile, read_checked_file, to_sarif, verdict_findings

    read = read_checked_file(Path(file))
    source, lines = (read.text, read.lines) if isinstance(read, CheckedFile) else ("", {})
    return to_sarif(verdict_findings(verdict, file, lines), {file: source}, complete=verdict.result != "not_run")
