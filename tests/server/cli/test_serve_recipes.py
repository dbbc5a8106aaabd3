"""What the container recipes and the guide name exists. The recipes themselves are not run here."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest

from genloom.config import load_settings
from genloom.interfaces.cli.serve import command
from genloom.interfaces.server.routes.health import router
from genloom.interfaces.server.runs.worker_process import GRACE_SECONDS
from genloom.interfaces.server.settings import PORT, ServerSettings, server_settings

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

ROOT = Path(__file__).parents[3]
OPTIONS = {name for option in command.params if isinstance(option, click.Option) for name in option.opts}


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (ROOT / "container/Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def one(name: str) -> str:
    [found] = [rest for instruction, rest in instructions() if instruction == name]
    return found


def services() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "container/compose.yaml").read_text()))


def arguments(words: list[str]) -> dict[str, str]:
    return dict(zip(words[::2], words[1::2], strict=True))


def test_image_copies_what_is_there_and_its_context_lets_it_through() -> None:
    ignored = (ROOT / "container/Dockerfile.dockerignore").read_text().split()
    copied = [word for instruction, rest in instructions() if instruction == "COPY" for word in rest.split()[:-1]]
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert f"!{path.removeprefix('./')}" in ignored


def test_image_installs_the_extra_serves_as_nobody_special_and_keeps_its_data() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert "serve" in extras
    assert any("'.[serve]'" in rest for instruction, rest in instructions() if instruction == "RUN")
    assert one("USER") not in ("root", "0")
    assert json.loads(one("ENTRYPOINT")) == ["genloom", "serve"]
    given = arguments(json.loads(one("CMD")))
    assert set(given) <= OPTIONS
    assert given["--port"] == one("EXPOSE") == str(PORT)
    assert given["--data"].startswith(one("VOLUME"))


def test_health_check_asks_a_path_that_is_served() -> None:
    port, path = re.search(r"http://127\.0\.0\.1:([0-9]+)(/[a-z]+)", one("HEALTHCHECK")).groups()  # type: ignore[union-attr]
    assert port == str(PORT)
    assert path in {route.path for route in router.routes}  # type: ignore[attr-defined]


def test_compose_gives_the_server_options_and_variables_that_it_has() -> None:
    compose = services()
    server = compose["services"]["server"]
    given = arguments(server["command"])
    assert set(given) <= OPTIONS
    assert server["ports"] == [f"127.0.0.1:{given['--port']}:{PORT}"]
    variables = {name: re.sub(r"\$\{[^}]*\}", "word", value) for name, value in server["environment"].items()}
    settings = load_settings(variables)
    assert settings.serve_token == "word"
    made = server_settings(settings)
    assert made.database == "postgresql+psycopg://genloom:word@database:5432/genloom"
    assert int(server["stop_grace_period"].removesuffix("s")) > made.drain_seconds + GRACE_SECONDS


def test_compose_builds_from_the_recipe_and_names_its_own_volumes_and_services() -> None:
    compose = services()
    server = compose["services"]["server"]
    context = ROOT / "container" / server["build"]["context"]
    assert (context / server["build"]["dockerfile"]).resolve() == ROOT / "container/Dockerfile"
    assert set(server["depends_on"]) <= set(compose["services"])
    used = {volume.partition(":")[0] for service in compose["services"].values() for volume in service["volumes"]}
    assert used == set(compose["volumes"])
    assert "pg_isready" in compose["services"]["database"]["healthcheck"]["test"]


def test_guide_names_only_options_and_settings_that_there_are() -> None:
    text = (ROOT / "docs/serve.md").read_text()
    commands = [line for line in text.splitlines() if re.match(r"genloom serve(\s|$)", line)]
    assert commands
    for line in commands:
        words = shlex.split(line, comments=True)[2:]
        known: click.Command = command
        while words and not words[0].startswith("-") and isinstance(known, click.Group):
            known = known.commands[words.pop(0)]
        names = {name for option in known.params for name in option.opts}
        assert {word for word in words if word.startswith("--")} <= names, line
    table = text.partition("## Settings")[2].partition("##")[0]
    rows = [re.findall(r"`([A-Z_]+)`", line.partition("|")[2].partition("|")[0]) for line in table.splitlines()]
    named = {name.lower() for row in rows for name in row if not name.startswith("RATE_")}
    assert len(named) > 8
    assert named <= set(ServerSettings.model_fields)
    rates = {name.removeprefix("RATE_").lower(): "5/10" for row in rows for name in row if name.startswith("RATE_")}
    server_settings(load_settings({f"GENLOOM_SERVE_RATE_{name.upper()}": rate for name, rate in rates.items()}))
