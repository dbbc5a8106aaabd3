"""Where the API is and who asks: address, organisation and the token's source, checked before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

from genloom.config import DEFAULT_CODEGEN_URL, Settings, load_settings
from genloom.tools.codegen.credentials.choose import choose_provider
from genloom.tools.codegen.credentials.provider import TokenProvider
from genloom.tools.codegen.http.address import checked_address

__all__ = ["Access", "resolve_access"]


@dataclass(frozen=True, kw_only=True)
class Access:
    """A checked address, who gives the token, and the organisation where it is known.

    Hashable; equal accesses reach the same with the same token, so what serves one can serve the other. No token shows
    in `repr`.
    """

    base_url: str
    provider: TokenProvider
    org_id: int | None

    def __str__(self) -> str:
        return f"{self.base_url}, organisation {self.org_id if self.org_id is not None else 'not set'}"


def resolve_access(
    *,
    token: str | TokenProvider | None = None,
    org_id: int | None = None,
    base_url: str | None = None,
    settings: Settings | None = None,
) -> Access:
    """Return the access that the arguments give, completed from the settings (default: the environment).

    An argument that is given and empty is refused, not completed. Raises `CredentialError` for a missing or unusable
    token, `UsageError` for an unusable address: one that is not https is refused unless it is this machine's own or
    `GENLOOM_ALLOW_HTTP` is set.
    """
    known = settings or load_settings()
    provider = choose_provider(token, known)
    address = checked_address(
        base_url if base_url is not None else known.codegen_base_url or DEFAULT_CODEGEN_URL,
        what="the Codegen API",
        variable="CODEGEN_API_BASE_URL",
        allow_http=known.allow_http,
    )
    return Access(
        base_url=address.removesuffix("/v1"),
        provider=provider,
        org_id=org_id if org_id is not None else known.codegen_org_id,
    )
