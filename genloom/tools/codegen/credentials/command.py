"""The token as a command prints it, for password managers and cloud command lines."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import Sequence

from pydantic import SecretStr

from genloom.errors import CredentialError
from genloom.tools.codegen.credentials.cached import FetchedToken, FetchingProvider
from genloom.tools.codegen.credentials.provider import MAX_TOKEN_CHARACTERS, checked_token

__all__ = ["CommandToken"]

SECONDS = 30.0
END_SECONDS = 2.0
HINT = "Run GENLOOM_TOKEN_COMMAND by hand: it has to print the token and nothing else, without asking anything."


class CommandToken(FetchingProvider):
    """What a command prints. It is run once, and again when the token was refused.

    No shell is started: `command` is split into words as a shell would, or is a list of words. It gets the process's
    environment and no input; after 30 seconds it is killed with all that it started. What it writes to stderr is shown
    nowhere, because it may hold secrets.
    """

    def __init__(self, command: str | Sequence[str], *, seconds: float = SECONDS) -> None:
        super().__init__()
        self._words = _words(command)
        self._seconds = seconds

    def __repr__(self) -> str:
        return f"CommandToken({self._words[0]!r}, …)"

    async def fetch(self) -> FetchedToken:
        """Return what the command prints. Raises `CredentialError`."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise self._error(f"cannot be started ({error.strerror})") from error
        try:
            async with asyncio.timeout(self._seconds):
                printed = await _printed(process)
        except TimeoutError as error:
            raise self._error(f"did not end within {self._seconds:g} s") from error
        finally:
            await _end(process)
        if printed is None:
            raise self._error("printed more than a token")
        if process.returncode != 0:
            raise self._error(f"failed with exit code {process.returncode}")
        return FetchedToken(value=SecretStr(checked_token(printed.decode("latin-1"), source=repr(self))))

    def _error(self, what: str) -> CredentialError:
        return CredentialError(f"The command for the token, {self._words[0]!r}, {what}.", hint=HINT)


async def _printed(process: asyncio.subprocess.Process) -> bytes | None:
    """Return all that a process printed once it has ended, `None` as soon as that is too much."""
    assert process.stdout is not None
    printed = b""
    while piece := await process.stdout.read(MAX_TOKEN_CHARACTERS):
        printed += piece
        if len(printed) > 2 * MAX_TOKEN_CHARACTERS:
            return None
    await process.wait()
    return printed


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(TimeoutError):  # whoever left the process's group may hold its output open
        async with asyncio.timeout(END_SECONDS):
            while await process.stdout.read(MAX_TOKEN_CHARACTERS):  # unread output would keep the end from being seen
                pass
            await process.wait()


def _words(command: str | Sequence[str]) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command) if isinstance(command, str) else command)
    except ValueError as error:
        raise CredentialError(f"GENLOOM_TOKEN_COMMAND cannot be read: {error}.", hint="Check its quotes.") from error
    if not words:
        raise CredentialError("The command for the token is empty.", hint=HINT)
    return words
