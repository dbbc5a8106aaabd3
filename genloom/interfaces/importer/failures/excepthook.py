"""The exception hook: explains a failure of generated code, and looks for a fix that a person may take.

It is opt-in, and stands behind the hook that was there before, which shows the traceback as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

__all__ = ["install_excepthook", "uninstall_excepthook"]

Hook = Callable[[type[BaseException], BaseException, TracebackType | None], Any]  # Any: its result is nobody's


@dataclass(frozen=True)
class ExceptHook:
    """A `sys.excepthook` that calls the one before it, then explains. `fix` says whether a model may be asked."""

    previous: Hook
    fix: bool

    def __call__(self, kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        """Show the exception as before; explain it where it came out of generated code. Never raises."""
        self.previous(kind, error, traceback)
        if not isinstance(error, Exception) or _told(error):
            return
        with suppress(KeyboardInterrupt):  # whoever does not want to wait for a fix
            try:
                _explain(error, traceback, fix=self.fix)
            except Exception as problem:  # noqa: BLE001 - an error while telling of an error must not hide it
                _say([f"genloom: the failure could not be explained: {type(problem).__name__}: {problem}"])


def install_excepthook(*, fix: bool = True) -> None:
    """Explain uncaught exceptions that come out of generated code; a second call only changes `fix`.

    With `fix`, and with a model and a mode other than `frozen` for the module, one call of the model may propose a fix. It
    is shown as a diff when the sandbox showed that it passes the module's checks and the call that failed, and is taken by
    nobody but a person, by `genloom lib accept`. `KeyboardInterrupt` and `SystemExit` are none of its business.
    """
    uninstall_excepthook()
    sys.excepthook = ExceptHook(sys.excepthook, fix)


def uninstall_excepthook() -> bool:
    """Take the hook out and put back the one before it; return whether it was there.

    Where another hook was chained behind it since, that one stays, and so does this.
    """
    hook = sys.excepthook
    if not isinstance(hook, ExceptHook):
        return False
    sys.excepthook = hook.previous
    return True


def _told(error: BaseException) -> bool:
    """Whether this very exception was explained already; from now on it was."""
    if getattr(error, "_genloom_explained", False):
        return True
    with suppress(AttributeError, TypeError):  # a class of its own kind takes no attributes
        error._genloom_explained = True  # type: ignore[attr-defined]  # ours, on whatever class it is
    return False


def _explain(error: Exception, traceback: TracebackType | None, *, fix: bool) -> None:
    # all of this is imported when something failed: a program that works pays nothing
    from genloom.interfaces.importer.failures.explanation import explained, explanation
    from genloom.interfaces.importer.failures.failure import find_failure
    from genloom.interfaces.importer.installed import HOOKS, hook_of

    failure = find_failure(error, traceback, lambda name: name not in HOOKS and hook_of(name) is not None)
    hook = hook_of(failure.module) if failure is not None else None
    if failure is None or hook is None:
        return
    known = explained(failure, hook.options)
    if known is None:  # a hand-written module of the namespace
        return
    _say(explanation(known))
    if fix:
        from genloom.interfaces.importer.failures.fixing import look_for_fix

        _say(look_for_fix(known, lambda text: _say([text])))


def _say(lines: list[str]) -> None:
    from genloom.interfaces.told import without_secrets
    from genloom.interfaces.visible import visible

    text = visible(without_secrets("".join(f"{line}\n" for line in lines)))
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()
