"""Where agents' types come from: `[tool.genloom.agents]` of a TOML file, and entry points of installed packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from genloom.errors import UsageError
from genloom.state.agent_spec import MAX_PROMPT, AgentSpec
from genloom.tools.toml_tables import refuse_table, toml_tables

__all__ = ["GROUP", "installed_agent_specs", "read_agent_specs"]

GROUP = "genloom.agents"


def read_agent_specs(path: str | Path) -> dict[str, AgentSpec]:
    """Return the agents of a TOML file by name: the tables below `[tool.genloom.agents]`, or below `[agents]` where it is no
    `pyproject.toml`.

    Prompt files are read, relative to the file's folder and inside of it. Whoever names the file trusts it: its agents get
    the tools that they ask for. Raises `UsageError` that names the file, the agent and the key where something is wrong.
    """
    path = Path(path).expanduser()
    return {name: _spec(path, name, table) for name, table in toml_tables(path, "agents", "agent").items()}


def installed_agent_specs(found: Iterable[EntryPoint] | None = None) -> dict[str, AgentSpec]:
    """Return the agents that installed packages offer under the entry point group `genloom.agents`, by name.

    An entry point is an `AgentSpec`, or a function that returns one. Loading it runs the package's code. Raises `UsageError`
    that names the package where one cannot be loaded, or where two have one name.
    """
    specs: dict[str, AgentSpec] = {}
    for point in entry_points(group=GROUP) if found is None else found:
        spec = _loaded(point)
        if spec.name in specs:
            raise UsageError(f"Two installed packages offer an agent {spec.name!r}.", hint="Remove one of them.")
        specs[spec.name] = spec
    return specs


def _loaded(point: EntryPoint) -> AgentSpec:
    about = f"The agent {point.name!r} of {point.dist.name if point.dist else point.value}"
    try:
        made = point.load()
        spec = made() if callable(made) else made
    except Exception as error:
        raise UsageError(f"{about} cannot be loaded: {type(error).__name__}: {error}", hint="Update it.") from error
    if not isinstance(spec, AgentSpec):
        raise UsageError(f"{about} is no AgentSpec but {type(spec).__name__}.", hint="Tell its authors.")
    return spec


def _spec(path: Path, name: str, table: Mapping[str, Any]) -> AgentSpec:
    try:
        spec = AgentSpec(**{"name": name, **table})
    except ValidationError as error:
        refuse_table(path, "agent", name, error, "docs/agents.md")
    return spec if spec.prompt_file is None else _with_prompt(path, spec, spec.prompt_file)


def _with_prompt(path: Path, spec: AgentSpec, name: str) -> AgentSpec:
    folder = path.parent.resolve()
    file = (folder / name).resolve()
    if not file.is_relative_to(folder):
        raise UsageError(
            f"{path}: the prompt of {spec.name!r}, {name}, is outside of the file's folder.", hint="Put it beside."
        )
    try:
        text = file.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path}: the prompt of {spec.name!r}, {name}, cannot be read: {error}.", hint="Check prompt_file."
        ) from error
    if len(text) > MAX_PROMPT:
        raise UsageError(f"{path}: the prompt of {spec.name!r} is too long.", hint=f"Keep it to {MAX_PROMPT:,}.")
    return spec.model_copy(update={"system_prompt": text, "prompt_file": None})
