"""The one place that reads the environment. Explicit argument > environment > default.

Variables: `GENLOOM_HOME`, `GENLOOM_MODEL`, `GENLOOM_REVIEWER_MODEL`, `GENLOOM_AGENT`, `GENLOOM_AGENT_MODEL` (the model
of the agent `local`; default: `GENLOOM_MODEL`), `GENLOOM_SANDBOX`, `GENLOOM_PYTHON`,
`GENLOOM_ORGANISATION`, `GENLOOM_CACHE_MEGABYTES`, `GENLOOM_CACHE_DAYS`, `GENLOOM_THREADS_KEPT`, `GENLOOM_DEBUG`
(tracebacks of unexpected errors), `GENLOOM_IMPORT_MODE` (`review`, `auto` or `frozen`), `GENLOOM_MODEL_RECORDING`
(`replay`, `record` or `missing`, for the recordings of `genloom.testing`); honoured as
their owners define them: `CI`, `OPENAI_API_KEY`, `OPENAI_BASE_URL` (else autogenlib's `OPENAI_API_BASE_URL`),
`OPENAI_MODEL` (for the namespace `autogenlib` alone),
`CODEGEN_API_TOKEN`, `CODEGEN_ORG_ID`, `CODEGEN_API_BASE_URL`, `VAULT_ADDR`, `VAULT_TOKEN`, `VAULT_NAMESPACE`,
`LANGSMITH_TRACING` (its other variables LangSmith reads itself). Where else the token of the Codegen API comes from:
`GENLOOM_TOKEN_FILE`, `GENLOOM_TOKEN_COMMAND`, `GENLOOM_TOKEN_KEYRING`, `GENLOOM_TOKEN_VAULT`, `GENLOOM_OAUTH_TOKEN_URL`
(with `GENLOOM_OAUTH_CLIENT_ID`, `GENLOOM_OAUTH_CLIENT_SECRET`, `GENLOOM_OAUTH_SCOPE`, `GENLOOM_OAUTH_AUDIENCE`).
`GENLOOM_ALLOW_HTTP=1` lets tokens go to other machines without encryption. For pull requests and issues:
`GENLOOM_GITHUB_TOKEN` (else `GITHUB_TOKEN`), `GENLOOM_GITHUB_URL` (a GitHub Enterprise server beside github.com),
`GENLOOM_GITLAB_TOKEN` (else `GITLAB_TOKEN`), `GENLOOM_GITLAB_URL` (a GitLab of one's own beside gitlab.com).

`GENLOOM_MCP_TOKEN` is the token of `genloom mcp --port`.
`GENLOOM_SERVE_TOKEN` is the token of a server of one's own, and any other `GENLOOM_SERVE_X` the setting `x` of
`ServerSettings` (`GENLOOM_SERVE_DATABASE`, `GENLOOM_SERVE_PORT`, `GENLOOM_SERVE_RUN_SECONDS` …); the rates of its requests
are `GENLOOM_SERVE_RATE_GENERAL`, `_CREATION`, `_LOGS`, `_EDITS`, `_RULES`, `_SETUP`, as `60/30` (60 in 30 s) or `off`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from genloom.errors import UsageError

__all__ = [
    "DEFAULT_CODEGEN_URL",
    "ImportMode",
    "ImportSettings",
    "RecordingMode",
    "Settings",
    "TokenSettings",
    "inside_sandbox",
    "load_import_settings",
    "load_recording_mode",
    "load_settings",
    "named_values",
]

ImportMode = Literal["review", "auto", "frozen"]
"""What an import of a module that is not there does: generate and ask a person, generate, or fail."""

RecordingMode = Literal["replay", "record", "missing"]
"""What a recording of a model's answers does: answers from its file alone, makes it anew, or adds what is not there."""

DEFAULT_CODEGEN_URL = "https://api.codegen.com"

