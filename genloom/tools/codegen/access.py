"""Where the API is and who asks: address, organisation and token, checked before anything is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from genloom.config import DEFAULT_CODEGEN_URL, Settings, load_settings
from genloom.errors import CredentialError, UsageError

__all__ = ["Access", "resolve_access"]

_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.\-:\[\]]+(/[A-Za-z0-9._~\-/]*)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Access:
    """A checked address, the token, and the organisation where it is known. The token never shows in `repr`."""

    base_url: str
    token: SecretStr
    org_id: int | None

    @property
    def secret(self) -> str:
        """The token itself."""
        return self.token.get_secret_value()

    def __str__(self) -> str:
        return f"{self.base_url}, organisation {self.org_id if self.org_id is not None else 'not set'}"


def resolve_access(
    *,
    token: str | None = None,
    org_id: int | None = None,
    base_url: str | None = None,
    settings: Settings | None = None,
) -> Access:
    """Return the access that the arguments give, completed from the settings (default: the environment).

    Raises `CredentialError` for a missing or unusable token, `UsageError` for an unusable address.
    """
    known = settings or load_settings()
    secret = (token or known.codegen_token or "").strip()
    if not secret:
        raise CredentialError("No token for the Codegen API is set.", hint="Set CODEGEN_API_TOKEN, or pass `token`.")
    if not re.fullmatch(r"[\x21-\x7e]{1,4096}", secret):
        raise CredentialError(
            "The token for the Codegen API has blanks, line breaks or other characters that no token has.",
            hint="Copy it again into CODEGEN_API_TOKEN.",
        )
    return Access(
        base_url=_checked_url(base_url or known.codegen_base_url or DEFAULT_CODEGEN_URL),
        token=SecretStr(secret),
        org_id=org_id if org_id is not None else known.codegen_org_id,
    )


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, a broken IPv6 address
        usable = False
    if not usable or not _PLAIN_URL.fullmatch(url):
        # an address may hold a password, so the message does not repeat it
        raise UsageError(
            "The address of the Codegen API is not of the form https://host[:port], without user or query.",
            hint="Check CODEGEN_API_BASE_URL.",
        )
    return url.rstrip("/").removesuffix("/v1")
