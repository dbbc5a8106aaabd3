"""`genloom serve` itself: the server started, announced to its clients, and stopped by a signal."""

from __future__ import annotations

import asyncio
import gc
import os
import re
import shlex
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from genloom.config import Settings, load_settings
from genloom.errors import GenloomError, ModelNameError, UsageError
from genloom.interfaces.cli.terminal import put_json, put_text, tell

if TYPE_CHECKING:
    import socket

    from genloom.interfaces.server.settings import ServerSettings

__all__ = ["start"]

SHORT_TOKEN = 20
LONGEST_TOKEN = 512


@dataclass(frozen=True, kw_only=True)
class SessionToken:
    """The key that counts while this server lives. `shown` is how the lines for clients name it: a token that came by the
    environment is never written anywhere."""

    text: str = field(repr=False)
    shown: str = field(repr=False)
    role: str
    made_here: bool = False


def start(*, token: str | None, as_json: bool, **given: Any) -> int:  # Any: click's values
    """Serve until a signal comes, and return the exit code: 0 after SIGTERM, 130 after Ctrl-C.

    Raises `UsageError` for settings that make no sense and an address in use, `StorageError` for a folder or database
    that cannot serve.
    """
    from genloom.interfaces.server.extra import require_serve

    require_serve()
    from genloom.interfaces.server.binding import bind  # the server's packages: no other command pays for them
    from genloom.interfaces.server.settings import server_settings

    loaded = load_settings()
    settings = server_settings(loaded, **given)
    missing = _demand_models(settings, loaded)
    _demand_address(settings)
    session = _session_token(token, loaded)
    listener = bind(settings.host, settings.port)
    with listener:
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        return asyncio.run(_serve(settings, listener, session, as_json=as_json, warnings=missing))


async def _serve(
    settings: ServerSettings,
    listener: socket.socket,
    session: SessionToken,
    *,
    as_json: bool,
    warnings: Sequence[str] = (),
) -> int:
    from genloom.interfaces.server.running import run_server
    from genloom.interfaces.server.security.keys import key_digest
    from genloom.interfaces.server.security.principal import Principal
    from genloom.interfaces.server.settings import ORGANIZATION, USER

    role: Any = session.role  # Any: one of the roles, by `_session_token`
    principal = Principal(organization_id=ORGANIZATION, user_id=USER, role=role)
    stop, came = asyncio.Event(), list[int]()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, number, stop, came)
    await run_server(
        settings,
        listener,
        stop=stop,
        ready=lambda _: _ready(settings, listener, session, as_json=as_json, warnings=warnings),
        session_keys={key_digest(session.text): principal},
    )
    tell("genloom serve: stopped")
    return 0 if came[0] == signal.SIGTERM else 130


def _stop(number: int, stop: asyncio.Event, came: list[int]) -> None:
    """Drain at the first signal; end at once at the second, as if killed: what was accepted goes on at the next start."""
    came.append(number)
    if len(came) > 1:
        tell("genloom serve: stopped at once")
        os._exit(128 + number)
    tell("genloom serve: draining; runs go on at the next start (again to stop at once)")
    stop.set()


def _ready(
    settings: ServerSettings,
    listener: socket.socket,
    session: SessionToken,
    *,
    as_json: bool,
    warnings: Sequence[str],
) -> None:
    gc.collect()
    gc.freeze()  # what is loaded by now stays: looking through it again and again holds up all requests for a while
    _announce(settings, listener, session, as_json=as_json)
    for warning in warnings:
        tell(f"  warning: {warning}", style="yellow")
    # a thread of its own, which nobody waits for: the log may be long
    threading.Thread(target=_tell_audit_log, args=(settings,), name="audit-look", daemon=True).start()