_SERVE = "GENLOOM_SERVE_"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class TokenSettings:
    """Where the token of the Codegen API comes from when it is not given as such. Secrets never show in `repr`.

    `keyring` is `service` or `service/user`, `vault` is `mount/path#field`.
    """

    file: Path | None = None
    command: str | None = field(default=None, repr=False)
    keyring: str | None = None
    vault: str | None = None
    vault_address: str | None = None
    vault_token: str | None = field(default=None, repr=False)
    vault_namespace: str | None = None
    oauth_url: str | None = None
    oauth_client_id: str | None = None
    oauth_client_secret: str | None = field(default=None, repr=False)
    oauth_scope: str | None = None
    oauth_audience: str | None = None

    @property
    def configured(self) -> bool:
        """Whether any source is named."""
        return any((self.file, self.command, self.keyring, self.vault, self.oauth_url))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the environment says. Secrets never show in `repr`.

    `home` holds durable data (checkpoints, journals), `cache` disposable data (result cache, index).
    """

    home: Path
    cache: Path
    model: str | None = None
    reviewer_model: str | None = None
    agent: str | None = None
    agent_model: str | None = None
    python: str | None = None
    sandbox: str | None = None
    organisation: int = 1
    cache_megabytes: int = 256
    cache_days: float = 30.0
    threads_kept: int = 200
    openai_api_key: str | None = field(default=None, repr=False)
    openai_base_url: str | None = None
    openai_model: str | None = None
    codegen_token: str | None = field(default=None, repr=False)
    codegen_org_id: int | None = None
    codegen_base_url: str | None = None
    github_token: str | None = field(default=None, repr=False)
    github_url: str | None = None
    gitlab_token: str | None = field(default=None, repr=False)
    gitlab_url: str | None = None
    token_source: TokenSettings = field(default_factory=TokenSettings)
    allow_http: bool = False
    mcp_token: str | None = field(default=None, repr=False)
    serve_token: str | None = field(default=None, repr=False)
    serve: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)
    langsmith_tracing: bool = False
    debug: bool = False

    @property
    def agent_backend(self) -> str | None:
        """The name of the agent backend that the environment configures, `None` when it configures none."""
        if self.agent:
            return self.agent
        configured = self.codegen_token or self.codegen_base_url or self.token_source.configured
        return "codegen" if configured else None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret values themselves, for redaction."""
        source = self.token_source
        values = (
            self.openai_api_key,
            self.codegen_token,
            self.github_token,
            self.gitlab_token,
            self.mcp_token,
            self.serve_token,
            source.vault_token,
            source.oauth_client_secret,
        )
        return tuple(value for value in values if value)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment (or the mapping given) into frozen settings.

    Raises `UsageError` that names the variable whose value makes no sense.
    """
    env = os.environ if environ is None else environ
    home, cache = _folders(env)
    return Settings(
        home=home,
        cache=cache,
        model=_text(env, "GENLOOM_MODEL"),
        reviewer_model=_text(env, "GENLOOM_REVIEWER_MODEL"),
        agent=_text(env, "GENLOOM_AGENT"),
        agent_model=_text(env, "GENLOOM_AGENT_MODEL"),
        python=_text(env, "GENLOOM_PYTHON"),
        sandbox=_one_of(env, "GENLOOM_SANDBOX", ("bubblewrap", "landlock", "rlimits")),
        organisation=_number(env, "GENLOOM_ORGANISATION", int, 1),
        cache_megabytes=_number(env, "GENLOOM_CACHE_MEGABYTES", int, 256),
        cache_days=_number(env, "GENLOOM_CACHE_DAYS", float, 30.0),
        threads_kept=_number(env, "GENLOOM_THREADS_KEPT", int, 200),
        openai_api_key=_text(env, "OPENAI_API_KEY"),
        openai_base_url=_text(env, "OPENAI_BASE_URL") or _text(env, "OPENAI_API_BASE_URL"),
        openai_model=_text(env, "OPENAI_MODEL"),
        codegen_token=_text(env, "CODEGEN_API_TOKEN"),
        codegen_org_id=_number(env, "CODEGEN_ORG_ID", int, None),
        codegen_base_url=_text(env, "CODEGEN_API_BASE_URL"),
        github_token=_text(env, "GENLOOM_GITHUB_TOKEN") or _text(env, "GITHUB_TOKEN"),
        github_url=_text(env, "GENLOOM_GITHUB_URL"),
        gitlab_token=_text(env, "GENLOOM_GITLAB_TOKEN") or _text(env, "GITLAB_TOKEN"),
        gitlab_url=_text(env, "GENLOOM_GITLAB_URL"),
        token_source=_token_source(env),
        allow_http=_text(env, "GENLOOM_ALLOW_HTTP") not in (None, "0"),
        mcp_token=_text(env, "GENLOOM_MCP_TOKEN"),
        serve_token=_text(env, f"{_SERVE}TOKEN"),
        serve=_serve(env),
        langsmith_tracing=_asks_for_traces(env),
        debug=_text(env, "GENLOOM_DEBUG") not in (None, "0"),
    )


@dataclass(frozen=True, kw_only=True)
class ImportSettings:
    """What the environment says of dynamic imports: the mode it asks for, and whether this is a CI machine."""

    mode: ImportMode | None = None
    continuous_integration: bool = False


def load_import_settings(environ: Mapping[str, str] | None = None) -> ImportSettings:
    """Read what dynamic imports go by, and nothing else: a program pays for it whenever it starts.

    Raises `UsageError` when `GENLOOM_IMPORT_MODE` is not a mode.
    """
    env = os.environ if environ is None else environ
    modes: dict[str, ImportMode] = {"review": "review", "auto": "auto", "frozen": "frozen"}
    text = _one_of(env, "GENLOOM_IMPORT_MODE", tuple(modes))
    on_ci = (_text(env, "CI") or "false").lower() not in ("false", "0", "no", "off")
    return ImportSettings(mode=modes[text] if text else None, continuous_integration=on_ci)


def load_recording_mode(environ: Mapping[str, str] | None = None) -> RecordingMode | None:
    """Return what `GENLOOM_MODEL_RECORDING` says, `None` when it says nothing. Raises `UsageError` when it is no mode."""
    modes: dict[str, RecordingMode] = {"replay": "replay", "record": "record", "missing": "missing"}
    text = _one_of(os.environ if environ is None else environ, "GENLOOM_MODEL_RECORDING", tuple(modes))
    return modes[text] if text else None


def named_values(names: Iterable[str], environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the values of variables that the user's own configuration names, of those that are set."""
    env = os.environ if environ is None else environ
    found = {name: _text(env, name) for name in names}
    return {name: text for name, text in found.items() if text is not None}


