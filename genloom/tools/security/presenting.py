"""Presenting: how text from elsewhere is shown to a model, whatever it is."""

from __future__ import annotations

from collections.abc import Sequence

from genloom.tools.security.delimiting import delimit
from genloom.tools.security.findings import Screened
from genloom.tools.security.redaction import redact
from genloom.tools.security.screening import screen

__all__ = ["clean", "present"]


def present(title: str, text: str, *, secrets: Sequence[str] = ()) -> str:
    """Return a text as delimited data: without secrets, hidden text blocked, with the labels of what reads like an
    instruction in the fence's first line. `secrets` are further values to remove. Never raises; linear in the text."""
    cleaned = clean(text, title=title, secrets=secrets)
    return delimit(clean(title, secrets=secrets).text, cleaned.text, labels=cleaned.labels)


def clean(text: str, *, title: str = "", secrets: Sequence[str] = ()) -> Screened:
    """Return a text redacted and screened, for where no fence is wanted: a heading, a line of a list, an event.

    Redaction comes first, so that screening cannot leave half a secret standing; it is repeated where characters were
    taken out, since that may join the parts of one.
    """
    screened = screen(redact(text, secrets=secrets), title=title)
    if not screened.blocked:
        return screened
    return Screened(text=redact(screened.text, secrets=secrets), blocked=screened.blocked, labels=screened.labels)
