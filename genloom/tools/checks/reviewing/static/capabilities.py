"""The capability pass: what a source file can reach outside of itself, read from its syntax tree.

It follows imports, aliases and plain assignments, and tells benign look-alikes apart (`re.compile`, a method called
`exec`, `json.loads`). It is a reader's help and no wall: code that hides what it does is the sandbox's affair. One walk
over the tree, so that a file of ordinary size costs less than a millisecond.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from genloom.state import Capability
from genloom.tools.checks.reviewing.static.names import ImportedNames, dotted
from genloom.tools.checks.reviewing.static.reach import ATTRIBUTES, BUILTINS, MODULES, NAMES, Weight, weight_of
from genloom.tools.checks.reviewing.static.shadowing import Shadows

__all__ = ["MAX_USES", "CapabilityUse", "find_capabilities"]

MAX_USES = 200

_SAFE_LOADERS = ("SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader")
_CHANGED = frozenset({"os.environ", "os.environb", "sys.modules", "sys.path", "sys.meta_path", "sys.path_hooks"})
_CHANGING = frozenset("append insert extend remove pop clear update setdefault popitem __setitem__ __delitem__".split())
_STREAMS = frozenset({"sys.stdout", "sys.stderr", "sys.stdin"})
_LOADS = {"pickle.loads": "pickle.dumps", "marshal.loads": "marshal.dumps"}
_IMPORTERS = frozenset({"__import__", "builtins.__import__", "importlib.import_module", "importlib.__import__"})
_SECRET_PLACES = (
    "/.ssh",
    "id_rsa",
    "/etc/passwd",
    "/etc/shadow",
    "/.aws/",
    "/.netrc",
    "/proc/self",
    "/.kube/",
    "/.gnupg",
)
_TELLING_STRINGS = ("__globals__", "__subclasses__", "__builtins__", "__code__", "__import__")


@dataclass(frozen=True, order=True)
class CapabilityUse:
    """One place where a file reaches out. `line` is 1-based; `name` is what it mentions; `weight` how much that weighs."""

    line: int
    capability: Capability
    name: str
    weight: Weight = "plain"


def find_capabilities(tree: ast.Module) -> tuple[CapabilityUse, ...]:
    """Return what a parsed module reaches, by line, each once; at most `MAX_USES`."""
    found = _Pass(tree).run()
    strongest: dict[tuple[int, str, str], CapabilityUse] = {}
    for use in found:
        key = (use.line, use.capability, use.name)
        if key not in strongest or _RANK[use.weight] > _RANK[strongest[key].weight]:
            strongest[key] = use
    return tuple(sorted(strongest.values())[:MAX_USES])


_PARENTS = frozenset(parent for name in NAMES for parent in dotted(name)[1:]) | frozenset(MODULES) | {"builtins"}
"""Modules of which an attribute named at run time could be one of the tables'."""

_RANK: dict[Weight, int] = {"mild": 0, "plain": 1, "grave": 2}


