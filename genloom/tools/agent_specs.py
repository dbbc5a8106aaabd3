"""Where agents' types come from: `[tool.genloom.agents]` of a TOML file, and entry points of installed packages."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from genloom.errors import UsageError
from genloom.state.agent_spec import MAX_PROMPT, AgentSpec

__all__ = ["GROUP", "installed_agent_specs", "read_agent_specs"]

GROUP = "genloom.agents"
MAX_BYTES = 1_000_000
MAX_SPECS = 200


def read_agent_specs(path: str | Path) -> dict[str, AgentSpec]:
    """Return the agents of a TOML file by name: the tables below `[tool.genloom.agents]`, or below `[agents]`.

    Prompt files are read, relative to the file's folder and inside of it. Whoever names the file trusts it: its agents get
    the tools that they ask for. Raises `UsageError` that names the file, the agent and the key where something is wrong.
    """
    path = Path(path).expanduser()
    data = _parsed(path)
    tables = _at(data, "tool", "genloom", "agents") if path.name == "pyproject.toml" else None
    tables = tables if tables is not None else _at(data, "agents")
    if not isinstance(tables, Mapping) or not tables:
        raise UsageError(
            f"{path} holds no agents.", hint="Write a table [tool.genloom.agents.NAME] for each; see docs/agents.md."
        )
    if len(tables) > MAX_SPECS:
        raise UsageError(f"{path} holds more than {MAX_SPECS} agents.", hint="Split it.")
    return {name: _spec(path, name, table) for name, table in tables.items()}


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


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path} is larger than {MAX_BYTES:,} bytes.", hint="Name the file that holds the agents.")
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.", hint="Check the path.") from error
    except ValueError as error:
        raise UsageError(f"{path} is no TOML: {error}.", hint="Mend it where the message says.") from error


def _at(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def _spec(path: Path, name: str, table: Any) -> AgentSpec:
    if not isinstance(table, Mapping):
        raise UsageError(f"{path}: the agent {name!r} is no table.", hint="Write it as [tool.genloom.agents.NAME].")
    try:
        spec = AgentSpec(**{"name": name, **table})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise UsageError(f"{path}: the agent {name!r}: {where}: {first['msg']}.", hint="See docs/agents.md.") from error
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
