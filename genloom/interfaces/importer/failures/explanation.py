"""What is known of a failure in a generated module: by the traceback, and by what the lock file says of the module."""

from __future__ import annotations

from dataclasses import dataclass

from genloom.interfaces.importer.failures.failure import Failure
from genloom.interfaces.importer.options import ImportOptions
from genloom.interfaces.importer.pins.lock_file import PinEntry
from genloom.interfaces.importer.pins.pin_store import PinStore

__all__ = ["KnownFailure", "explained", "explanation"]

MAX_CHECKS = 5
MAX_TEXT = 300


@dataclass(frozen=True, kw_only=True)
class KnownFailure:
    """A failure with the pinned module that it came out of: its text, its entry, and the options of its hook."""

    failure: Failure
    source: str
    entry: PinEntry
    options: ImportOptions


def explained(failure: Failure, options: ImportOptions) -> KnownFailure | None:
    """Return what is known of the failure, `None` where its module is not one that genloom pinned."""
    store = PinStore(options.directory, options.namespace)
    entry = store.entry(failure.module)
    return (
        None
        if entry is None
        else KnownFailure(failure=failure, source=store.read(failure.module), entry=entry, options=options)
    )


def explanation(known: KnownFailure) -> list[str]:
    """Return lines for a person: what failed, what it was asked to be, and whether any check spoke of that call."""
    failure, entry = known.failure, known.entry
    call = failure.call or f"{failure.function}(…)"
    how = f" ({failure.kind})" if failure.kind != "function" else ""
    lines = [
        f"genloom: {failure.error} in generated code: {_short(call)}{how} of {failure.module}, line {failure.line}",
        f"  {failure.filename}",
        f"  made by {entry.generator or 'an unknown generator'}{f' ({entry.model})' if entry.model else ''}; "
        f"verdict {entry.verdict or 'unknown'}{f'; accepted by {entry.accepted_by}' if entry.accepted_by else ''}",
    ]
    own = [check for check in entry.checks if f"{failure.function}(" in check]
    if failure.call and any(
        check.startswith((failure.call, f"raises({failure.error}, {failure.call})")) for check in own
    ):
        lines.append("  a check speaks of this very call; run `genloom lib verify` to see whether it still holds")
    elif own:
        lines.append("  none of its checks speaks of this call:" if failure.call else "  it was checked by:")
        lines += [f"    {_short(check)}" for check in own[:MAX_CHECKS]]
        lines += [f"    … and {len(own) - MAX_CHECKS} more"] if len(own) > MAX_CHECKS else []
    elif not entry.tests:
        lines.append(f"  nothing ever checked {failure.function}: it was accepted without proof")
    return lines


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else f"{line[: MAX_TEXT - 1]}…"
