"""The server's settings: what is given, the environment, the defaults, in this order."""

from __future__ import annotations

from pathlib import Path

import pytest

from genloom.config import load_settings
from genloom.errors import UsageError
from genloom.interfaces.server.settings import ServerSettings, server_settings
from genloom.tools.codegen.traffic.limits import DOCUMENTED, Rate


def from_environment(tmp_path: Path, given: dict[str, object] | None = None, **env: str) -> ServerSettings:
    variables = {f"GENLOOM_SERVE_{name}": text for name, text in env.items()}
    return server_settings(load_settings({"GENLOOM_HOME": str(tmp_path), **variables}), **(given or {}))


def test_nothing_configured_serves_the_documented_limits_on_loopback(tmp_path: Path) -> None:
    """The limits of the API's documents, SQLite in the home folder, and no other machine can reach it."""
    found = from_environment(tmp_path)
    assert found.limits == DOCUMENTED
    assert (found.limits.general, found.limits.creation, found.limits.logs) == (
        Rate(60, 30),
        Rate(10, 60),
        Rate(60, 60),
    )
    assert (found.host, found.page_size) == ("127.0.0.1", 100)
    assert found.database == f"sqlite:///{tmp_path}/serve/server.db"
    assert found.offered_models == ()


def test_argument_counts_before_environment_before_default(tmp_path: Path) -> None:
    """What is `None` was not given."""
    given: dict[str, object] = {"port": 1, "host": None}
    found = from_environment(tmp_path, given, PORT="2", HOST="::1", MODELS="a, b", MODEL="m", RUN_SECONDS="1.5")
    assert (found.port, found.host, found.models, found.run_seconds) == (1, "::1", ("a", "b"), 1.5)
    assert found.offered_models == ("m", "a", "b")


def test_rates_are_read_from_the_environment(tmp_path: Path) -> None:
    """One class changes and the others stay; `off` is no limit."""
    found = from_environment(tmp_path, RATE_CREATION="5/2.5", RATE_LOGS="off", FAILURES="off", PUBLIC_RATE="3/1")
    assert (found.limits.creation, found.limits.logs, found.limits.general) == (Rate(5, 2.5), None, Rate(60, 30))
    assert (found.failures, found.public_rate) == (None, Rate(3, 1))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("PORT", text) for text in ("x", "-1", "65536", "80.5")),
        *(("RUN_SECONDS", text) for text in ("0", "-1", "nan", "inf", "")),
        *(("QUEUE", text) for text in ("0", "-5", "99999999999")),
        *(("RATE_CREATION", text) for text in ("10", "0/60", "10/-1", "a/b")),
        *(("FAILURES", text) for text in ("10", "0/60", "a/b")),
        *(("PROT", "80"), ("RATE_LOG", "1/1"), ("BEAT_SECONDS", "29")),
    ],
)
def test_value_that_makes_no_sense_is_refused_by_name(tmp_path: Path, name: str, text: str) -> None:
    """Also a name that is no setting: a limit that was misspelt would otherwise not hold. An empty one is not set."""
    if text == "":
        assert from_environment(tmp_path, **{name: text}) == from_environment(tmp_path)
        return
    with pytest.raises(UsageError) as caught:
        from_environment(tmp_path, **{name: text})
    assert caught.value.hint
    told = f"{caught.value.message} {caught.value.hint}".lower()
    assert name.lower().removeprefix("rate_") in told


def test_settings_travel_to_workers_as_json(tmp_path: Path) -> None:
    """What a worker process reads is what the server has."""
    found = from_environment(tmp_path, DATABASE="postgresql://ada:sesame@h/n", RATE_LOGS="off", WEBHOOK_HOSTS="a,b")
    assert ServerSettings.model_validate_json(found.model_dump_json()) == found


def test_secrets_show_nowhere(tmp_path: Path) -> None:
    """Neither a database's password nor the server's token is in any `repr`; the token is known as a secret."""
    env = {"GENLOOM_SERVE_TOKEN": "gl_token_of_the_server", "GENLOOM_SERVE_DATABASE": "postgresql://ada:sesame@h/n"}
    settings = load_settings({"GENLOOM_HOME": str(tmp_path), **env})
    told = repr(settings) + repr(server_settings(settings))
    assert "sesame" not in told
    assert "gl_token" not in told
    assert "gl_token_of_the_server" in settings.secrets
