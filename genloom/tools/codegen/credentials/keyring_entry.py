"""The token in the system's keyring, through the optional package `keyring`."""

from __future__ import annotations

import asyncio

from pydantic import SecretStr

from genloom.errors import CredentialError
from genloom.tools.codegen.credentials.cached import FetchedToken, FetchingProvider
from genloom.tools.codegen.credentials.provider import checked_token

__all__ = ["KeyringToken"]

DEFAULT_USER = "codegen"


class KeyringToken(FetchingProvider):
    """The password of `user` at `service`. It is read once, and again when the token was refused."""

    def __init__(self, service: str, user: str = DEFAULT_USER) -> None:
        super().__init__()
        self._service, self._user = service, user

    def __repr__(self) -> str:
        return f"KeyringToken({self._service!r}, {self._user!r})"

    async def fetch(self) -> FetchedToken:
        """Return the keyring's entry. Raises `CredentialError`."""
        return FetchedToken(value=SecretStr(await asyncio.to_thread(self._read)))

    def _read(self) -> str:
        try:
            import keyring  # optional, and its backends are looked for when it is imported
            from keyring.errors import KeyringError
        except ImportError as error:
            raise CredentialError(
                "The token is to come from the keyring, and the package `keyring` is not installed.",
                hint="Install genloom[keyring].",
            ) from error
        try:
            entry = keyring.get_password(self._service, self._user)
        except KeyringError as error:
            raise CredentialError(
                f"The keyring cannot be read ({type(error).__name__}).", hint="Unlock it, or set CODEGEN_API_TOKEN."
            ) from error
        if entry is None:
            raise CredentialError(
                f"The keyring has no entry for {self._service!r} and user {self._user!r}.",
                hint=f"Store it: keyring set {self._service} {self._user}",
            )
        return checked_token(entry, source="the keyring")
