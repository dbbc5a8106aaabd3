"""The socket that the server listens on, bound before anything else starts, so that its port is known and its own."""

from __future__ import annotations

import errno
import os
import socket

from genloom.errors import UsageError

__all__ = ["base_url", "bind"]


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket; port 0 takes a free one. Raises `UsageError` when the address is not ours or in use."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"There is no address {host!r} to listen on.", hint="Give --host an address of this machine."
        ) from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a restart need not wait for old connections
        listener.bind(address)
        listener.set_inheritable(False)
    except OSError as error:
        listener.close()
        raise UsageError(_reason(error, host, port), hint=_hint(error)) from error
    return listener


def base_url(listener: socket.socket, host: str) -> str:
    """Return the address that clients on this machine reach the socket by."""
    port = listener.getsockname()[1]
    wildcard = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - compared, not bound
    shown = wildcard.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use."
    if error.errno == errno.EACCES:
        return f"Port {port} needs rights that this process does not have."
    return f"{host}:{port} cannot be listened on: {os.strerror(error.errno or 0)}."


def _hint(error: OSError) -> str:
    if error.errno in (errno.EADDRINUSE, errno.EACCES):
        return "Choose another with --port; --port 0 takes a free one."
    return "Give --host an address of this machine."
