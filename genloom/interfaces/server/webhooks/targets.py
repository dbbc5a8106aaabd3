"""Which addresses webhooks may be sent to: public ones, and others only where the operator allowed them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from genloom.errors import RequestError, UsageError

__all__ = ["Target", "TargetPolicy", "TargetRefusedError"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_HINT = "Whoever runs the server can allow a host with --webhook-host."


class TargetRefusedError(RequestError):
    """The address is none that webhooks may be sent to."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A checked address: whether it is encrypted, its host as it is connected to (lower case, no brackets), its port."""

    encrypted: bool
    host: str
    port: int


class TargetPolicy:
    """Public addresses by https, and what the operator allowed: names, numbers and networks (`10.0.0.0/8`), with or
    without encryption.

    A name says nothing of where it leads: `check_url` looks at the address as it is written, `usable` at each number that
    the name was resolved to, at the time of connecting. Raises `UsageError` for an entry that is none of the three.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks: list[Network] = []
        for entry in allowed:
            self._allow(entry)

    def check_url(self, url: str) -> Target:
        """Return where the address leads. Raises `TargetRefusedError` for one that is malformed, holds a user or a
        fragment, is not encrypted though it is not the operator's, or is a number that is not public."""
        target = _parsed(url)
        number = _number(target.host)
        allowed = target.host in self._names or (number is not None and self._is_allowed(number))
        if number is not None and not allowed and not is_public(number):
            raise TargetRefusedError("A webhook's address is a number that is not public.", hint=_HINT)
        if _is_local_name(target.host) and not allowed and not self._networks:
            raise TargetRefusedError("A webhook's address is a name of this machine or network.", hint=_HINT)
        if not target.encrypted and not allowed and not self._networks:
            raise TargetRefusedError("A webhook's address is not https.", hint=f"Give it as https. {_HINT}")
        return target

    def usable(self, target: Target, number: Address) -> bool:
        """Whether the target may be reached at this number."""
        if target.host in self._names or self._is_allowed(number):
            return True
        return target.encrypted and is_public(number)

    def _is_allowed(self, number: Address) -> bool:
        plain = _unwrapped(number)
        return any(plain in network for network in self._networks if network.version == plain.version)

    def _allow(self, entry: str) -> None:
        text = entry.strip().lower().removeprefix("[").removesuffix("]")
        try:
            self._networks.append(ipaddress.ip_network(text))
        except ValueError as error:
            if not text or not text.isascii() or any(character in text for character in "/:@?# *"):
                raise UsageError(
                    f"{entry!r} is no host that webhooks could be allowed for.",
                    hint="Give a name (hooks.internal), a number (10.0.0.7) or a network (10.0.0.0/8).",
                ) from error
            self._names.add(text.rstrip("."))


def is_public(number: Address) -> bool:
    """Whether a number belongs to the public internet, also when it is wrapped in one of IPv6's forms for IPv4."""
    plain = _unwrapped(number)
    return plain.is_global and not plain.is_multicast and not plain.is_reserved


def _unwrapped(number: Address) -> Address:
    """Return the IPv4 address within an IPv6 one: mapped, 6to4, Teredo (its client) or NAT64."""
    if isinstance(number, ipaddress.IPv4Address):
        return number
    if number.ipv4_mapped is not None:
        return number.ipv4_mapped
    if number.sixtofour is not None:
        return number.sixtofour
    if number.teredo is not None:
        return number.teredo[1]
    if number in _NAT64:
        return ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
    return number


def _parsed(url: str) -> Target:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:  # a port that is no number, a broken IPv6 address
        host = port = None
        parts = urlsplit("")
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not plain or parts.scheme not in ("http", "https") or not host or port == 0 or "%" in host:
        raise TargetRefusedError("A webhook's address is not of the form https://host[:port]/path.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise TargetRefusedError("A webhook's address holds a user or a fragment.", hint="Sign with a secret instead.")
    encrypted = parts.scheme == "https"
    return Target(encrypted=encrypted, host=host.rstrip("."), port=port or (443 if encrypted else 80))


def _number(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_local_name(host: str) -> bool:
    return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
