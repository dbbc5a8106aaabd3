"""The output policy over one file: what it imports, calls and carries, and how large it is."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence

from genloom.state import Finding, ReviewPolicy
from genloom.state.review_policy import covers
from genloom.tools.checks.reviewing.static.licences import UNKNOWN, find_licences, is_allowed
from genloom.tools.checks.reviewing.static.names import IMPORTERS, ImportedNames
from genloom.tools.checks.reviewing.static.shadowing import Shadows

__all__ = ["output_findings", "size_finding"]

_BUILTINS = frozenset(dir(builtins))


def size_finding(source: str, policy: ReviewPolicy, path: str) -> Finding | None:
    """Return what is wrong with the size of a file, `None` where nothing is."""
    size, lines = len(source.encode("utf-8", "replace")), source.count("\n") + (not source.endswith("\n"))
    if size > policy.max_bytes:
        message = f"{size:,} bytes; at most {policy.max_bytes:,} are allowed"
    elif lines > policy.max_lines:
        message = f"{lines:,} lines; at most {policy.max_lines:,} are allowed"
    else:
        return None
    return Finding(rule="size", severity="error", message=message, path=path)


def output_findings(
    source: str, tree: ast.Module, policy: ReviewPolicy, path: str, *, own: Iterable[str] = (), new: bool = True
) -> Iterator[Finding]:
    """Yield where a file breaks the policy: its size, imports, calls and licences.

    `own` are modules that may be imported whatever the policy says: those of the draft itself. Relative imports are not
    looked at. In a file that is not `new`, licences that the policy does not speak of are notes.
    """
    size = size_finding(source, policy, path)
    if size is not None:
        yield size
    yield from _licence_findings(source, policy, path, new=new)
    if policy.allowed_imports is None and not policy.forbidden_imports and not policy.forbidden_calls:
        return
    nodes = list(ast.walk(tree))
    kinds = (ast.Import, ast.ImportFrom, ast.Assign, ast.NamedExpr)
    names = ImportedNames([node for node in nodes if isinstance(node, kinds)], policy.forbidden_calls)
    yield from _import_findings(nodes, names, policy, path, frozenset(own))
    yield from _call_findings(tree, nodes, names, policy, path)


def _licence_findings(source: str, policy: ReviewPolicy, path: str, *, new: bool) -> Iterator[Finding]:
    allowed = policy.allowed_licences
    for declared in find_licences(source):
        if allowed is not None and is_allowed(declared.expression, allowed):
            continue
        what = "a copyright notice" if declared.expression == UNKNOWN else f"the licence {declared.expression}"
        why = "new code should be nobody else's" if allowed is None else "the policy does not allow it"
        severe = new or allowed is not None
        yield Finding(
            rule="licence",
            severity="error" if severe else "note",
            message=f"carries {what}{f': {why}' if severe else ''}"[:500],
            path=path,
            line=declared.line,
        )


def _import_findings(
    nodes: Iterable[ast.AST], names: ImportedNames, policy: ReviewPolicy, path: str, own: frozenset[str]
) -> Iterator[Finding]:
    for node in nodes:
        for module, parts in _imported(node, names):
            forbidden = next((p for p in (module, *parts) if covers(policy.forbidden_imports, p)), None)
            if forbidden is not None:
                yield _at(node, "import", f"imports `{forbidden}`, which the policy forbids", path)
            elif not _is_allowed_import(module, parts, policy, own):
                yield _at(node, "import", f"imports `{module}`, which is not among the allowed imports", path)


def _is_allowed_import(module: str, parts: Sequence[str], policy: ReviewPolicy, own: frozenset[str]) -> bool:
    allowed = policy.allowed_imports
    if allowed is None or module == "__future__" or module.split(".", 1)[0] in own or covers(allowed, module):
        return True
    return bool(parts) and all(
        covers(allowed, part) for part in parts
    )  # `from os import path` where os.path is allowed


def _imported(node: ast.AST, names: ImportedNames) -> Iterator[tuple[str, Sequence[str]]]:
    """The modules that a statement or a call imports, each with the names that it takes out of it."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, ()) for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module, [f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*"]
    elif isinstance(node, ast.Call):
        match node:
            case ast.Call(func=func, args=[ast.Constant(value=str() as module), *_]) if (
                names.path(func) or getattr(func, "id", "")
            ) in IMPORTERS:
                yield module, ()


def _call_findings(
    tree: ast.Module, nodes: Sequence[ast.AST], names: ImportedNames, policy: ReviewPolicy, path: str
) -> Iterator[Finding]:
    """A function counts wherever it is mentioned: handed to `map`, it is called as well."""
    forbidden = policy.forbidden_calls
    if not forbidden:
        return
    builtin = frozenset(name.removeprefix("builtins.") for name in forbidden) & _BUILTINS
    shadows = Shadows(tree, nodes, builtin)
    used: dict[tuple[int, str], ast.AST] = {}
    for node in nodes:
        name = _mentioned(node, names, builtin, shadows)
        if name and (covers(forbidden, name) or name.removeprefix("builtins.") in builtin):
            used[getattr(node, "lineno", 0), name] = node
    for (line, name), node in used.items():
        if not any(line == other and longer.startswith(f"{name}.") for other, longer in used):
            yield _at(node, "call", f"uses `{name}`, which the policy forbids", path)


def _mentioned(node: ast.AST, names: ImportedNames, builtin: frozenset[str], shadows: Shadows) -> str:
    """The dotted path of the function, module or builtin that a node mentions, empty for none."""
    if isinstance(node, ast.Attribute):
        return names.path(node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return names.path(node) or (node.id if node.id in builtin and not shadows.hide(node) else "")
    match node:
        case ast.Call(func=ast.Name(id="getattr"), args=[module, ast.Constant(value=str() as name), *_]):
            start = names.path(module)
            return f"{start}.{name}" if start else ""
    return ""


def _at(node: ast.AST, rule: str, message: str, path: str) -> Finding:
    return Finding(rule=rule, severity="error", message=message, path=path, line=getattr(node, "lineno", 0))
