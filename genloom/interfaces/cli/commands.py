"""The commands: which there are, and where each one lives. A command's module is imported when it is asked for."""

from __future__ import annotations

import importlib

import click

from genloom.version import VERSION

__all__ = ["COMMANDS", "LazyCommands", "genloom"]

COMMANDS = (
    "generate",
    "verify",
    "review",
    "context",
    "summary",
    "index",
    "graph",
    "thread",
    "lib",
    "agent",
    "serve",
    "mcp",
    "doctor",
    "stats",
    "completion",
)
"""In the order of `--help`. The module of that name in this package holds the click command `command`."""


class LazyCommands(click.Group):
    """A group whose commands are found by name in modules of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names in the order of `--help`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, imported now."""
        if cmd_name not in COMMANDS:
            return None
        found = importlib.import_module(f"genloom.interfaces.cli.{cmd_name}").command
        assert isinstance(found, click.Command)
        return found


@click.command(
    cls=LazyCommands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  genloom generate "Double a number" -e "double(2) == 4" -e "double(0) == 0" -e "double(-3) == -6"
  genloom verify slug.py -e "slugify('A b') == 'a-b'"
  genloom doctor

\b
Exit codes: 0 it worked; 1 not passed; 2 bad input; 3 a key or model is missing or refused;
4 every backend failed; 5 waits for a person; 130 interrupted (143 by SIGTERM).""",
)
@click.version_option(VERSION, prog_name="genloom", message="%(prog)s %(version)s")
def genloom() -> None:
    """Turn requests into code that has been checked.

    With --json a command prints exactly one JSON object on standard output; what is for people goes to standard error.
    """
