"""The server's own secret: what signs the links of run pages."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from genloom.errors import StorageError
from genloom.tools.store.database import private_folder, storage_errors

__all__ = ["server_secret"]

BYTES = 32


def server_secret(data: Path) -> bytes:
    """Return the secret of a data folder, 32 bytes; made on first use, by one of several processes for all.

    It stands in `secret.key`, readable by its owner alone. Removing the file ends all links. Raises `StorageError` when
    the file cannot be used, also when others can read it.
    """
    private_folder(data)
    path = data / "secret.key"
    with storage_errors(path):
        if not path.exists():
            _make(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise StorageError(f"{path} can be read by others.", hint=f"`chmod 600 {path}`, or remove it: links end.")
        found = path.read_bytes()
    if len(found) != BYTES:
        raise StorageError(
            f"{path} does not hold {BYTES} bytes.", hint="Remove it; a new one is made, and all links end."
        )
    return found


def _make(path: Path) -> None:
    """Give a file that is whole its name, unless another process has done so: nobody reads half a secret."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
            file.write(secrets.token_bytes(BYTES))
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)
