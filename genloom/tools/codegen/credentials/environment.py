"""The token in the variable `CODEGEN_API_TOKEN`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from pydantic import SecretStr

from genloom.config import load_settings
from genloom.tools.codegen.credentials.provider import checked_token

__all__ = ["EnvironmentToken"]

SOURCE = "CODEGEN_API_TOKEN"


@dataclass(frozen=True)
class EnvironmentToken:
    """The variable's value; when it was refused the variable is read again, because the process may have changed it."""

    secret: SecretStr

    @classmethod
    def of(cls, token: str) -> EnvironmentToken:
        """Return the provider that starts with the value given. Raises `CredentialError` for an unusable one."""
        return cls(SecretStr(checked_token(token, source=SOURCE)))

    async def token(self, *, refused: str | None = None) -> str:
        """Return the value that it started with, and what the variable holds now when that was refused."""
        known = self.secret.get_secret_value()
        if refused != known:
            return known
        now = (await asyncio.to_thread(load_settings)).codegen_token
        return checked_token(now, source=SOURCE) if now else known
