"""A draft: a set of file changes that a generator proposes."""

from __future__ import annotations

import hashlib
from typing import Literal

from genloom.state.part import StatePart

__all__ = ["Draft", "FileChange", "GeneratorName", "OwnGenerator", "module_draft"]

OwnGenerator = Literal["reuse", "search", "model"]
"""The ways of making a draft that genloom has itself."""
GeneratorName = Literal[OwnGenerator, "agent"]


class FileChange(StatePart):
    """The new content of one file. `base_sha256` is the hash of the bytes it replaces, `None` for a new file;
    `content` is `None` when the file is deleted."""

    path: str
    content: str | None
    base_sha256: str | None = None


class Draft(StatePart):
    """File changes with their provenance. One new module is the simplest case.

    `fitted_to` holds the texts of the examples that the generator was fitted to (search, reuse): they prove nothing of
    this draft. `held_out` holds those that it never saw. `rivals` describe candidates of like cost that differ on probe
    inputs: where there is one, the draft is never `passed`; `deciding` is then the call whose result would decide best, and
    `outputs` what the draft gives on some probes. `proposed_checks` are examples that a model made up. `cut_by_clock` marks
    an answer that a clock decided, which is not cached.
    """

    changes: tuple[FileChange, ...]
    generator: GeneratorName
    name: str = ""
    model: str | None = None
    notes: tuple[str, ...] = ()
    fitted_to: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    deciding: str = ""
    outputs: tuple[str, ...] = ()
    proposed_checks: tuple[str, ...] = ()
    cut_by_clock: bool = False

    @property
    def source(self) -> str:
        """The text of the module, when the draft is a single file; else the files one after the other."""
        if len(self.changes) == 1:
            return self.changes[0].content or ""
        return "\n".join(f"# --- {c.path}\n{c.content if c.content is not None else '# deleted'}" for c in self.changes)

    @property
    def path(self) -> str:
        """The path of the first changed file."""
        return self.changes[0].path if self.changes else ""

    @property
    def sha256(self) -> str:
        """A hash of what the draft would write."""
        digest = hashlib.sha256()
        for change in self.changes:
            digest.update(f"{change.path}\0{change.content}\0{change.base_sha256}\0".encode())
        return digest.hexdigest()


def module_draft(
    source: str,
    *,
    path: str,
    name: str,
    generator: GeneratorName,
    model: str | None = None,
    notes: tuple[str, ...] = (),
) -> Draft:
    """Return the draft of one new module."""
    return Draft(
        changes=(FileChange(path=path, content=source),), generator=generator, name=name, model=model, notes=notes
    )
