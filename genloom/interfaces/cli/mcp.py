"""`genloom mcp`: genloom's tools for clients of the Model Context Protocol."""

from __future__ import annotations

import click

from genloom.interfaces.cli import options

__all__ = ["command"]


@click.command(
    short_help="genloom's tools over MCP.",
    epilog="""\b
Examples:
  genloom mcp --repo .
  genloom mcp --repo . --write
  genloom mcp --repo . --port 8730

\b
Exit codes: 0 the client has gone, or SIGTERM; 2 bad input, or a package is missing; 130 Ctrl-C.""",
)
@options.repository_needed
@click.option("--write", is_flag=True, help="Serve the tools that change files and commit, too.")
@click.option("--agents", is_flag=True, help="Serve the configured Codegen API, too, whose runs may cost.")
@click.option("--model", metavar="M", help="Model that writes code [default: GENLOOM_MODEL; else the search].")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    metavar="N",
    help="Serve HTTP on this machine instead, for who has the token; 0 takes a free port.",
)
def command(repository: str, write: bool, agents: bool, model: str | None, port: int | None) -> int:
    """Serve genloom's tools to a program that speaks MCP, on standard input and output; see docs/mcp.md.

    Tools that only read are served, and with --write those that change files. With --port, the token is GENLOOM_MCP_TOKEN,
    or one is made and told.
    """
    from genloom.interfaces.mcp.extra import require_mcp

    require_mcp()
    from genloom.interfaces.mcp.starting import start  # the packages of the extra: no other command pays for them

    return start(repository, write=write, agents=agents, model=model, port=port)
