"""Rules: what a project tells those who write code for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from genloom.tools.codebase.files.source import read_inside

__all__ = ["RULE_FILES", "ProjectRules", "read_rules"]

RULE_FILES = ("AGENTS.md", "CLAUDE.md", ".cursorrules", ".github/copilot-instructions.md")
"""In the order in which they count; a file with the same content as an earlier one is left out."""

MAX_RULE_BYTES = 64_000


@dataclass(frozen=True)
class ProjectRules:
    """One file of rules: its path in the repository, its text, and the hash of its bytes."""

    path: str
    text: str
    sha256: str


def read_rules(root: Path) -> tuple[ProjectRules, ...]:
    """Return the project's rules at the repository's root. Links, binary files and those over 64 KB are left out."""
    found: dict[str, ProjectRules] = {}
    for path in RULE_FILES:
        data = read_inside(root, path, MAX_RULE_BYTES)
        if not isinstance(data, bytes) or b"\0" in data or not data.strip():
            continue
        digest = hashlib.sha256(data).hexdigest()
        found.setdefault(digest, ProjectRules(path, data.decode("utf-8", "replace"), digest))
    return tuple(found.values())
