"""Grants: what the sources of a verification plainly need of the sandbox beyond computing, read from their imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from genloom.syntax import UNPARSABLE, parse_module
from genloom.tools.checks.reviewing.static.capabilities import find_capabilities
from genloom.tools.sandbox.grants import Grants

__all__ = ["grants_for"]

_SERVING = frozenset(
    "socket socketserver http.server xmlrpc.server wsgiref.simple_server websockets aiohttp grpc "
    "asyncio.start_server asyncio.start_unix_server create_server create_datagram_endpoint".split()
)
"""What listens, or can: a client alone finds nobody to talk to."""

_SHARING = (
    "multiprocessing",
    "concurrent.futures.ProcessPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor",
)


def grants_for(trees: Iterable[ast.Module], tests: str | None = None) -> Grants:
    """Return what the parsed files of a draft and the text of its tests need. Pure.

    Whoever serves needs the loopback interface. Several processes need shared memory, and sockets to reach one another
    (managers, and the way that they are started by default from Python 3.14 on).
    """
    read = [*trees, *_parsed(tests)]
    names = {use.name for tree in read for use in find_capabilities(tree)}
    shared = any(name in names for name in _SHARING)
    return Grants(loopback=shared or not names.isdisjoint(_SERVING), shared_memory=shared)


def _parsed(text: str | None) -> list[ast.Module]:
    try:
        return [parse_module(text)] if text else []
    except UNPARSABLE:
        return []  # pytest will say what is wrong with it