class _Pass:
    def __init__(self, tree: ast.Module) -> None:
        nodes = list(ast.walk(tree))
        self._by_kind: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        for node in nodes:
            self._by_kind[type(node)].append(node)
        binding = (
            node for kind in (ast.Import, ast.ImportFrom, ast.Assign, ast.NamedExpr) for node in self._by_kind[kind]
        )
        self._names = ImportedNames(binding, (*NAMES, *MODULES))
        self._shadows = Shadows(tree, nodes, frozenset(BUILTINS))
        self._docstrings = {id(node.value) for node in self._by_kind[ast.Expr] if isinstance(node, ast.Expr)}
        self._classes = {"cls", *(node.name for node in tree.body if isinstance(node, ast.ClassDef))}
        self._imported: set[str] = set()
        self._judged: dict[int, Weight | None] = {}
        """Mentions whose call says more about them than their name does: their weight, `None` for harmless."""

    def run(self) -> Iterator[CapabilityUse]:
        for kind, visit in _VISITORS.items():
            for node in self._by_kind[kind]:
                yield from visit(self, node)

    def _visit_import(self, node: ast.Import | ast.ImportFrom) -> Iterator[CapabilityUse]:
        if isinstance(node, ast.Import):
            paths = [alias.name for alias in node.names]
        else:
            paths = [f"{node.module}.{alias.name}" for alias in node.names] if node.module and not node.level else []
        for path in paths:
            module = next((part for part in dotted(path) if part in MODULES), None)
            if module:
                self._imported.add(module)
                yield self._use(node, MODULES[module], module)

    def _visit_call(self, node: ast.Call) -> Iterator[CapabilityUse]:
        path = self._path(node.func)
        if path in ("open", "io.open", "codecs.open"):
            self._judged[id(node.func)] = _open_weight(node)
        elif path in _IMPORTERS and _literal_argument(node) is not None:
            yield from self._import_by_call(node, _literal_argument(node) or "")
        elif path in _LOADS or path.startswith("yaml."):
            if self._is_harmless_load(path, node):
                self._judged[id(node.func)] = None
        elif (
            path in ("getattr", "setattr", "delattr", "vars")
            and node.args
            and self._names.path(node.args[0]) in _PARENTS
        ):
            yield from self._module_attribute(path, node)
        elif path.rpartition(".")[0] in _CHANGED and path.rpartition(".")[2] in _CHANGING:
            yield self._use(node, "environment", path, "plain")

    def _import_by_call(self, node: ast.Call, module: str) -> Iterator[CapabilityUse]:
        self._judged[id(node.func)] = "mild"
        for part in dotted(module):
            if part in MODULES:
                self._imported.add(part)
                yield self._use(node, MODULES[part], part)

    def _is_harmless_load(self, path: str, node: ast.Call) -> bool:
        if path in _LOADS:
            inner = node.args[0] if node.args else None
            return isinstance(inner, ast.Call) and self._path(inner.func) == _LOADS[path]
        loaders = [keyword.value for keyword in node.keywords if keyword.arg == "Loader"] + node.args[1:2]
        return any(self._path(loader).rpartition(".")[2] in _SAFE_LOADERS for loader in loaders)

    def _module_attribute(self, function: str, node: ast.Call) -> Iterator[CapabilityUse]:
        module = self._names.path(node.args[0])
        name = node.args[1] if len(node.args) > 1 else None
        if function in ("setattr", "delattr"):
            yield self._use(node, "environment", f"{function}({module}, …)", "plain")
        elif isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield from self._mention(node, f"{module}.{name.value}")
        else:
            yield self._use(node, "dynamic_code", f"{function}({module}, …)", "plain")

    def _visit_name(self, node: ast.Name) -> Iterator[CapabilityUse]:
        path = self._names.path(node)
        if path:
            yield from self._mention(node, path)
        elif node.id in BUILTINS and isinstance(node.ctx, ast.Load) and not self._shadows.hide(node):
            yield from self._weighed(node, BUILTINS[node.id], node.id)

    def _visit_attribute(self, node: ast.Attribute) -> Iterator[CapabilityUse]:
        path = self._names.path(node)
        if path:
            yield from self._mention(node, path)
        if node.attr in ATTRIBUTES:
            yield from self._telling_attribute(node)
        module = path.rpartition(".")[0]
        if node.attr == "__dict__" and module in _PARENTS:
            yield self._use(node, "dynamic_code", path, "plain")
        if module.split(".", 1)[0] in sys.stdlib_module_names and not isinstance(node.ctx, ast.Load):
            yield self._use(node, "environment", path, "mild" if path in _STREAMS else "plain")

    def _telling_attribute(self, node: ast.Attribute) -> Iterator[CapabilityUse]:
        weight = weight_of(node.attr)
        if node.attr == "__subclasses__" and isinstance(node.value, ast.Name) and node.value.id in self._classes:
            weight = "mild"  # a registry of the file's own classes
        elif not isinstance(node.ctx, ast.Load):
            weight = "plain"
        yield self._use(node, ATTRIBUTES[node.attr], node.attr, weight)

    def _visit_subscript(self, node: ast.Subscript) -> Iterator[CapabilityUse]:
        path = self._names.path(node.value)
        if path in _CHANGED and not isinstance(node.ctx, ast.Load):
            yield self._use(node, "environment", path, "plain")

    def _visit_constant(self, node: ast.Constant) -> Iterator[CapabilityUse]:
        text = node.value
        if not isinstance(text, str) or len(text) > 200 or id(node) in self._docstrings:
            return
        if "/" in text or "id_rsa" in text:
            place = next((place for place in _SECRET_PLACES if place in text), None)
            if place:
                yield self._use(node, "files", text[:60], "plain")
        if "__" in text and any(name in text for name in _TELLING_STRINGS):
            yield self._use(node, "introspection", text[:60], "plain")

    def _mention(self, node: ast.expr, path: str) -> Iterator[CapabilityUse]:
        for part in dotted(path):
            if part in NAMES:
                yield from self._weighed(node, NAMES[part], part)
                return
            if part in MODULES and part not in self._imported:
                yield self._use(node, MODULES[part], part)
                return

    def _weighed(self, node: ast.expr, capability: Capability, name: str) -> Iterator[CapabilityUse]:
        weight = self._judged.get(id(node), weight_of(name))
        if weight is not None:
            yield self._use(node, capability, name, weight)

    def _path(self, node: ast.expr) -> str:
        """The dotted path of an expression, or the bare name of what may be a builtin."""
        return self._names.path(node) or (node.id if isinstance(node, ast.Name) else "")

    def _use(self, node: ast.AST, capability: Capability, name: str, weight: Weight | None = None) -> CapabilityUse:
        return CapabilityUse(getattr(node, "lineno", 0), capability, name, weight or weight_of(name))


_VISITORS: dict[type[ast.AST], Callable[..., Iterator[CapabilityUse]]] = {
    ast.Import: _Pass._visit_import,
    ast.ImportFrom: _Pass._visit_import,
    ast.Call: _Pass._visit_call,
    ast.Name: _Pass._visit_name,
    ast.Attribute: _Pass._visit_attribute,
    ast.Subscript: _Pass._visit_subscript,
    ast.Constant: _Pass._visit_constant,
}
"""Imports first, for uses of what is imported are not told twice; then calls, which judge the names they call."""


def _literal_argument(node: ast.Call) -> str | None:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _open_weight(node: ast.Call) -> Weight:
    """Reading a file that the caller names is mild; writing, or a path fixed in the code, is not."""
    given = node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "mode"), None)
    mode = given.value if isinstance(given, ast.Constant) else "r" if given is None else "w"
    if not isinstance(mode, str) or set(mode) & set("wax+") or not node.args:
        return "plain"
    return "plain" if isinstance(node.args[0], ast.Constant | ast.JoinedStr) else "mild"
