"""`genloom serve`: the Codegen-compatible server, and what its operator sets up."""

from __future__ import annotations

import click

from genloom.interfaces.cli.serve_audit import audit
from genloom.interfaces.cli.serve_keys import keys
from genloom.interfaces.cli.serve_members import orgs, users

__all__ = ["command"]


@click.group(
    invoke_without_command=True,
    short_help="The Codegen agent API, self-hosted.",
    epilog="""\b
Examples:
  genloom serve keys create --role runner --name ci
  genloom serve keys list
  genloom serve audit verify""",
)
@click.pass_context
def command(context: click.Context) -> int:
    """Serve Codegen's agent API with genloom's own graphs, and set up who may use it."""
    if context.invoked_subcommand is None:
        raise click.UsageError("The server cannot be started yet.", context)
    return 0


for group in (keys, orgs, users, audit):
    command.add_command(group)
