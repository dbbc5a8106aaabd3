"""Extending: a draft that was to append to a module must hold that module unchanged at its beginning. Pure."""

from __future__ import annotations

from genloom.state import Draft, Failed, GenerationRequest

__all__ = ["check_extension"]


def check_extension(draft: Draft, request: GenerationRequest) -> Failed | None:
    """Return why a draft is no extension of the module that the request extends; `None` where it is one, or none was asked.

    The generator's own notes say more, where it knew that its reply could not be appended.
    """
    if request.extends is None or not draft.changes:
        return None
    if any(change.content and change.content.startswith(request.extends) for change in draft.changes):
        return None
    said = f" {draft.notes[0]}" if draft.notes else ""
    return Failed(reason=f"The draft does not leave the module as it is.{said}")