def inside_sandbox(environ: Mapping[str, str] | None = None) -> bool:
    """Whether this process is one of genloom's own sandbox, where nothing may be generated (`GENLOOM_IN_SANDBOX`)."""
    return _text(os.environ if environ is None else environ, "GENLOOM_IN_SANDBOX") is not None


def _folders(env: Mapping[str, str]) -> tuple[Path, Path]:
    """Return the folders for durable and for disposable data: both under `GENLOOM_HOME`, else the platform's own."""
    chosen = _text(env, "GENLOOM_HOME")
    if chosen:
        home = Path(chosen).expanduser()
        return home, home / "cache"
    import platformdirs  # imported here: a command that stores nothing need not pay for it

    return platformdirs.user_data_path("genloom"), platformdirs.user_cache_path("genloom")


def _token_source(env: Mapping[str, str]) -> TokenSettings:
    file = _text(env, "GENLOOM_TOKEN_FILE")
    return TokenSettings(
        file=Path(file).expanduser() if file else None,
        command=_text(env, "GENLOOM_TOKEN_COMMAND"),
        keyring=_text(env, "GENLOOM_TOKEN_KEYRING"),
        vault=_text(env, "GENLOOM_TOKEN_VAULT"),
        vault_address=_text(env, "VAULT_ADDR"),
        vault_token=_text(env, "VAULT_TOKEN"),
        vault_namespace=_text(env, "VAULT_NAMESPACE"),
        oauth_url=_text(env, "GENLOOM_OAUTH_TOKEN_URL"),
        oauth_client_id=_text(env, "GENLOOM_OAUTH_CLIENT_ID"),
        oauth_client_secret=_text(env, "GENLOOM_OAUTH_CLIENT_SECRET"),
        oauth_scope=_text(env, "GENLOOM_OAUTH_SCOPE"),
        oauth_audience=_text(env, "GENLOOM_OAUTH_AUDIENCE"),
    )


def _serve(env: Mapping[str, str]) -> dict[str, str]:
    """Return what is set of a server's settings, by their names; they are read and checked by `ServerSettings`."""
    names = [name for name in env if name.startswith(_SERVE) and name != f"{_SERVE}TOKEN"]
    found = {name.removeprefix(_SERVE).lower(): _text(env, name) for name in names}
    return {name: text for name, text in found.items() if text is not None}


def _asks_for_traces(env: Mapping[str, str]) -> bool:
    """Whether LangSmith's variables switch it on, in the order and by the word that LangSmith itself goes by."""
    names = ("LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGSMITH_TRACING", "LANGCHAIN_TRACING")
    return next((value for name in names if (value := _text(env, name))), None) == "true"


def _text(env: Mapping[str, str], name: str) -> str | None:
    return env.get(name, "").strip() or None


def _one_of(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    text = _text(env, name)
    if text is not None and text not in choices:
        raise UsageError(f"{name} is {text!r}.", hint=f"Unset {name} or set it to {' or '.join(choices)}.")
    return text


def _number(env: Mapping[str, str], name: str, kind: Callable[[str], T], default: T) -> T:
    text = _text(env, name)
    if text is None:
        return default
    try:
        return kind(text)
    except ValueError as error:
        raise UsageError(
            f"{name} is {text!r}, which is not a number.", hint=f"Unset {name} or give it a number."
        ) from error
