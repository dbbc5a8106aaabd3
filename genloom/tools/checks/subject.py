"""The subject of a verification: the files that the sandbox sees, and the module that the checks address."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from genloom.state import Draft, Failed, GenerationRequest, NotRun
from genloom.syntax import parse_module
from genloom.tools.checks.bases import check_bases
from genloom.tools.checks.extending import check_extension
from genloom.tools.sandbox.repository.import_roots import module_address
from genloom.tools.sandbox.repository.repository_view import RepositoryView

__all__ = ["MAX_SOURCE_BYTES", "Subject", "SyntaxProblem", "draft_subject", "parse_source"]

MAX_SOURCE_BYTES = 1_000_000

_MISSING = re.compile(r"No module named '([^']+)'")


@dataclass(frozen=True)
class SyntaxProblem:
    """Why a text is not a Python module. `line` is 1-based, 0 when none is known."""

    message: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.message} (line {self.line})" if self.line else self.message


@dataclass(frozen=True)
class Subject:
    """Files by path, what the parser made of those that are Python, the dotted name of the module among them, and the name
    that it was asked to define ("" for none); `names` are further ones. `view` is the repository around the files,
    `deleted` what they leave out of it."""

    files: Mapping[str, str]
    trees: tuple[ast.Module, ...]
    module: str
    asked: str = ""
    names: tuple[str, ...] = ()
    view: RepositoryView | None = None
    deleted: tuple[str, ...] = ()

    @property
    def demanded(self) -> tuple[str, ...]:
        """All names that the module must define, the asked one first."""
        return tuple(dict.fromkeys(([self.asked] if self.asked else []) + list(self.names)))

    @property
    def roots(self) -> tuple[str, ...]:
        """The folders that modules are imported from, relative to the files' own ("")."""
        return self.view.roots if self.view else ("",)

    def with_file(self, path: str, text: str) -> Subject:
        """Return the subject with one more Python file."""
        tree = parse_source(text)
        more = (tree,) if isinstance(tree, ast.Module) else ()
        return replace(self, files={**self.files, path: text}, trees=(*self.trees, *more))

    @property
    def defined(self) -> tuple[str, ...]:
        """The functions and classes that the files define at their top."""
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        return tuple(node.name for tree in self.trees for node in tree.body if isinstance(node, kinds))

    def missing_package(self, error_message: str) -> str | None:
        """Return the package that the interpreter lacks, by the message of a ModuleNotFoundError.

        `None` when neither the files nor the repository import it, when it is one of their own or a part of a package that
        is there: then the code is at fault.
        """
        match = _MISSING.search(error_message)
        if not match or "." in match[1]:
            return None
        name = match[1]
        own = {(module_address(path, self.roots) or "").split(".", 1)[0] for path in self.files}
        imported = {top for tree in self.trees for top in _imported(tree)}
        if name in own or (self.view and self.view.has_top_level(name)):
            return None
        return name if name in imported or (self.view and name in self.view.imported) else None


