"""Text of somebody else's in Markdown that people and code hosts read: it shows itself, and does nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from genloom.tools.security import clean

__all__ = ["inert", "on_one_line"]

MAX_MESSAGE = 1_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ACTIVE = re.compile(
    r"[\\`*_\[\]<>&|~$^]"  # markup, HTML, entities, mathematics
    r"|@|[#!%](?=\w)|(?:GH|(?-i:[A-Z][A-Z0-9_]{1,30}))-(?=\d)"  # people, groups, other issues, those of a tracker
    r"|[0-9a-f]{7,}"  # commits
    r"|:(?=//)|\b(?:www|mailto|xmpp)(?=[.:])",  # what becomes a link by itself
    re.IGNORECASE,
)
_APART = "&#8203;"
"""A space of no width, as the hosts show it: what stands on its two sides is no name, number or address together."""
_SHORT = 6
"""Hexadecimal digits that no host takes for a commit."""


def inert(text: str, *, most: int = MAX_MESSAGE, secrets: Sequence[str] = ()) -> str:
    """Return a text as one line of Markdown that shows it and does nothing: it calls nobody, links nowhere, marks nothing
    up, and begins no command. Secrets, hidden text and control characters are taken out; at most `most` characters are
    shown."""
    return _ACTIVE.sub(lambda match: _quiet(match[0]), on_one_line(text, most=most, secrets=secrets))


def on_one_line(text: str, *, most: int = MAX_MESSAGE, secrets: Sequence[str] = ()) -> str:
    """Return a text on one line, of at most `most` characters, without secrets, hidden text and control characters."""
    line = _CONTROL.sub("\ufffd", " ".join(clean(text[: 4 * most], secrets=secrets).text.split()))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _quiet(active: str) -> str:
    if len(active) == 1 and active not in "@#!%:":
        return f"&#{ord(active)};"
    if active.endswith("-"):
        return f"{active.replace('_', '&#95;')}{_APART}"
    if active.isalnum() and len(active) > _SHORT:
        return _APART.join(active[at : at + _SHORT] for at in range(0, len(active), _SHORT))
    return f"{active}{_APART}"
