"""What every source of tokens is to the rest: something to ask for the token, and to ask again when it was refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from genloom.errors import CredentialError

__all__ = ["FixedToken", "TokenProvider", "checked_token"]

MAX_TOKEN_CHARACTERS = 4096
_TOKEN = re.compile(rf"[\x21-\x7e]{{1,{MAX_TOKEN_CHARACTERS}}}")


class TokenProvider(Protocol):
    """Gives the bearer token. Safe to use from several event loops and threads; hashable, equal to what gives the same
    tokens; no token shows in its `repr`."""

    async def token(self, *, refused: str | None = None) -> str:
        """Return the token to send.

        `refused` is a token that the server has just refused (401): a provider that can looks for a newer one, and one
        that has none returns the same again. Raises `CredentialError` when there is none to be had, `UnsentError` when
        whoever gives them out cannot be reached at present.
        """


@dataclass(frozen=True)
class FixedToken:
    """A token given as such; it never changes."""

    secret: SecretStr

    @classmethod
    def of(cls, token: str) -> FixedToken:
        """Return the provider of that token. Raises `CredentialError` when no server can have given it out."""
        return cls(SecretStr(checked_token(token, source="the argument `token`")))

    async def token(self, *, refused: str | None = None) -> str:
        """Return the token, whatever was refused."""
        return self.secret.get_secret_value()


def checked_token(text: str, *, source: str) -> str:
    """Return the token without the white space around it.

    Raises `CredentialError` that names the source, never the token, when it is empty or could not stand in a header.
    """
    token = text.strip()
    if not token:
        raise CredentialError(f"The token from {source} is empty.", hint="Set CODEGEN_API_TOKEN, or pass `token`.")
    if not _TOKEN.fullmatch(token):
        raise CredentialError(
            f"The token from {source} has blanks, line breaks or other characters that no token has, or is too long.",
            hint="Copy it again; nothing may stand beside it.",
        )
    return token