def parse_source(source: str) -> ast.Module | SyntaxProblem:
    """Parse a module, or say why it is none: NUL characters, a syntax error, nesting that breaks the parser."""
    if "\0" in source:
        return SyntaxProblem("it holds a NUL character", source[: source.index("\0")].count("\n") + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a draft's invalid escapes are its own affair, not this process's stderr
            return parse_module(source)
    except SyntaxError as error:
        return SyntaxProblem(error.msg or "invalid syntax", error.lineno or 0)
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxProblem(f"the parser gave up on it: {str(error) or type(error).__name__}")


def draft_subject(
    draft: Draft, request: GenerationRequest, view: RepositoryView | None = None
) -> Subject | Failed | NotRun:
    """Return what to check of a draft, or the verdict where nothing can be run.

    In the view of a repository files have their own paths, and the module is named by the root that it is imported from.
    Else a single module stands under the name by which tests import it; several files keep their paths.
    """
    files = {change.path: change.content for change in draft.changes if change.content is not None}
    if not files:
        return NotRun(cause="no_draft", reason="There is no code to check.")
    refusal = _unsupported(draft, files, view) or _too_large(files) or check_extension(draft, request)
    if refusal is None and view:
        refusal = check_bases(draft, view)
    if refusal is not None:
        return refusal
    trees = _parsed(files)
    if isinstance(trees, Failed):
        return trees
    if view:
        return _inside(draft, request, trees, view)
    if len(draft.changes) == 1:
        return _single(draft, request, trees)
    asked = _asked_name(draft, request)
    module = _main_module(files, asked, request.module_name)
    return Subject(files=files, trees=trees, module=module, asked=asked, names=_further_names(request))


def _unsupported(draft: Draft, files: Mapping[str, str], view: RepositoryView | None) -> NotRun | None:
    reason = ""
    if not any(path.endswith(".py") for path in files):
        reason = f"`{next(iter(files))}` is not a Python file."
    elif any(not _is_inside(change.path) for change in draft.changes):
        reason = "A path of the draft leads outside of its folder."
    elif len(files) < len(draft.changes) and view is None:
        reason = "The draft deletes files, which needs the repository that they are in."
    return NotRun(cause="unsupported", reason=reason) if reason else None


def _is_inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return bool(path) and "\0" not in path and not pure.is_absolute() and ".." not in pure.parts


def _too_large(files: Mapping[str, str]) -> Failed | None:
    size = sum(len(text.encode("utf-8", "replace")) for text in files.values())
    if size <= MAX_SOURCE_BYTES:
        return None
    return Failed(reason=f"The draft has {size:,} bytes; at most {MAX_SOURCE_BYTES:,} are checked.")


def _parsed(files: Mapping[str, str]) -> tuple[ast.Module, ...] | Failed:
    trees: list[ast.Module] = []
    for path, text in files.items():
        if not path.endswith(".py"):
            continue
        tree = parse_source(text)
        if isinstance(tree, SyntaxProblem):
            return Failed(reason=f"`{path}` is not valid Python: {tree}.")
        trees.append(tree)
    return tuple(trees)


def _inside(
    draft: Draft, request: GenerationRequest, trees: tuple[ast.Module, ...], view: RepositoryView
) -> Subject | NotRun:
    files = {change.path: change.content for change in draft.changes if change.content is not None}
    asked = _asked_name(draft, request)
    path = _main_path(files, asked, request.module_name)
    module = view.module_name(path)
    if module is None:
        return NotRun(
            cause="unsupported",
            reason=f"No import can name `{path}`.",
            hint="Give a target whose folders and name hold no dots.",
        )
    deleted = tuple(change.path for change in draft.changes if change.content is None)
    further = _further_names(request)
    return Subject(files=files, trees=trees, module=module, asked=asked, names=further, view=view, deleted=deleted)


def _single(draft: Draft, request: GenerationRequest, trees: tuple[ast.Module, ...]) -> Subject | NotRun:
    source, module = draft.source, request.module_name
    if any(map(_imports_relatively, trees)):
        return NotRun(
            cause="unsupported",
            reason="The draft imports relatively, which needs the package around it.",
            hint="Ask for absolute imports, or name the repository.",
        )
    path = f"{module.replace('.', '/')}.py"
    asked, further = _asked_name(draft, request), _further_names(request)
    return Subject(files={path: source}, trees=trees, module=module, asked=asked, names=further)


def _asked_name(draft: Draft, request: GenerationRequest) -> str:
    """The name that the module must define: the request's where it says one, else the one that the draft claims."""
    said = request.name or (request.signature or "").strip() or request.all_examples
    name = request.target_name if said else draft.name
    return "" if hasattr(builtins, name) else name


def _further_names(request: GenerationRequest) -> tuple[str, ...]:
    return tuple(name for name in request.names if not hasattr(builtins, name))


def _main_module(files: Mapping[str, str], asked: str, fallback: str) -> str:
    return ".".join(PurePosixPath(_main_path(files, asked, fallback)).with_suffix("").parts).removesuffix(".__init__")


def _main_path(files: Mapping[str, str], asked: str, fallback: str) -> str:
    """The first file that defines the asked name, else the one with the module's name, else the first."""
    modules = [path for path in files if path.endswith(".py")]
    defining = [
        path
        for path in modules
        if asked and re.search(rf"^(?:async def|def|class) {asked}\b", files[path], re.MULTILINE)
    ]
    named = [path for path in modules if PurePosixPath(path).stem == fallback.rpartition(".")[2]]
    return (*defining, *named, *modules)[0]


def _imports_relatively(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(tree))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".", 1)[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".", 1)[0]
