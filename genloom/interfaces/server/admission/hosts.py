"""Which names the server answers to, and which web pages may call it.

A browser on this machine reaches loopback, so a page of any site can send requests here: under a name of its own that it
points at 127.0.0.1 (then `Host` tells), or across origins (then `Origin` tells).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from genloom.interfaces.server.errors import ApiError, refused

__all__ = ["Hosts", "parse_host"]

DEFAULT_PORTS = {"http": 80, "https": 443}
_FORM = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._-]{1,253}))(?::(?P<port>[0-9]{1,5}))?")


def parse_host(text: str) -> tuple[str, int | None] | None:
    """Return the name, in lower case, and the port of a `Host` header; `None` for what is none."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    port = None if match["port"] is None else int(match["port"])
    if port is not None and port > 65535:
        return None
    if match["six"] is None:
        name = match["name"].lower().removesuffix(".")
        return (name, port) if name else None
    try:
        return str(ipaddress.IPv6Address(match["six"])), port
    except ValueError:
        return None


class Hosts:
    """The names of the server: loopback's, and those given (a wildcard address is none)."""

    def __init__(self, names: Iterable[str]) -> None:
        parsed = (parse_host(name if ":" not in name else f"[{name}]") or parse_host(name) for name in names if name)
        self._names = frozenset(found[0] for found in parsed if found and not _is_wildcard(found[0]))

    def knows(self, name: str) -> bool:
        """Whether the server answers to a name, as `parse_host` returns it."""
        return name == "localhost" or name in self._names or _is_loopback(name)

    def refusal(self, hosts: list[str], origins: list[str], scheme: str) -> ApiError | None:
        """Return why a request with these headers is refused: 400, 421 (host) or 403 (origin); `None` when it is not.

        An origin passes that is the server's own: the scheme, name and port that the request itself went to. `https` passes
        on a server that speaks `http`, too, since a proxy in front of it may end TLS.
        """
        host = parse_host(hosts[0]) if len(hosts) == 1 else None
        if host is None:
            return refused(400, "The request names no host, or several.")
        if not self.knows(host[0]):
            return refused(421, "This server does not answer to that host name. Its operator can add it: --host-name.")
        if origins and not (len(origins) == 1 and _is_same(origins[0], host, scheme)):
            return refused(403, "Web pages of other origins may not call this server.")
        return None


def _is_same(origin: str, host: tuple[str, int | None], scheme: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    if parts.scheme not in (scheme, "https") or origin != f"{parts.scheme}://{parts.netloc}":
        return False
    theirs = parse_host(parts.netloc)
    default = DEFAULT_PORTS[parts.scheme]
    return theirs is not None and (theirs[0], theirs[1] or default) == (host[0], host[1] or default)


def _is_loopback(name: str) -> bool:
    address = _address(name)
    return address is not None and address.is_loopback


def _is_wildcard(name: str) -> bool:
    address = _address(name)
    return address is not None and address.is_unspecified


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
