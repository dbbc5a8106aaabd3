"""A workspace: the files of a repository that an agent may change, and the only way it changes them."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from genloom.errors import StorageError, UsageError
from genloom.tools.codebase.agent_tools.place import opened, parts_of
from genloom.tools.codebase.files.ignore_rules import IgnoreFiles
from genloom.tools.sandbox.repository.repository_view import is_covered

__all__ = ["Workspace"]

MAX_BYTES = 2_000_000
_HINT = "Give a path relative to the repository's root, of a file that its ignore files do not leave out."
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Workspace:
    """The files of one repository. Paths are relative to its root.

    Nothing outside is read or written, neither by `..` nor by an absolute path nor through a link; nothing of version
    control, nothing that holds credentials by its name, nothing that the repository's ignore files leave out, no binary
    file, none over 2 MB. A file is written whole or not at all. Every method raises `UsageError` or `StorageError` that
    says what is in the way.
    """

    def __init__(self, root: str | Path) -> None:
        try:
            self.root = Path(root).expanduser().resolve(strict=True)
        except OSError as error:
            raise StorageError(f"There is no folder {str(root)!r}.", hint="Give a repository's folder.") from error

    def parts(self, path: str) -> tuple[str, ...]:
        """Return the parts of a path that may be changed."""
        parts = parts_of(self.root, path)
        if not parts:
            raise UsageError("That is the repository itself.", hint=_HINT)
        covered = [part for part in parts if is_covered(part)]
        if covered:
            raise UsageError(f"{covered[0]!r} holds credentials or is version control's own.", hint=_HINT)
        if IgnoreFiles(self.root).leave_out("/".join(parts)):
            raise UsageError(f"{'/'.join(parts)!r} is left out by the repository's ignore files.", hint=_HINT)
        return parts

    def read(self, path: str) -> str:
        """Return the text of a file."""
        parts = self.parts(path)
        with opened(self.root, parts) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise UsageError(f"{'/'.join(parts)!r} is larger than {MAX_BYTES:,} bytes.", hint="Edit it yourself.")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"{'/'.join(parts)!r} is no UTF-8 text.", hint="Edit it yourself.") from error
        if "\0" in text:
            raise UsageError(f"{'/'.join(parts)!r} is a binary file.", hint="Edit it yourself.")
        return text

    def exists(self, path: str) -> bool:
        """Whether something stands at a path that may be changed."""
        parts = self.parts(path)
        try:
            with opened(self.root, parts[:-1], folder=True) as folder:
                os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, UsageError):
            return False
        return True

    def create(self, path: str, text: str) -> None:
        """Write a new file, with the folders above it; one that stands there is left alone."""
        parts = self.parts(path)
        if self.exists(path):
            raise UsageError(f"{'/'.join(parts)!r} is there already.", hint="Edit it, or choose another name.")
        self._make_folders(parts[:-1])
        with self._folder(parts) as folder:
            temporary = _written(folder, _encoded(text), 0o666)
            try:
                os.link(temporary, parts[-1], src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            except FileExistsError as error:
                raise UsageError(f"{'/'.join(parts)!r} is there already.", hint="Edit it.") from error
            finally:
                os.unlink(temporary, dir_fd=folder)

    def write(self, path: str, text: str, *, before: str) -> None:
        """Replace the text of a file that still holds `before`; its permissions stay."""
        parts = self.parts(path)
        if self.read(path) != before:
            raise UsageError(f"{'/'.join(parts)!r} has changed since it was read.", hint="Read it again.")
        with self._folder(parts) as folder:
            mode = stat.S_IMODE(os.stat(parts[-1], dir_fd=folder, follow_symlinks=False).st_mode) & 0o777
            temporary = _written(folder, _encoded(text), 0o600)
            try:
                os.chmod(temporary, mode, dir_fd=folder)
                os.rename(temporary, parts[-1], src_dir_fd=folder, dst_dir_fd=folder)
            except OSError:
                os.unlink(temporary, dir_fd=folder)
                raise

    def delete(self, path: str) -> str:
        """Delete a file and return what it held."""
        parts, text = self.parts(path), self.read(path)
        with self._folder(parts) as folder:
            os.unlink(parts[-1], dir_fd=folder)
        return text

    def rename(self, path: str, to: str) -> None:
        """Give a file another name, where nothing stands yet."""
        parts, target = self.parts(path), self.parts(to)
        self.read(path)
        if self.exists(to):
            raise UsageError(f"{'/'.join(target)!r} is there already.", hint="Choose another name.")
        self._make_folders(target[:-1])
        with self._folder(parts) as old, self._folder(target) as new:
            os.link(parts[-1], target[-1], src_dir_fd=old, dst_dir_fd=new, follow_symlinks=False)
            os.unlink(parts[-1], dir_fd=old)

    @contextmanager
    def _folder(self, parts: tuple[str, ...]) -> Iterator[int]:
        """Open the folder of a file; what the system refuses there is told."""
        try:
            with opened(self.root, parts[:-1], folder=True) as folder:
                yield folder
        except OSError as error:
            raise StorageError(
                f"{'/'.join(parts)!r} cannot be changed: {error.strerror or error}.", hint="Check its permissions."
            ) from error

    def _make_folders(self, parts: tuple[str, ...]) -> None:
        for depth in range(len(parts)):
            with self._folder(parts[: depth + 1]) as folder, suppress(FileExistsError):
                os.mkdir(parts[depth], dir_fd=folder)


def _encoded(text: str) -> bytes:
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UsageError("The text holds no valid Unicode.", hint="Leave out the half characters in it.") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"The text is larger than {MAX_BYTES:,} bytes.", hint="Split it.")
    return data


def _written(folder: int, data: bytes, mode: int) -> str:
    """Write a new file beside the one that it is for, and return its name."""
    name = f".genloom-{secrets.token_hex(8)}.tmp"
    with os.fdopen(os.open(name, _NEW, mode, dir_fd=folder), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return name