def _tell_audit_log(settings: ServerSettings) -> None:
    """Tell of an audit log that is damaged. The server goes on: what was accepted must be finished."""
    from genloom.interfaces.server.audit import AuditLog

    try:
        found = AuditLog(settings.data).verify()
    except GenloomError as error:
        tell(f"  warning: the audit log cannot be read: {error.message}", style="yellow")
        return
    if not found.sound:
        where = "" if found.line is None else f"line {found.line}: "
        tell(
            f"  warning: the audit log is damaged ({where}{found.problem}). Keep audit.jsonl and audit.head of "
            f"{settings.data}, move them away, and a new log begins.",
            style="yellow",
        )


def _announce(settings: ServerSettings, listener: socket.socket, session: SessionToken, *, as_json: bool) -> None:
    """Print what a client needs on standard output, and the rest on standard error."""
    from genloom.interfaces.server.binding import base_url
    from genloom.interfaces.server.settings import ORGANIZATION
    from genloom.tools.codegen.http.address import is_loopback

    address = settings.public_url or base_url(listener, settings.host)
    if as_json:
        token = session.text if session.shown != _BY_NAME else None
        values = {"CODEGEN_API_BASE_URL": address, "CODEGEN_API_TOKEN": token, "CODEGEN_ORG_ID": ORGANIZATION}
        put_json(values)
    else:
        lines = (
            f"export CODEGEN_API_BASE_URL={shlex.quote(address)}",
            f"export CODEGEN_API_TOKEN={session.shown}",
            f"export CODEGEN_ORG_ID={ORGANIZATION}",
        )
        put_text("\n".join(lines))
    names = settings.offered_models
    models = f"model{'s' if len(names) > 1 else ''}: {', '.join(names)}" if names else "no model: runs go by search"
    tell(f"genloom serve: ready at {base_url(listener, settings.host)}; {models}; data in {settings.data}")
    if session.made_here:
        tell("  The token ends with this server; `genloom serve keys create` makes lasting ones.")
    if len(session.text) < SHORT_TOKEN:
        tell("  warning: the token is short enough to be guessed; take 32 random characters.", style="yellow")
    if not is_loopback(settings.host):
        tell(
            "  warning: other machines reach this port, and nothing is encrypted on the way: put a reverse proxy with TLS "
            "before it (docs/serve.md).",
            style="yellow",
        )
    if settings.workers == 0:
        tell("  warning: without workers, runs wait for another server of the same database.", style="yellow")


_BY_NAME = '"$GENLOOM_SERVE_TOKEN"'


def _session_token(given: str | None, loaded: Settings) -> SessionToken:
    if given is None and loaded.serve_token is None:
        from genloom.interfaces.server.security.keys import make_key

        made = make_key().text
        return SessionToken(text=made, shown=made, role="runner", made_here=True)
    text = loaded.serve_token or "" if given is None else given
    if not re.fullmatch(r"[!-~]+", text) or len(text) > LONGEST_TOKEN:
        raise UsageError(
            "The token is empty, too long, or holds what no header can carry.",
            hint="Give up to 512 printable ASCII characters without blanks, or leave --token out.",
        )
    return SessionToken(text=text, shown=_BY_NAME if given is None else shlex.quote(text), role="admin")


def _demand_models(settings: ServerSettings, loaded: Settings) -> list[str]:
    """Return what keeps models from working for now, such as a missing key. Raises `ModelNameError` for a name that no
    model can have, of no known provider, or of one whose package is missing."""
    from genloom.tools.chat.models import chat_model, split_model_name

    missing = []
    for name in settings.offered_models:
        split_model_name(name, loaded)
        try:
            asyncio.run(chat_model(name, loaded))  # nothing is asked of its server
        except ModelNameError:
            raise
        except GenloomError as error:
            missing.append(f"{error.message} {error.hint}")
        except Exception as error:  # noqa: BLE001 - a provider's package raises what it likes
            missing.append(f"the model {name} cannot be made ({type(error).__name__}); runs that use it will fail.")
    return missing


def _demand_address(settings: ServerSettings) -> None:
    """Raise `UsageError` for a public address that clients could not use."""
    from genloom.tools.codegen.http.address import checked_address

    if settings.public_url is not None:
        checked_address(settings.public_url, what="this server", variable="--public-url", allow_http=True)
