"""Rendering: references become the text that a chat model sees, read again from the repository, redacted and screened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from genloom.state import ContextReference
from genloom.tools.codebase.context.caller_context import render_caller_context
from genloom.tools.codebase.files.source import decode_source, read_inside, text_lines
from genloom.tools.security import clean, present

__all__ = ["are_current", "render_item", "render_references"]


def are_current(root: Path, references: Iterable[ContextReference]) -> bool:
    """Whether every file behind the references still has the bytes that it was chosen by."""
    files = _Files(root)
    return all(files.has(reference) for reference in references)


def render_references(
    root: Path,
    references: Sequence[ContextReference],
    *,
    caller: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
) -> str:
    """Return the text behind the references, as delimited data: rules first, then the caller's own context, then paths,
    bodies and signatures.

    Every file is read from disk anew, once, and what was read is what is hashed and shown, redacted, with hidden text
    blocked and labels for what reads like an instruction. The project's rules are trusted no more than the rest of it. A
    reference whose file changed since it was chosen is left out, and a line says so. Empty when there is nothing to show.
    """
    files = _Files(root)
    stale = sorted({ref.path for ref in references if not files.has(ref)})
    kept = [ref for ref in references if ref.path not in stale]
    sections = [
        present(f"project rules: {ref.path}", render_item(ref, files.lines(ref), secrets), secrets=secrets)
        for ref in kept
        if ref.form == "rules"
    ]
    sections.append(render_caller_context(caller or {}, secrets=secrets))
    items = [render_item(ref, files.lines(ref), secrets) for ref in kept if ref.form != "rules"]
    items += [f"{path} changed since it was read and is left out.\n" for path in stale]
    if items:
        sections.append(present("code of the repository", "\n".join(_joined(items)), secrets=secrets))
    return "\n".join(section for section in sections if section)


class _Files:
    """The files of one rendering: each is read once, so that what is shown is what was hashed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, tuple[str, bytes]] = {}
        self._lines: dict[tuple[str, bool], list[str]] = {}

    def has(self, reference: ContextReference) -> bool:
        """Whether the reference's file has the bytes that it was chosen by."""
        return self._file(reference.path)[0] == reference.sha256

    def lines(self, reference: ContextReference) -> Sequence[str]:
        """Return the lines of the reference's file; none for one that shows only its path."""
        if reference.form == "path":
            return ()
        is_rules = reference.form == "rules"
        if (reference.path, is_rules) not in self._lines:
            data = self._file(reference.path)[1]
            text = data.decode("utf-8", "replace") if is_rules else decode_source(data)
            self._lines[reference.path, is_rules] = text_lines(text)
        return self._lines[reference.path, is_rules]

    def _file(self, path: str) -> tuple[str, bytes]:
        """Return a file's hash, empty when it cannot be read, and bytes."""
        if path not in self._read:
            data = read_inside(self._root, path)
            self._read[path] = (hashlib.sha256(data).hexdigest(), data) if isinstance(data, bytes) else ("", b"")
        return self._read[path]


def render_item(reference: ContextReference, lines: Sequence[str], secrets: Sequence[str] = ()) -> str:
    """Return one reference's text: a heading with place and reasons, then its lines, redacted and screened. `lines` are its
    file's."""
    place = f"{reference.path}:{reference.start_line}-{reference.end_line}"
    reasons = f" ({'; '.join(reference.reasons)})" if reference.reasons else ""
    if reference.form == "path":
        return clean(f"{reference.path}{reasons}", secrets=secrets).text
    body = "\n".join(lines[reference.start_line - 1 : reference.end_line])
    if reference.form == "rules":
        cut = "" if reference.end_line >= len(lines) else f"\n[cut after line {reference.end_line} of {len(lines)}]"
        return clean(body, secrets=secrets).text + cut
    more = "\n    ..." if reference.form == "signature" else ""
    heading = f"## {place} {reference.symbol or 'the module'}{reasons}"
    return f"{clean(heading, secrets=secrets).text}\n{clean(body, secrets=secrets).text}{more}\n"


def _joined(items: Sequence[str]) -> list[str]:
    """Put a blank line between the list of paths and the code after it."""
    border = next((index for index, item in enumerate(items) if item.startswith("## ")), len(items))
    return [*items[:border], *([""] if 0 < border < len(items) else []), *items[border:]]
