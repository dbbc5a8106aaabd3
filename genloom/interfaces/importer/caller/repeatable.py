"""What of a caller's code a sandbox can repeat: what needs nothing from outside of the program. Pure."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from genloom.interfaces.importer.caller.caller import Caller, resolved_module

__all__ = ["OUTSIDE", "Repeatable", "imports_exist", "reaches_outside"]

OUTSIDE = frozenset(
    "open input exec eval compile __import__ breakpoint system popen run check_output Popen urlopen urlretrieve "
    "connect create_connection socket getpass serve_forever getenv getcwd cwd home expanduser gethostname getuser "
    "read_text read_bytes iterdir listdir scandir agenerate_module install_import_hook".split()
)
"""Calls that reach outside of the program: what needs them is no check that a sandbox can repeat."""

_FILES = frozenset("open read_text read_bytes iterdir listdir scandir".split())
_SURROUNDINGS = frozenset(
    {("sys", "argv"), ("sys", "orig_argv"), ("sys", "stdin"), ("os", "environ"), ("os", "environb")}
)


@dataclass(frozen=True, kw_only=True)
class Repeatable:
    """What a check may need: of the module the names that are `asked` for (one at least) and those it has already
    (`defined`), and other modules that exist. What is secret is no check."""

    asked: frozenset[str]
    defined: frozenset[str] = frozenset()
    module_exists: Callable[[str], bool] = lambda name: True
    is_secret: Callable[[str], bool] = lambda text: False

    @property
    def known(self) -> frozenset[str]:
        """The names that the module has, or is to have."""
        return self.asked | self.defined


def reaches_outside(steps: Sequence[ast.stmt], caller: Caller, own: frozenset[str]) -> bool:
    """Whether statements need what no sandbox has: files (but for temporary ones of their own), the program's arguments
    and environment, the network, other programs. What the module's `own` functions do is theirs to show."""
    if any(isinstance(each, ast.Await | ast.Return | ast.Yield | ast.YieldFrom) for s in steps for each in _shallow(s)):
        return True
    nodes = [each for step in steps for each in ast.walk(step)]
    outside = OUTSIDE - _FILES if any(map(_makes_files, nodes)) else OUTSIDE
    for node in nodes:
        if _tells_surroundings(node):
            return True
        if isinstance(node, ast.Call) and caller.original(node.func) not in own:
            name = ast.unparse(node.func)
            if name.rpartition(".")[2] in outside and name not in ("asyncio.run", "re.compile"):
                return True
    return False


def _makes_files(node: ast.AST) -> bool:
    """Whether it imports what makes temporary files, which a sandbox has as well."""
    if isinstance(node, ast.ImportFrom):
        return node.module == "tempfile"
    return isinstance(node, ast.Import) and any(alias.name == "tempfile" for alias in node.names)


def _tells_surroundings(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return (node.value.id, node.attr) in _SURROUNDINGS
    return isinstance(node, ast.ImportFrom) and any((node.module, alias.name) in _SURROUNDINGS for alias in node.names)


def _shallow(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement but for those inside of functions."""
    stack: list[ast.AST] = [statement]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            stack.extend(ast.iter_child_nodes(node))


def imports_exist(statement: ast.stmt, caller: Caller, repeatable: Repeatable) -> bool:
    """Whether what a statement imports exists; one that imports nothing needs nothing."""
    if isinstance(statement, ast.ImportFrom):
        return repeatable.module_exists(resolved_module(statement, caller.package))
    if isinstance(statement, ast.Import):
        return all(repeatable.module_exists(alias.name) for alias in statement.names)
    return True
