"""`genloom serve`: the Codegen-compatible server, and what its operator sets up."""

from __future__ import annotations

from typing import Any

import click

from genloom.interfaces.cli import options
from genloom.interfaces.cli.serve_audit import audit
from genloom.interfaces.cli.serve_keys import keys
from genloom.interfaces.cli.serve_members import orgs, users
from genloom.interfaces.cli.serve_repos import repos

__all__ = ["command"]


_port = click.IntRange(0, 65_535)


@click.group(
    invoke_without_command=True,
    short_help="The Codegen agent API, self-hosted.",
    epilog="""\b
Examples:
  genloom serve
  genloom serve --port 0 --model openai:gpt-5 --json
  genloom serve repos add . && genloom serve
  genloom serve keys create --role runner --name ci

\b
Settings may also come from GENLOOM_SERVE_TOKEN, GENLOOM_SERVE_DATABASE, GENLOOM_SERVE_PORT, …: docs/serve.md
lists them. Exit codes: 0 stopped by SIGTERM; 2 bad input, or port, folder or database cannot be used; 130 Ctrl-C.""",
)
@click.option("--port", type=_port, metavar="N", help="Port; 0 takes a free one [default: 8720].")
@click.option("--host", metavar="H", help="Address to listen on [default: 127.0.0.1].")
@click.option("--model", metavar="M", help="Model that runs use [default: GENLOOM_MODEL; else the search].")
@click.option("--models", metavar="A,B", help="Further models that a run may name.")
@click.option("--token", metavar="T", help="A key with the role admin, while this server lives [default: one is made].")
@click.option(
    "--database",
    metavar="URL",
    help="sqlite:////path/server.db or postgresql://… [default: SQLite in the data folder].",
)
@click.option("--data", metavar="DIR", help="Data folder [default: `serve` in genloom's own].")
@click.option("--workers", type=click.IntRange(0, 256), metavar="N", help="Worker processes [default: 1].")
@click.option("--host-name", "hosts", multiple=True, metavar="H", help="A name that clients call the server by, too.")
@click.option("--public-url", metavar="URL", help="The address that clients reach it by, behind a proxy.")
@click.option(
    "--webhook-host",
    "webhook_hosts",
    multiple=True,
    metavar="H",
    help="A name, number or network that webhooks may reach although it is not public.",
)
@options.as_json
@click.pass_context
def command(context: click.Context, /, **given: Any) -> int:  # Any: click's values
    """Serve Codegen's agent API with genloom's own graphs; the commands below set up who may use it.

    Prints the three lines that a client needs, and serves until Ctrl-C or SIGTERM.
    """
    if context.invoked_subcommand is not None:
        return 0
    from genloom.interfaces.cli.serve_start import start

    return start(**{**given, "hosts": given["hosts"] or None, "webhook_hosts": given["webhook_hosts"] or None})


for group in (repos, keys, orgs, users, audit):
    command.add_command(group)
