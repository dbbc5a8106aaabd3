"""`genloom verify`: the checks alone, on a file that is there."""

from __future__ import annotations

import click

from genloom.interfaces.cli import options

__all__ = ["command"]


@click.command(
    short_help="Check a file against examples and tests.",
    epilog="""\b
Examples:
  genloom verify slug.py -e "slugify('A b') == 'a-b'" -e "raises(TypeError, slugify(None))"
  genloom verify pairs.py --tests test_pairs.py --repo . --json

\b
Exit codes: 0 passed; 1 failed, or nothing could be shown; 2 bad input.""",
)
@click.argument("file")
@options.examples
@options.tests
@options.python
@options.repository
@options.allow_weak_sandbox
@options.as_json
def command(
    file: str,
    examples: tuple[str, ...],
    tests: str | None,
    python: str | None,
    repository: str | None,
    allow_weak_sandbox: bool,
    as_json: bool,
) -> int:
    """Run FILE in the sandbox against examples, a pytest file and its own doctests."""
    from pathlib import Path

    from genloom.config import load_settings
    from genloom.errors import ExampleError
    from genloom.interfaces.cli.inputs import find_python, find_repository, read_text
    from genloom.interfaces.cli.report import verdict_lines
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.portal import run_sync
    from genloom.state import GraphContext, find_contradiction, parse_example
    from genloom.tools.checks import verdict_to_json, verify_file
    from genloom.tools.sandbox import sandbox_for

    contradiction = find_contradiction([parse_example(text) for text in examples])
    if contradiction is not None:
        raise ExampleError(
            f"The examples contradict each other: `{contradiction[0].text}` and `{contradiction[1].text}`."
        )
    where = GraphContext(
        repository=find_repository(repository), python=find_python(python), allow_weak_sandbox=allow_weak_sandbox
    )
    settings, context = where.resolved(load_settings())
    test_text = read_text(tests, "test file")
    verdict = run_sync(verify_file(Path(file), examples, test_text, sandbox_for(context, settings)))
    if as_json:
        put_json(verdict_to_json(verdict))
    else:
        reason = "" if verdict.result == "passed" else f": {verdict.reason}"
        put_text("\n".join([f"{verdict.result.replace('_', ' ')}: {file}{reason}", *verdict_lines(verdict)]))
    return 0 if verdict.result == "passed" else 1
