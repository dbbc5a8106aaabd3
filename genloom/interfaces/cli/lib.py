"""`genloom lib`: the modules that imports wrote."""

from __future__ import annotations

import click

from genloom.interfaces.cli.lib_changing import adopt, regenerate
from genloom.interfaces.cli.lib_deciding import accept, pending, reject
from genloom.interfaces.cli.lib_reading import diff, list_modules, show, verify
from genloom.interfaces.cli.lib_starting import eject, init, run, stubs

__all__ = ["command"]


@click.group(
    short_help="Modules that imports wrote: list, check, decide, eject.",
    epilog="""\b
Examples:
  genloom lib init myapp.gen
  genloom lib list
  genloom lib pending && genloom lib accept text
  genloom lib verify --json
  genloom lib eject --out plain/

\b
A module is named in full (myapp.gen.text) or as it stands below its package (text). Exit codes: 0 it worked;
1 something is edited, missing, failed or not proven; 2 bad input; 3 a key or model is missing or refused;
4 every backend failed; 5 waits for a person.""",
)
def command() -> None:
    """Look at, check and decide on the generated modules of an anchor package.

    Without --package it is the one whose genloom.lock lies in this folder, above or below it.
    """


for one in (init, list_modules, show, diff, pending, accept, reject, adopt, regenerate, verify, eject, stubs, run):
    command.add_command(one)
