"""Where the bearer token comes from, behind one small protocol, and how it is replaced without a restart."""

from typing import TYPE_CHECKING

from genloom.lazy import lazy_names

if TYPE_CHECKING:
    from genloom.tools.codegen.credentials.cached import FetchedToken, FetchingProvider
    from genloom.tools.codegen.credentials.choose import choose_provider
    from genloom.tools.codegen.credentials.command import CommandToken
    from genloom.tools.codegen.credentials.environment import EnvironmentToken
    from genloom.tools.codegen.credentials.file import FileToken
    from genloom.tools.codegen.credentials.keyring_entry import KeyringToken
    from genloom.tools.codegen.credentials.oauth2 import ClientCredentials
    from genloom.tools.codegen.credentials.provider import FixedToken, TokenProvider
    from genloom.tools.codegen.credentials.vault import VaultToken
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "cached": "FetchedToken FetchingProvider",
            "choose": "choose_provider",
            "command": "CommandToken",
            "environment": "EnvironmentToken",
            "file": "FileToken",
            "keyring_entry": "KeyringToken",
            "oauth2": "ClientCredentials",
            "provider": "FixedToken TokenProvider",
            "vault": "VaultToken",
        },
    )

__all__ = [
    "ClientCredentials",
    "CommandToken",
    "EnvironmentToken",
    "FetchedToken",
    "FetchingProvider",
    "FileToken",
    "FixedToken",
    "KeyringToken",
    "TokenProvider",
    "VaultToken",
    "choose_provider",
]
