"""Sessions with an MCP server, whose messages have a size that they may not exceed."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
import httpx
from mcp import ClientSession, types
from mcp.client.stdio import get_default_environment
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage

from genloom.errors import UsageError
from genloom.tools.mcp.server_spec import McpServer

__all__ = ["open_session"]

MAX_BYTES = 16_000_000
GRACE_SECONDS = 2.0


@asynccontextmanager
async def open_session(server: McpServer) -> AsyncIterator[ClientSession]:
    """Start the server, or connect to it, and give a session that is ready; a program that was started ends with it.

    Raises what the way to the server makes go wrong, and `UsageError` where a message is larger than 16 MB.
    """
    opened = _over_http(server) if server.url is not None else _over_pipes(server)
    async with opened as session:
        await session.initialize()
        yield session


@asynccontextmanager
async def _over_http(server: McpServer) -> AsyncIterator[ClientSession]:
    address, headers = server.address()
    headers = {**headers, "Accept-Encoding": "identity"}
    timeout = httpx.Timeout(min(server.seconds, 30.0), read=server.seconds)
    async with (
        httpx.AsyncClient(headers=headers, timeout=timeout, transport=_BoundedTransport()) as client,
        streamable_http_client(address, http_client=client) as (reading, writing, _),
        ClientSession(reading, writing) as session,
    ):
        yield session


class _BoundedTransport(httpx.AsyncHTTPTransport):
    """Ends an answer that is too large where it becomes so. A packed one is refused: nobody asked for it, and nothing bounds
    what would come out of it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed not in ("", "identity"):
            await response.stream.aclose()
            raise UsageError(f"its answer is packed ({packed[:40]}), which was not asked for.")
        response.stream = _BoundedStream(response.stream)
        return response


class _BoundedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_BYTES
        async for chunk in self._stream:
            left -= len(chunk)
            if left < 0:
                raise _too_large()
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


@asynccontextmanager
async def _over_pipes(server: McpServer) -> AsyncIterator[ClientSession]:
    program = await asyncio.create_subprocess_exec(
        server.command or "",
        *server.args,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd=server.cwd,
        env={**get_default_environment(), **server.environment()},
        limit=MAX_BYTES,
        start_new_session=True,
    )
    to_session, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outgoing, from_session = anyio.create_memory_object_stream[SessionMessage](0)
    failure: list[Exception] = []

    async def read() -> None:
        assert program.stdout is not None
        async with to_session:
            try:
                while line := await program.stdout.readline():
                    with suppress(ValueError):  # what is no message is left alone
                        await to_session.send(SessionMessage(types.JSONRPCMessage.model_validate_json(line)))
            except ValueError:  # the limit of the line
                failure.append(_too_large())

    async def write() -> None:
        assert program.stdin is not None
        async with from_session:
            async for message in from_session:
                text = message.message.model_dump_json(by_alias=True, exclude_none=True)
                with suppress(ConnectionError):  # its end is seen by who reads
                    program.stdin.write(text.encode() + b"\n")
                    await program.stdin.drain()

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            group.start_soon(write)
            async with ClientSession(incoming, outgoing) as session:
                yield session
            group.cancel_scope.cancel()
    except Exception:
        if failure:
            raise failure[0] from None
        raise
    finally:
        with anyio.CancelScope(shield=True):
            await _ended(program)


def _too_large() -> UsageError:
    return UsageError(f"its message is larger than {MAX_BYTES:,} bytes.", hint="Ask for less at once.")


async def _ended(program: Process) -> None:
    """End the program and all that it started: by the end of its input, then by signals."""
    if program.stdin is not None:
        program.stdin.close()
    for number in (None, signal.SIGTERM, signal.SIGKILL):
        if number is not None:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await program.wait()
                break
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGKILL)  # whatever it left behind
