"""`genloom doctor`: what is configured, reachable and missing, and how to fix it."""

from __future__ import annotations

import click

from genloom.interfaces.cli import options

__all__ = ["command"]

_MARKS = {"ok": "ok", "off": "off", "problem": "PROBLEM"}


@click.command(
    short_help="What is configured, reachable, missing.",
    epilog="""\b
Examples:
  genloom doctor
  genloom doctor --json

\b
Exit codes: 0 the main job can work; 1 it cannot; 2 a setting makes no sense.""",
)
@options.as_json
def command(as_json: bool) -> int:
    """Look at Python, folders, sandbox, models, servers on this machine, agent backend and tracing.

    Keys are never shown.
    """
    from genloom.config import load_settings
    from genloom.interfaces.agents import offer_agents
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.portal import run_sync
    from genloom.tools.diagnosis import examine, is_able

    offer_agents()
    diagnoses = run_sync(examine(load_settings()))
    able = is_able(diagnoses)
    if as_json:
        put_json({"ok": able, "checks": [diagnosis.to_json() for diagnosis in diagnoses]})
        return 0 if able else 1
    lines = []
    for diagnosis in diagnoses:
        lines.append(f"{_MARKS[diagnosis.state]:<9}{diagnosis.area:<14}{diagnosis.message}")
        if diagnosis.hint:
            lines.append(f"{'':<23}-> {diagnosis.hint}")
    verdict = "The main job can work." if able else "The main job cannot work until the problems above are solved."
    put_text("\n".join([*lines, "", verdict]))
    return 0 if able else 1
