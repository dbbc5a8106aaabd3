"""Connections of webhooks: to a number that was checked, so that a name which changes its mind leads nowhere else."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

import httpcore

from genloom.interfaces.server.webhooks.targets import Target, TargetPolicy

__all__ = ["CheckedNetwork"]

MOST_NUMBERS = 8

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class CheckedNetwork(httpcore.AsyncNetworkBackend):
    """Resolves a target's name once, leaves out every number that the policy refuses, and connects to one that is left.

    TLS still asks for the certificate of the name. Raises `httpcore.ConnectError` when nothing is left or answers.
    """

    def __init__(self, policy: TargetPolicy, target: Target) -> None:
        self._policy = policy
        self._target = target
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the target, whose host and port these are."""
        failure: Exception = httpcore.ConnectError("the address leads nowhere that webhooks may be sent to")
        for number in await self._numbers(host, port, timeout):
            try:
                return await self._network.connect_tcp(number, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: no webhook has such an address."""
        raise httpcore.ConnectError("webhooks are not sent to sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore asks."""
        await asyncio.sleep(seconds)

    async def _numbers(self, host: str, port: int, seconds: float | None) -> list[str]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(seconds):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("the name was not resolved in time") from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("the name cannot be resolved") from error
        numbers = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
        usable = [n for n in numbers if self._policy.usable(self._target, ipaddress.ip_address(n))]
        return usable[:MOST_NUMBERS]
