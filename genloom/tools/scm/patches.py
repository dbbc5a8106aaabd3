"""The files that a code host tells of, put together as one unified diff in git's form."""

from __future__ import annotations

from collections.abc import Iterable

from genloom.tools.scm.forge import ChangedFile

__all__ = ["diff_of"]

_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


def diff_of(files: Iterable[ChangedFile]) -> str:
    """Return the diff of files whose hunks are known; a renamed file needs none."""
    return "".join(_section(file) for file in files)


def _section(file: ChangedFile) -> str:
    if file.patch is None and file.change != "renamed":
        return ""
    old, new = _name("a", file.old_path), _name("b", file.path)
    head = [f"diff --git {old} {new}"]
    if file.change == "added":
        head.append("new file mode 100644")
    if file.change == "deleted":
        head.append("deleted file mode 100644")
    if file.change == "renamed":
        head += [f"rename from {_name('', file.old_path)}", f"rename to {_name('', file.path)}"]
    if file.patch:
        head += [f"--- {'/dev/null' if file.change == 'added' else old}"]
        head += [f"+++ {'/dev/null' if file.change == 'deleted' else new}"]
        head.append(file.patch.removesuffix("\n"))
    return "\n".join(head) + "\n"


def _name(prefix: str, path: str) -> str:
    """A path as git writes it: in quotes where it holds what would not stand on a line."""
    name = f"{prefix}/{path}" if prefix else path
    data = name.encode("utf-8", "replace")
    if all(32 <= byte < 127 and byte not in (34, 92) for byte in data):
        return name
    return '"' + "".join(_escaped(byte) for byte in data) + '"'


def _escaped(byte: int) -> str:
    if byte in _ESCAPES:
        return f"\\{_ESCAPES[byte]}"
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
