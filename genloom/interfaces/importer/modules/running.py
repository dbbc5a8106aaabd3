"""Running a module's text in this process, from where it has run so far."""

from __future__ import annotations
import __future__

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType

from genloom.errors import GeneratedImportError
from genloom.interfaces.importer.modules.loader import PinnedLoader, UnwrittenLoader, compile_module, pinned_spec
from genloom.interfaces.importer.modules.module import GeneratedModule
from genloom.interfaces.importer.pins.packages import one_level_down
from genloom.interfaces.importer.pins.pin_store import PinStore
from genloom.syntax import parse_module

__all__ = ["catch_up", "is_unwritten", "settle", "take_over", "text_of", "trial"]


def text_of(module: ModuleType) -> str:
    """Return the text that a module has run so far in this process, "" for one that is not written yet."""
    loader = module.__dict__["__spec__"].loader
    return loader.text if isinstance(loader, PinnedLoader | UnwrittenLoader) else ""


def is_unwritten(module: ModuleType) -> bool:
    """Whether a module is one of ours that has no code yet."""
    spec = module.__dict__.get("__spec__")
    return isinstance(getattr(spec, "loader", None), UnwrittenLoader)


def catch_up(module: ModuleType, pins: PinStore) -> None:
    """Run what another thread or process has pinned behind the text that the module has run.

    Raises `GeneratedImportError` when the file is not what was pinned, or does not begin with that text; then the module is
    as it was.
    """
    fullname = module.__name__
    entry, loader = pins.entry(fullname), module.__dict__["__spec__"].loader
    if entry is None or entry == loader.entry:
        return
    text = pins.verified(fullname).decode("utf-8")
    done = _text_now(module, entry.file)
    if not text.startswith(done):
        raise GeneratedImportError(
            f"{fullname} was replaced on the disk since it was imported.",
            hint=f"Start the program again, or take the new text with `importlib.reload(sys.modules[{fullname!r}])`.",
            name=fullname,
            path=str(pins.path_of(fullname)),
        )
    if text != done:
        with trial(module, text, pins, (), start=len(done)):
            pass
    settle(module, pins)


def _text_now(module: ModuleType, file: str) -> str:
    """The text that the module has run, as its file has it: one level further down when it has become a package since."""
    loader = module.__dict__["__spec__"].loader
    moved = loader.entry is not None and loader.entry.file != file and file.endswith("/__init__.py")
    return one_level_down(loader.text.encode("utf-8")).decode("utf-8") if moved else loader.text


@contextmanager
def trial(
    module: ModuleType, text: str, pins: PinStore, names: tuple[str, ...], start: int | None = None
) -> Iterator[None]:
    """Run a module's text, from `start` on or from where it has run so far; the `with` block then decides.

    Raises `GeneratedImportError` when the code raises or leaves one of `names` undefined. Then, and when the block raises,
    what the module had is put back.
    """
    path = str(pins.path_of(module.__name__))
    known = module.__dict__
    before = dict(known)
    exported = known.get("__all__")
    listed = list(exported) if isinstance(exported, list) else []
    known.setdefault("__file__", path)
    try:
        _run(_block_code(module, text, len(text_of(module)) if start is None else start, path), module, path)
        _demand_names(module, names, path)
        yield
    except BaseException:
        for name in known.keys() - before.keys():
            del known[name]
        known.update(before)
        if isinstance(exported, list):
            exported[:] = listed  # the module's own list, lengthened in place
        raise


def _demand_names(module: ModuleType, names: tuple[str, ...], path: str) -> None:
    missing = [name for name in names if name not in module.__dict__]
    if missing:
        raise GeneratedImportError(
            f"{module.__name__} was generated and does not define {', '.join(missing)}.",
            name=module.__name__,
            path=path,
        )


def _block_code(module: ModuleType, text: str, start: int, path: str) -> CodeType:
    """The code of the text from `start` on, with the lines that it has in the file and under the module's own futures."""
    is_package = path.endswith("__init__.py")
    if not start:
        return compile_module(text, path, module.__name__, is_package=is_package)
    above = "\n" * text.count("\n", 0, start)
    return compile_module(
        above + text[start:], path, module.__name__, is_package=is_package, flags=_futures(text[:start])
    )


def _futures(text: str) -> int:
    flags = 0
    if "__future__" in text:
        for node in parse_module(text).body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                for alias in node.names:
                    flags |= getattr(__future__, alias.name).compiler_flag
    return flags


def _run(code: CodeType, module: ModuleType, path: str) -> None:
    try:
        exec(code, module.__dict__)  # noqa: S102 - it was verified in the sandbox and accepted
    except (GeneratedImportError, KeyboardInterrupt):
        raise
    except BaseException as error:  # SystemExit, too: a module that is imported may not end the program
        raise GeneratedImportError(
            f"{module.__name__} was accepted, and raised when it ran here: {type(error).__name__}: {error}",
            name=module.__name__,
            path=path,
        ) from error


def settle(module: ModuleType, pins: PinStore) -> None:
    """Let a module be what it is pinned as, and the modules above it that have become packages, too."""
    _settle(module, pins)
    _keep_known(module)
    above = module.__name__.rpartition(".")[0]
    while above.startswith(f"{pins.namespace}."):
        package, entry = sys.modules.get(above), pins.entry(above)
        if package is not None and entry is not None and _is_ours(package) and _is_same(package, entry.file, pins):
            _settle(package, pins)
        above = above.rpartition(".")[0]


def take_over(module: ModuleType, pins: PinStore) -> None:
    """Let a module that was imported before its hook stood, as the plain file it is, be what it is pinned as, if it is.

    Raises `GeneratedImportError` when the file is not what was pinned; then it is taken out of `sys.modules`.
    """
    name, spec = module.__name__, module.__dict__.get("__spec__")
    if type(getattr(spec, "loader", None)) is not SourceFileLoader or pins.entry(name) is None:
        return
    path = str(pins.path_of(name))
    if module.__dict__.get("__file__") != path:
        return
    try:
        pins.verified(name)
    except GeneratedImportError:
        sys.modules.pop(name, None)
        raise
    module.__class__ = GeneratedModule
    module.__dict__.setdefault("__path__", [path.removesuffix(".py")])
    _settle(module, pins)


def _is_same(module: ModuleType, file: str, pins: PinStore) -> bool:
    """Whether a module has run what it is pinned as, and its file was not edited."""
    name = module.__name__
    return not pins.edited(name) and pins.verified(name).decode("utf-8") == _text_now(module, file)


def _keep_known(module: ModuleType) -> None:
    """Put a module where imports find it, if a failure of another thread's took it out while it was empty."""
    above, _, last = module.__name__.rpartition(".")
    sys.modules.setdefault(module.__name__, module)
    package = sys.modules.get(above)
    if package is not None:
        package.__dict__.setdefault(last, module)


def _is_ours(module: ModuleType) -> bool:
    spec = module.__dict__.get("__spec__")
    return isinstance(getattr(spec, "loader", None), PinnedLoader | UnwrittenLoader)


def _settle(module: ModuleType, pins: PinStore) -> None:
    fullname = module.__name__
    entry = pins.entry(fullname)
    assert entry is not None
    spec = pinned_spec(pins, fullname, entry)
    assert isinstance(spec.loader, PinnedLoader)
    spec.loader.text = pins.verified(fullname).decode("utf-8")
    known = module.__dict__
    known |= {"__spec__": spec, "__loader__": spec.loader, "__file__": spec.origin, "__package__": spec.parent}
    if spec.submodule_search_locations is not None:
        known["__path__"] = spec.submodule_search_locations
