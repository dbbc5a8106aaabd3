"""Writing names into a module: generate them, run them, pin them; or leave everything as it was."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from genloom.errors import GeneratedImportError, GenloomError
from genloom.interfaces.importer.asked import CallSite, Generate, GeneratedSource, ModuleRequest
from genloom.interfaces.importer.modules.growth import grown
from genloom.interfaces.importer.modules.running import catch_up, is_unwritten, settle, text_of, trial
from genloom.interfaces.importer.options import ImportOptions
from genloom.interfaces.importer.pins.locks import one_generation
from genloom.interfaces.importer.pins.pin_store import PinStore
from genloom.interfaces.importer.underway import underway
from genloom.syntax import parse_module
from genloom.tools.merging import bound_names

__all__ = ["lacking", "pin_names", "write_names"]


def write_names(
    module: ModuleType, names: tuple[str, ...], *, pins: PinStore, options: ImportOptions, caller: CallSite | None
) -> None:
    """Give a module the names that it lacks: what another process has pinned meanwhile, else one generation for all.

    Afterwards its file and the lock file hold them, and what the module had before is the same objects. Raises
    `GeneratedImportError`; then nothing is pinned, the module is as it was, and one without any code is taken out of
    `sys.modules`.
    """
    fullname = module.__name__
    try:
        with _one_at_a_time(fullname, names, options), _told(fullname):
            catch_up(module, pins)
            missing = tuple(name for name in names if name not in module.__dict__)
            if missing:
                _demand_as_pinned(fullname, pins)
                existing = text_of(module)
                source = _generated(fullname, missing, existing, options, caller)
                with trial(module, source.source, pins, missing):
                    pins.pin(fullname, grown(pins.entry(fullname), source, missing), over=existing)
                settle(module, pins)
    except BaseException:
        _forget_unwritten(module)
        raise


def pin_names(
    fullname: str, names: tuple[str, ...], *, pins: PinStore, options: ImportOptions, caller: CallSite | None
) -> None:
    """As `write_names`, ahead of any import: the module is pinned, and nothing of it runs in this process."""
    with _one_at_a_time(fullname, names, options), _told(fullname):
        missing = lacking(fullname, names, pins)
        if missing:
            _demand_as_pinned(fullname, pins)
            entry = pins.entry(fullname)
            existing = pins.verified(fullname).decode("utf-8") if entry else ""
            source = _generated(fullname, missing, existing, options, caller)
            pins.pin(fullname, grown(entry, source, missing), over=existing)


def lacking(fullname: str, names: tuple[str, ...], pins: PinStore) -> tuple[str, ...]:
    """Return those of the names that a module's pinned text does not define. Raises `GeneratedImportError` when the file is
    not what was pinned."""
    entry = pins.entry(fullname)
    missing = tuple(name for name in names if entry is None or name not in entry.names)
    if not missing or entry is None:
        return missing
    defined = bound_names(parse_module(pins.verified(fullname).decode("utf-8")))
    return tuple(name for name in missing if name not in defined)


def _demand_as_pinned(fullname: str, pins: PinStore) -> None:
    """Raise, before anything is generated, what pinning would raise: an edit stays, and so does a file of the user's."""
    if pins.entry(fullname) is None:
        pins.demand_room(fullname)
    else:
        pins.verified(fullname)


def _generated(
    fullname: str, names: tuple[str, ...], existing: str, options: ImportOptions, caller: CallSite | None
) -> GeneratedSource:
    generate = options.generate or _graph()
    source = generate(ModuleRequest(module=fullname, names=names, options=options, existing=existing, caller=caller))
    if not source.source.startswith(existing):
        raise GeneratedImportError(f"{fullname} was to be extended, and what was there is changed.", name=fullname)
    return source


def _graph() -> Generate:
    from genloom.interfaces.importer.generation.generating import (
        generate_module,  # imports what no pinned import pays for
    )

    return generate_module


_FAILED: dict[str, tuple[int, tuple[str, ...], GeneratedImportError]] = {}
"""Of a module whose generation failed in this process: how often in a row, and the names and the error of the last."""


@contextmanager
def _one_at_a_time(fullname: str, names: tuple[str, ...], options: ImportOptions) -> Iterator[None]:
    """Hold the module's lock. Who waited for a generation of the same names that failed shares its failure."""
    before = _FAILED[fullname][0] if fullname in _FAILED else 0
    with underway(fullname), one_generation(options, fullname):
        count, failed, error = _FAILED.get(fullname, (0, (), None))
        if error is not None and count > before and set(names) <= set(failed):
            raise copy.copy(error)
        try:
            yield
        except GeneratedImportError as caught:
            _FAILED[fullname] = (count + 1, names, copy.copy(caught))  # without the traceback and all that it holds
            raise
        _FAILED.pop(fullname, None)


@contextmanager
def _told(fullname: str) -> Iterator[None]:
    """Let every failure be an `ImportError` that says what happened."""
    try:
        yield
    except GeneratedImportError:
        raise
    except GenloomError as error:
        raise GeneratedImportError(
            f"{fullname} could not be imported: {error.message}", hint=error.hint, name=fullname
        ) from error
    except Exception as error:
        raise GeneratedImportError(
            f"{fullname} could not be imported: {type(error).__name__}: {error}", name=fullname
        ) from error


def _forget_unwritten(module: ModuleType) -> None:
    """Take a module without code out of `sys.modules`, and the packages above it that were opened for it alone."""
    package: ModuleType | None = module
    while package is not None and is_unwritten(package):
        name = package.__name__
        if any(other.startswith(f"{name}.") for other in list(sys.modules)):
            return
        if sys.modules.get(name) is package:
            del sys.modules[name]
        above, _, last = name.rpartition(".")
        opened, package = package, sys.modules.get(above)
        if package is not None and package.__dict__.get(last) is opened:
            del package.__dict__[last]
