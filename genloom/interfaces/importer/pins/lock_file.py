"""The lock file `genloom.lock`: what every pinned module is, and why it was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from keyword import iskeyword
from pathlib import Path
from typing import Any

from genloom.errors import StorageError

__all__ = ["LOCK_NAME", "SCHEMA", "LockFile", "PinEntry", "file_names", "is_module_name", "read_lock", "render_lock"]

LOCK_NAME = "genloom.lock"
SCHEMA = 1
MAX_BYTES = 50_000_000

_HEAD = """\
# Written by genloom: which modules beside this file were generated, and what checked them. Commit it with them.
# To list them: genloom lib list. A hand edit of a module is taken up by: genloom lib adopt.

"""
_MEND = "Restore it (`git checkout -- {name}`), or resolve the conflict in it; then look with `genloom lib verify`."


@dataclass(frozen=True, kw_only=True)
class PinEntry:
    """One pinned module.

    `file` is its path relative to the lock file, `sha256` the hash (hex) of that file's bytes, `names` what callers asked
    for. The rest is as in `GeneratedSource`.
    """

    sha256: str
    file: str = ""
    names: tuple[str, ...] = ()
    verdict: str = ""
    tier: str = ""
    generator: str = ""
    model: str = ""
    prompt_version: str = ""
    accepted_by: str = ""
    thread_id: str = ""
    request: str = ""
    checks: tuple[str, ...] = ()
    tests: str = ""


@dataclass(frozen=True, kw_only=True)
class LockFile:
    """The pinned modules by their names below the namespace, such as `text` or `pkg.mod`."""

    namespace: str = ""
    entries: Mapping[str, PinEntry] = field(default_factory=dict)


def read_lock(path: Path) -> LockFile:
    """Return what a lock file holds; an empty one where there is no file.

    Nothing in it is trusted: a path that leaves the folder, a name that is none, a value of another type raise
    `StorageError` as a corrupted file does, which names the file, the place, and what to do.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return LockFile()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    if len(content) > MAX_BYTES:
        raise _corrupted(path, f"it is larger than {MAX_BYTES:,} bytes")
    import tomllib  # imported here: a program that installs a hook and imports nothing does not pay for it

    try:
        table = tomllib.loads(content.decode("utf-8").replace("\r\n", "\n"))
    except (ValueError, RecursionError) as error:
        raise _corrupted(path, _place_of(error, content)) from error
    return _lock_of(table, path)


def render_lock(lock: LockFile) -> str:
    """Return the text of a lock file: modules sorted by name, fields in a fixed order, empty ones left out. Line
    ends in them are plain ones."""
    import tomli_w  # imported here: only what writes a lock file pays for it

    modules = {name: _entry_table(lock.entries[name]) for name in sorted(lock.entries)}
    table = {"schema": SCHEMA, "namespace": lock.namespace, "modules": modules}
    return _HEAD + tomli_w.dumps(table, multiline_strings=True).replace("\r\n", "\n")


def _entry_table(entry: PinEntry) -> dict[str, object]:
    values = {"file": entry.file} | {item.name: getattr(entry, item.name) for item in fields(entry)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value or name == "names"
    }


def _lock_of(table: dict[str, Any], path: Path) -> LockFile:  # Any: whatever the file holds
    if table.get("schema") != SCHEMA:
        raise StorageError(
            f"{path} has the schema {table.get('schema')!r}, and this genloom reads {SCHEMA}.",
            hint="Use the genloom that wrote it, or a newer one.",
        )
    namespace, modules = table.get("namespace", ""), table.get("modules", {})
    if not isinstance(namespace, str) or not isinstance(modules, dict):
        raise _corrupted(path, "`namespace` or `modules` is of another type")
    return LockFile(namespace=namespace, entries={name: _entry_of(name, modules[name], path) for name in modules})


_TEXTS = tuple(item.name for item in fields(PinEntry) if item.type == "str")
_LISTS = tuple(item.name for item in fields(PinEntry) if item.type != "str")


def _entry_of(name: str, table: object, path: Path) -> PinEntry:
    place = f'[modules."{name}"]'
    if not isinstance(table, dict) or not is_module_name(name):
        raise _corrupted(path, f"{place} is no module")
    values: dict[str, Any] = {key: table[key] for key in (*_TEXTS, *_LISTS) if key in table}  # Any: checked below
    for key, value in values.items():
        listed = isinstance(value, list) and all(isinstance(item, str) for item in value)
        if not (listed if key in _LISTS else isinstance(value, str)):
            raise _corrupted(path, f"{place} has a `{key}` of another type")
    values |= {key: tuple(values[key]) for key in _LISTS if key in values}
    if values.get("file") not in file_names(name):
        raise _corrupted(path, f"{place} has the file {values.get('file')!r}, which is not its own")
    sha256 = values.get("sha256", "")
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise _corrupted(path, f"{place} has no sha256 of 64 hexadecimal digits")
    return PinEntry(**values)


def is_module_name(name: str) -> bool:
    """Whether text is the dotted name of a module that has a file of its own: `x.__init__` is another name of `x`."""
    return all(part.isidentifier() and part != "__init__" and not iskeyword(part) for part in name.split("."))


def file_names(name: str) -> tuple[str, str]:
    """Return the two files that a module may have, relative to the folder: as a module, and as a package."""
    stem = name.replace(".", "/")
    return f"{stem}.py", f"{stem}/__init__.py"


def _place_of(error: Exception, content: bytes) -> str:
    for number, text in enumerate(content.splitlines(), 1):
        if text.startswith((b"<<<<<<< ", b"=======", b">>>>>>> ")):
            return f"line {number} is a mark of a merge conflict"
    if isinstance(error, UnicodeDecodeError):
        line = content.count(b"\n", 0, error.start) + 1
        return f"line {line} is not UTF-8"
    end = len(content.splitlines())
    return str(error).replace("at end of document", f"at its end, line {end}")


def _corrupted(path: Path, what: str) -> StorageError:
    return StorageError(f"{path} is damaged: {what}.", hint=_MEND.format(name=path.name))
