"""Import roots: the folders of a repository that its modules are imported from, as its own configuration says."""

from __future__ import annotations

import configparser
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["import_roots", "module_address"]

MAX_ROOTS = 16
MAX_CONFIGURATION_BYTES = 1_000_000


def import_roots(repository: Path) -> tuple[Path, ...]:
    """Return the folders that a repository's modules are imported from; it reads the disk.

    They are its root, `src` where it has one, and what its configuration names as `pythonpath` of pytest or as the place
    where setuptools finds packages. Folders outside of the repository do not count. Nothing of the repository is run.
    """
    root = repository.expanduser().resolve()
    found = [root]
    for name in ("src", *_named(root)):
        folder = (root / name).resolve()
        if folder not in found and folder.is_relative_to(root) and folder.is_dir():
            found.append(folder)
    return tuple(found[:MAX_ROOTS])


def module_address(path: str, roots: tuple[str, ...]) -> str | None:
    """Return the dotted name under which a file is imported, by the innermost of the roots that holds it.

    `path` and `roots` are relative to the repository ("" is its own folder). `None` for a file that no import can name.
    """
    holding = [root for root in roots if not root or path.startswith(f"{root}/")]
    if not holding or not path.endswith(".py"):
        return None
    inner = path[len(max(holding, key=len)) :].lstrip("/").removesuffix(".py")
    parts = inner.split("/")
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if parts and not any("." in part or not part for part in parts) else None


def _named(root: Path) -> Iterator[str]:
    project = _toml(root / "pyproject.toml").get("tool", {})
    yield from _texts(_under(project, "pytest", "ini_options", "pythonpath"))
    yield from _texts(_under(project, "setuptools", "packages", "find", "where"))
    yield from _texts(_under(project, "setuptools", "package-dir", ""))
    for name, section in (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        yield from _ini(root / name).get(section, {}).get("pythonpath", "").split()
    packages = _ini(root / "setup.cfg")
    yield from packages.get("options.packages.find", {}).get("where", "").split()
    for line in packages.get("options", {}).get("package_dir", "").splitlines():
        package, _, folder = line.partition("=")
        if not package.strip() and folder.strip():
            yield folder.strip()


def _texts(value: Any) -> list[str]:
    """The folders that a setting names. Any: whatever TOML the repository holds."""
    values = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    return [each for each in values if isinstance(each, str) and "\0" not in each]


def _under(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _toml(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(_text(path))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    return found if isinstance(found.get("tool", {}), dict) else {}


def _ini(path: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return {}
    return {section: dict(parser[section]) for section in parser.sections()}


def _text(path: Path) -> str:
    """The text of a configuration file, nothing where it is missing, too large or unreadable."""
    try:
        if not path.is_file() or path.stat().st_size > MAX_CONFIGURATION_BYTES:
            return ""
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
