"""The modules that a hook imports: they ask it for names that they lack."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from genloom.config import load_settings
from genloom.errors import GeneratedImportError, GenloomError
from genloom.interfaces.importer.installed import hook_of

__all__ = ["AnchorModule", "GeneratedModule", "HandWrittenModule"]


class GeneratedModule(ModuleType):
    """A module that is, or is to be, generated. What a statement or an attribute expression asks of it is written."""

    def __getattr__(self, name: str) -> Any:  # Any: whatever the module defines
        hook = None if _is_special(name) else hook_of(self.__name__)
        try:
            if hook is not None and hook.provide(self, name, sys._getframe(1)):
                return self.__dict__[name]
        except GeneratedImportError as error:
            raise _shortened(error)  # noqa: B904 - it is the same error
        raise _no_attribute(self, name)


class AnchorModule(ModuleType):
    """The package at the root of a namespace: `gen.text` opens the module `text` below it."""

    def __getattr__(self, name: str) -> Any:  # Any: a module, or what the hook's owner puts there
        hook = None if _is_special(name) else hook_of(self.__name__)
        if hook is not None and hook.open_module(self, name, sys._getframe(1)):
            return self.__dict__[name]
        raise _no_attribute(self, name)


class HandWrittenModule(ModuleType):
    """A module of the user's own in the namespace's folder: it is never extended, and says so when asked."""

    def __getattr__(self, name: str) -> Any:  # Any: never returns
        hook = None if _is_special(name) else hook_of(self.__name__)
        if hook is not None:
            hook.refuse(self, name, sys._getframe(1))
        raise _no_attribute(self, name)


def _shortened(error: GeneratedImportError) -> GeneratedImportError:
    """Return the error without genloom's own frames, and without what lies below the causes that genloom names: nobody who
    reads it learns anything of these. A generated module's own exception stays; with `GENLOOM_DEBUG` all does."""
    if load_settings().debug:
        return error
    cause = error.__cause__
    while isinstance(cause, GenloomError):
        cause.with_traceback(None)
        if not isinstance(cause.__cause__, GenloomError):
            cause.__cause__, cause.__suppress_context__ = None, True
        cause = cause.__cause__
    return error.with_traceback(None)


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name != "__all__"


def _no_attribute(module: ModuleType, name: str) -> AttributeError:
    return AttributeError(f"module {module.__name__!r} has no attribute {name!r}", name=name, obj=module)
