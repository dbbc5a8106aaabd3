"""The token in a file, as Docker, Kubernetes and a Vault agent hand it to a process."""

from __future__ import annotations

import asyncio
import os
import stat
import warnings
from pathlib import Path

from pydantic import SecretStr

from genloom.errors import CredentialError
from genloom.tools.codegen.credentials.cached import FetchedToken, FetchingProvider
from genloom.tools.codegen.credentials.provider import MAX_TOKEN_CHARACTERS, checked_token

__all__ = ["FileToken"]


class FileToken(FetchingProvider):
    """The whole content of a file. It is read once, and again when the token was refused.

    A file that others than its owner can write is refused: they could put in a token of their own and receive the
    prompts. One that everybody can read is used with a warning, because secrets are mounted so in containers.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def __repr__(self) -> str:
        return f"FileToken({str(self._path)!r})"

    async def fetch(self) -> FetchedToken:
        """Return the file's token. Raises `CredentialError`."""
        return FetchedToken(value=SecretStr(await asyncio.to_thread(self._read)))

    def _read(self) -> str:
        try:
            # without O_NONBLOCK a named pipe would hold up the thread for ever
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                self._check(os.fstat(descriptor).st_mode)
                content = os.read(descriptor, 2 * MAX_TOKEN_CHARACTERS)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._error(f"cannot be read ({error.strerror})", "Check GENLOOM_TOKEN_FILE.") from error
        return checked_token(content.decode("latin-1"), source=f"the file {self._path}")

    def _check(self, mode: int) -> None:
        if not stat.S_ISREG(mode):
            raise self._error("is not a file", "Check GENLOOM_TOKEN_FILE.")
        if mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise self._error("can be written by others than its owner", "Make it yours alone: chmod 600.")
        if mode & stat.S_IROTH:
            warnings.warn(
                f"The token file {self._path} can be read by everybody on this machine: chmod 600.", stacklevel=2
            )

    def _error(self, what: str, hint: str) -> CredentialError:
        return CredentialError(f"The token file {self._path} {what}.", hint=hint)
