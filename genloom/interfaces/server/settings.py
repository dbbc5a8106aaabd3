"""What one server is told to do: addresses, folders, models and every limit, in one frozen object."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from genloom.config import Settings
from genloom.errors import UsageError
from genloom.state.limits import MAX_PROMPT_CHARACTERS
from genloom.tools.codegen.traffic.limits import DOCUMENTED, Limits, Rate

__all__ = ["ServerSettings", "server_settings"]

PORT = 8720
ORGANIZATION = 1
USER = 1


def _rate(value: Any) -> Any:  # Any: whatever is to be validated
    """Read `60/30` (60 requests in 30 seconds) and `off`."""
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "off":
        return None
    requests, _, seconds = value.partition("/")
    return Rate(int(requests), float(seconds))


def _names(value: Any) -> Any:  # Any: whatever is to be validated
    """Read names with commas between them."""
    return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
RateOrNone = Annotated[Rate | None, BeforeValidator(_rate)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(gt=0, lt=2**31)]


class ServerSettings(BaseModel):
    """The settings of a server. `database` never shows in `repr`, since its URL may hold a password.

    Can be told to a worker process as JSON: `model_dump_json`, `model_validate_json`. Times are seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    host: str = "127.0.0.1"
    port: int = Field(default=PORT, ge=0, le=65_535)
    hosts: Names = ()
    """Further names that clients may call the server by."""
    public_url: str | None = None
    data: Path
    database: str = Field(repr=False)
    """The URL of the database; SQLite in the data folder when none is given."""

    model: str | None = None
    models: Names = ()
    """Models that a run may name, beside the default one."""

    workers: Annotated[int, Field(ge=0, le=256)] = 1
    runs_per_worker: Count = 2
    run_seconds: Seconds = 3600.0
    queue: Count = 1000
    """How many runs of one organisation may wait."""
    lease_seconds: Seconds = 30.0
    beat_seconds: Seconds = 1.0
    drain_seconds: Seconds = 20.0
    most_takeovers: Count = 3
    keep_days: Annotated[float, Field(gt=0)] = 365.0
    """How long logs and webhook messages of ended runs are kept; `inf` is for ever. The runs themselves stay."""

    body_bytes: Count = 90_000_000
    body_seconds: Seconds = 30.0
    prompt_characters: Annotated[int, Field(gt=0, le=MAX_PROMPT_CHARACTERS)] = MAX_PROMPT_CHARACTERS
    images: Count = 10
    image_characters: Count = 8_000_000
    page_size: Count = 100
    head_seconds: Seconds = 10.0
    stall_seconds: Seconds = 30.0
    connections: Count = 1000
    streams: Count = 200
    heartbeat_seconds: Seconds = 15.0
    poll_seconds: Seconds = 0.5

    limits: Limits = DOCUMENTED
    failures: RateOrNone = Rate(20, 60.0)
    """How often one address may come with a key that does not count."""
    public_rate: RateOrNone = Rate(60, 30.0)
    """How often one address may ask for pages that need no key."""

    webhook_hosts: Names = ()
    """Hosts of private addresses that webhooks may be sent to."""
    link_seconds: Seconds = 3600.0

    @model_validator(mode="before")
    @classmethod
    def _place_database(cls, given: Any) -> Any:  # Any: whatever is to be validated
        if isinstance(given, dict) and given.get("data") and not given.get("database"):
            return {**given, "database": f"sqlite:///{Path(given['data']).absolute() / 'server.db'}"}
        return given

    @model_validator(mode="after")
    def _check_lease(self) -> Self:
        if self.lease_seconds < 3 * self.beat_seconds:
            raise ValueError("lease_seconds must be three times beat_seconds or more")
        return self

    @property
    def offered_models(self) -> tuple[str, ...]:
        """The models that a run may name, the default one first."""
        return tuple(dict.fromkeys([*([self.model] if self.model else []), *self.models]))


def server_settings(settings: Settings, **given: object) -> ServerSettings:
    """Return the settings of a server: what is given and not `None`, else what `GENLOOM_SERVE_*` says, else the default.

    Data stands in `serve` in the home folder unless said otherwise. Raises `UsageError` that names what makes no sense.
    """
    told: dict[str, Any] = {"data": settings.home / "serve", "model": settings.model, **_environment(settings)}
    told |= {name: value for name, value in given.items() if value is not None}
    if "database" in told:
        _demand_place(str(told["database"]), Path(told["data"]))
    try:
        return ServerSettings.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"][:2]) or "settings"
        known = first["type"] != "extra_forbidden"
        raise UsageError(
            f"{name}: {first['msg'].removeprefix('Value error, ')}." if known else f"There is no setting {name!r}.",
            hint=f"Look at --{name.replace('_', '-')} or GENLOOM_SERVE_{name.upper()}.",
        ) from error


def _demand_place(database: str, data: Path) -> None:
    """Raise `UsageError` for a database without a name, and for a file in a folder that is not there: a slip of the pen
    must not begin an empty database. The data folder itself may still have to be made."""
    if not database.strip():
        raise UsageError("The database has no name.", hint="Give its URL, or leave --database out.")
    name = database.partition("?")[0].removeprefix("sqlite:///")
    folder = Path(name).absolute().parent
    if database.startswith("sqlite:///") and name and not folder.is_dir() and folder != data.absolute():
        raise UsageError(f"There is no folder {folder} for the database.", hint="Make it first, or check --database.")


def _environment(settings: Settings) -> dict[str, Any]:
    """Return what the variables say, those that name rates (`GENLOOM_SERVE_RATE_CREATION=10/60`, or `off`) as limits."""
    told: dict[str, Any] = dict(settings.serve)
    rates = {name.removeprefix("rate_"): told.pop(name) for name in list(told) if name.startswith("rate_")}
    if rates:
        try:
            told["limits"] = Limits(**{name: _rate(text) for name, text in rates.items()})
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"GENLOOM_SERVE_RATE_*: {', '.join(rates)} cannot be read ({error}).",
                hint="GENLOOM_SERVE_RATE_CREATION=10/60 allows 10 in 60 seconds, `off` any number.",
            ) from error
    return told
