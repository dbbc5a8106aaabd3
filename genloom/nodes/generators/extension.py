"""An extension: a reply that is appended to the module that the request extends."""

from __future__ import annotations

from genloom.state import GenerationRequest
from genloom.tools.formatting import format_source
from genloom.tools.merging import MergeError, append_block

__all__ = ["as_extension"]


def as_extension(request: GenerationRequest, source: str, complaint: str) -> tuple[str, str]:
    """Return the module as it would be with the reply appended, and the complaint; the reply as it is where the request
    extends nothing. Where the module is empty, the reply is formatted.

    A reply that repeats the whole module is taken for what it adds. What cannot be appended (it defines a name anew, or
    is no Python) comes back as it is with a complaint: as a draft it cannot pass, since it does not begin with the module.
    """
    module = request.extends
    if module is None or complaint:
        return source, complaint
    if not module.strip():
        return format_source(source), ""
    kept = module.strip("\n")
    block = source.removeprefix(kept).lstrip("\n") if kept and source.startswith(f"{kept}\n") else source
    try:
        return append_block(module, block), ""
    except MergeError as error:
        return block, error.message
