"""autogenlib's interface over genloom's imports: its documented programs run unchanged, and what they import is checked.

    import genloom
    genloom.install_import_hook(namespace="autogenlib")

or, with no change at all, `python -m genloom.interfaces.importer.autogenlib program.py` (`genloom lib run program.py`).
"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from genloom.config import ImportMode, load_import_settings, load_settings
from genloom.interfaces.importer.asked import Generate, GeneratedSource, ModuleRequest
from genloom.interfaces.importer.modules.module import AnchorModule
from genloom.interfaces.importer.options import ImportOptions, choose_mode

if TYPE_CHECKING:
    from genloom.interfaces.importer.hook import ImportHook

__all__ = ["NAMESPACE", "completed", "give_back", "run_program", "take_over"]

NAMESPACE: Final = "autogenlib"

_MODEL = "gpt-4.1"
"""What autogenlib asks for when OPENAI_MODEL is not set."""

_LEFT_OUT: Final = object()


def completed(
    made: Callable[..., ImportOptions],
    directory: Path | None,
    mode: str | None,
    accept_unverified: bool | None,
    generate: Generate | None,
) -> ImportOptions:
    """Return the options of the namespace `autogenlib`, with what the caller left out (`None`) as autogenlib has it; `made`
    are those of any namespace.

    The mode is `auto`, but `frozen` in CI; what nothing checks is accepted unless something speaks against it. With no
    directory nothing is kept beyond this process until caching is switched on.
    """
    environment = load_import_settings()
    told = mode or environment.mode or ("frozen" if environment.continuous_integration else "auto")
    chosen: ImportMode = choose_mode(told, environment)
    return made(
        namespace=NAMESPACE,
        directory=directory or _folder_of_this_process(),
        mode=chosen,
        accept_unverified=accept_unverified is not False,
        generate=generate or _generate,
    )


def take_over(hook: ImportHook) -> None:
    """Put genloom's `autogenlib` in the place of whatever has that name: an installed one, an imported one, its finder.

    What was put aside is said once, and that modules without checks are accepted.
    """
    installed = PathFinder.find_spec(NAMESPACE) is not None
    for name in [name for name in sys.modules if name == NAMESPACE or name.startswith(f"{NAMESPACE}.")]:
        installed = True
        del sys.modules[name]
    sys.meta_path[:] = [finder for finder in sys.meta_path if not _is_foreign(finder)]
    sys.modules[NAMESPACE] = _root_module(hook)
    if installed:
        _say("the installed autogenlib is put aside: `autogenlib` is genloom's in this process.")
    if hook.options.mode != "frozen" and hook.options.accept_unverified:
        _say("for `autogenlib`, modules that nothing checks are accepted (accept_unverified); what fails is refused.")


def give_back(hook: ImportHook) -> None:
    """Take genloom's `autogenlib` out again, with the modules that were imported through it."""
    root = sys.modules.get(NAMESPACE)
    if getattr(root, "_genloom_hook", None) is hook:
        for name in [name for name in sys.modules if name == NAMESPACE or name.startswith(f"{NAMESPACE}.")]:
            del sys.modules[name]


def run_program(arguments: list[str]) -> None:
    """Run a program (`program.py [ARGUMENT]…`) as `__main__`, with the hook of `autogenlib` installed."""
    import runpy

    from genloom.interfaces.importer.installing import install_import_hook

    program = Path(arguments[0])
    sys.argv[:] = arguments
    sys.path[0] = str(program.resolve().parent)
    install_import_hook(namespace=NAMESPACE)
    runpy.run_path(str(program), run_name="__main__")


def _root_module(hook: ImportHook) -> ModuleType:
    """The module `autogenlib` itself, which holds its four functions."""
    module: Any = AnchorModule(
        NAMESPACE, "autogenlib, by genloom: its modules write themselves, and are checked."
    )  # Any: gets functions

    def init(
        desc: Any = _LEFT_OUT,  # Any: autogenlib takes what it is given
        enable_exception_handler: bool | None = None,
        enable_caching: bool | None = None,
    ) -> None:
        """Say what the library is for; switch the exception handler and caching on or off."""
        if desc is not _LEFT_OUT:
            hook.options = replace(hook.options, description=str(desc))
        if enable_exception_handler is not None:
            set_exception_handler(enable_exception_handler)
        if enable_caching is not None:
            set_caching(enable_caching)

    def set_caching(enabled: bool = True) -> None:
        """Keep what is written from now on for later processes, or for this process alone."""
        directory = caches[0] if enabled else _folder_of_this_process()
        hook.options = replace(hook.options, directory=directory)

    def set_exception_handler(enabled: bool = True) -> None:
        """Explain failures of generated code, or leave them to Python."""
        from genloom.interfaces.importer.failures.excepthook import install_excepthook, uninstall_excepthook

        if enabled:
            install_excepthook()
        else:
            uninstall_excepthook()

    caches = [_cache(hook.options)]
    module._genloom_hook = hook
    module.init = init
    module.set_caching = set_caching
    module.set_exception_handler = set_exception_handler
    module.setup_exception_handler = set_exception_handler
    module.__all__ = ["init", "set_caching", "set_exception_handler", "setup_exception_handler"]
    module.__path__ = [str(hook.options.directory)]
    module.__spec__ = ModuleSpec(NAMESPACE, None, is_package=True)
    module.__spec__.submodule_search_locations = module.__path__
    return module  # type: ignore[no-any-return]  # Any above: a module's attributes


def _cache(options: ImportOptions) -> Path:
    """Where caching keeps modules: the directory that the caller chose, else a folder of genloom's own."""
    chosen = options.directory
    return load_settings().home / NAMESPACE if chosen == _folder_of_this_process() else chosen


def _generate(request: ModuleRequest) -> GeneratedSource:
    """Generate as any import does, with the model that autogenlib's variables name now: programs set them themselves."""
    from genloom.interfaces.importer.generation.generating import generate_module  # imports LangGraph

    if request.options.model is not None:
        return generate_module(request)
    return generate_module(replace(request, options=replace(request.options, model=_model_now())))


def _model_now() -> str | None:
    settings = load_settings()
    if settings.openai_model:
        return f"openai:{settings.openai_model}"
    if settings.model or not (settings.openai_api_key or settings.openai_base_url):
        return settings.model
    return f"openai:{_MODEL}"


_folders: list[Path] = []


def _folder_of_this_process() -> Path:
    """A folder that goes with the process: without caching, nothing outlives it."""
    if not _folders:
        folder = Path(tempfile.mkdtemp(prefix="genloom-autogenlib-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _folders.append(folder)
    return _folders[0]


def _is_foreign(finder: object) -> bool:
    """Whether a finder is the installed autogenlib's, which would call its model for whatever asks."""
    home = getattr(finder, "__module__", None) or ""
    return home == NAMESPACE or home.startswith(f"{NAMESPACE}.")


def _say(text: str) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"genloom: {text}\n")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m genloom.interfaces.importer.autogenlib PROGRAM.py [ARGUMENT]…")
    # by its own name: as `__main__` this would be a second copy of the module
    from genloom.interfaces.importer import autogenlib

    autogenlib.run_program(sys.argv[1:])
