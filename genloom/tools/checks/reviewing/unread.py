"""Files that no pass reads: what is Python, what machines run, and the finding that tells of them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from genloom.state import Finding

__all__ = ["is_python", "run_by_machines", "unread_finding"]

_PYTHON = frozenset((".py", ".pyw", ".pyi"))
_RUN_BY_MACHINES = frozenset(
    ".bash .bat .cjs .cmd .dll .dylib .egg .exe .fish .ipynb .jar .js .jsx .ksh .lua .mjs .php .pl .ps1 .psm1 .pth .pyc "
    ".pyd .pyi .pyo .pyw .pyz .rb .sh .so .ts .tsx .vbs .wasm .whl .zsh".split()
)
_RUN_BY_NAME = frozenset(
    "makefile gnumakefile dockerfile containerfile jenkinsfile justfile rakefile .envrc .bashrc .profile .zshrc "
    ".gitlab-ci.yml .pre-commit-config.yaml".split()
)
_WORKFLOWS = ".github/workflows/"
_SHEBANG = re.compile(r"\ufeff?#!.{0,500}")
_PYTHON_SHEBANG = re.compile(r"\ufeff?#!.{0,500}?\bpython[0-9.]*\b")


def is_python(path: str, text: str | None = None) -> bool:
    """Whether a file is Python by its name, or, where it has no ending, by the first line of its text."""
    suffix = PurePosixPath(path).suffix.lower()
    return suffix in _PYTHON or bool(not suffix and text and _PYTHON_SHEBANG.match(text))


def run_by_machines(path: str, text: str | None = None) -> bool:
    """Whether machines run a file that is no Python: by its name, its place, or a first line that names what runs it."""
    pure = PurePosixPath(path)
    named = pure.suffix.lower() in _RUN_BY_MACHINES or pure.name.lower() in _RUN_BY_NAME
    return named or path.startswith(_WORKFLOWS) or bool(text and _SHEBANG.match(text))


def unread_finding(path: str, text: str | None = None) -> Finding:
    """Return the finding of a file that no pass reads: a warning, and an error where machines run such files."""
    runs = run_by_machines(path, text)
    message = "is run by machines, and no check reads it" if runs else "is no Python, and no check reads it"
    return Finding(rule="unread", severity="error" if runs else "warning", message=message, path=path)
