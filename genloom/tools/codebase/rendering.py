"""Rendering: references become the text that a chat model sees, read again from the repository and redacted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from genloom.state import CodeContext, ContextReference
from genloom.tools.codebase.source import Source, read_inside, read_source, text_lines
from genloom.tools.security import delimit, redact

__all__ = ["current_references", "render_item", "render_references"]


def current_references(root: Path, references: Iterable[ContextReference]) -> tuple[bool, ...]:
    """Tell for each reference whether its file still has the bytes that it was chosen by."""
    hashes: dict[str, str] = {}
    current: list[bool] = []
    for reference in references:
        if reference.path not in hashes:
            data = read_inside(root, reference.path)
            hashes[reference.path] = hashlib.sha256(data).hexdigest() if isinstance(data, bytes) else ""
        current.append(hashes[reference.path] == reference.sha256)
    return tuple(current)


def render_references(root: Path, context: CodeContext, *, secrets: Sequence[str] = ()) -> str:
    """Return the text behind the references, as delimited data: rules first, then paths, bodies and signatures.

    Every text is read from disk anew and redacted. A reference whose file changed since it was chosen is left out, and a
    line says so. Empty when there are no references.
    """
    current = current_references(root, context.references)
    stale = sorted({ref.path for ref, ok in zip(context.references, current, strict=True) if not ok})
    kept = [ref for ref, ok in zip(context.references, current, strict=True) if ok]
    texts = {path: _read(root, path) for path in dict.fromkeys(ref.path for ref in kept if ref.form != "path")}
    sections = [
        delimit(f"project rules: {ref.path}", render_item(ref, texts[ref.path], secrets))
        for ref in kept
        if ref.form == "rules"
    ]
    items = [render_item(ref, texts.get(ref.path, ""), secrets) for ref in kept if ref.form != "rules"]
    items += [f"{path} changed since it was read and is left out.\n" for path in stale]
    if items:
        sections.append(delimit("code of the repository", "\n".join(_joined(items))))
    return "\n".join(sections)


def render_item(reference: ContextReference, text: str, secrets: Sequence[str] = ()) -> str:
    """Return one reference's text: a heading with place and reasons, then its lines, redacted. `text` is its file's."""
    place = f"{reference.path}:{reference.start_line}-{reference.end_line}"
    reasons = f" ({'; '.join(reference.reasons)})" if reference.reasons else ""
    if reference.form == "path":
        return redact(f"{reference.path}{reasons}", secrets=secrets)
    lines = text_lines(text)
    body = "\n".join(lines[reference.start_line - 1 : reference.end_line])
    if reference.form == "rules":
        cut = "" if reference.end_line >= len(lines) else f"\n[cut after line {reference.end_line} of {len(lines)}]"
        return redact(body, secrets=secrets) + cut
    more = "\n    ..." if reference.form == "signature" else ""
    heading = f"## {place} {reference.symbol or 'whole file'}{reasons}"
    return f"{redact(heading, secrets=secrets)}\n{redact(body, secrets=secrets)}{more}\n"


def _read(root: Path, path: str) -> str:
    source = read_source(root, path)
    if isinstance(source, Source):
        return source.text
    data = read_inside(root, path)
    return data.decode("utf-8", "replace") if isinstance(data, bytes) else ""


def _joined(items: Sequence[str]) -> list[str]:
    """Put a blank line between the list of paths and the code after it."""
    border = next((index for index, item in enumerate(items) if item.startswith("## ")), len(items))
    return [*items[:border], *([""] if 0 < border < len(items) else []), *items[border:]]
