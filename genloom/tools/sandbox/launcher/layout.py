"""Laying out files in the working directory."""

from __future__ import annotations

import os
import stat

from genloom.tools.sandbox.launcher.refusal import RefusalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["lay_out"]


def lay_out(files: Mapping[str, str | bytes | None]) -> None:
    """Write each file, folders included; one that is there already is replaced and keeps its mode. `None` removes it.

    Raises `RefusalError` of the stage `files`.
    """
    for name, content in files.items():
        try:
            mode = _take_away(name)
            if content is not None:
                _write(name, content, mode)
        except OSError as error:
            raise RefusalError("files", f"{name}: {error.strerror}") from error


def _take_away(name: str) -> int:
    """Remove a file, or a link but not what it leads to; return the mode that it had, 0 where there is none."""
    try:
        mode = os.lstat(name).st_mode
    except FileNotFoundError:
        return 0
    os.unlink(name)
    return stat.S_IMODE(mode) & 0o777 if stat.S_ISREG(mode) else 0


def _write(name: str, content: str | bytes, mode: int) -> None:
    folder = os.path.dirname(name)
    if folder:
        os.makedirs(folder, exist_ok=True)
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    with open(name, "xb") as file:
        file.write(data)
    if mode:
        os.chmod(name, mode | stat.S_IRUSR | stat.S_IWUSR)
