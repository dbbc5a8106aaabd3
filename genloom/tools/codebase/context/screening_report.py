"""What screening finds in the texts behind a context: hidden text that no model will see, and phrases that instruct one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from genloom.state import ContextReference
from genloom.tools.codebase.files.source import decode_source, read_inside, text_lines
from genloom.tools.security import Finding, Screened, clean

__all__ = ["screened_references"]

FORMS_WITH_TEXT = ("body", "signature", "rules")


def screened_references(
    root: Path, references: Iterable[ContextReference], *, secrets: Sequence[str] = ()
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return what is blocked and what is labelled in the references' own lines, by file and line; each file is read once."""
    blocked: list[Finding] = []
    labels: list[Finding] = []
    texts: dict[str, list[str]] = {}
    for ref in references:
        if ref.form not in FORMS_WITH_TEXT:
            continue
        if ref.path not in texts:
            data = read_inside(root, ref.path)
            texts[ref.path] = text_lines(decode_source(data)) if isinstance(data, bytes) else []
        found = _screened(ref, texts[ref.path], secrets)
        blocked += (replace(each, line=each.line + ref.start_line - 1) for each in found.blocked)
        labels += (replace(each, line=each.line + ref.start_line - 1) for each in found.labels)
    return tuple(dict.fromkeys(blocked)), tuple(dict.fromkeys(labels))


def _screened(ref: ContextReference, lines: Sequence[str], secrets: Sequence[str]) -> Screened:
    return clean("\n".join(lines[ref.start_line - 1 : ref.end_line]), title=ref.path, secrets=secrets)
