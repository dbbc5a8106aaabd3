"""Statements: an answer's code as the lines of a function's body, with its loops written out."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence

from genloom.tools.synthesis.engine.updates import indented, is_empty, update, update_two

__all__ = ["statements_of"]

_LOOPS = frozenset({"fold", "fold_two", "scan", "peak", "low", "orbit", "track", "settle", "settle_two"})
"""The engine's own notation for loops, which never stands in a finished program."""


def statements_of(code: str, taken: Collection[str]) -> list[str]:
    """Return the statements that give the value of an expression, `return` last; `taken` names stay as they are."""
    return _Body(set(taken)).of(ast.parse(code, mode="eval").body)


class _Body:
    """Writes one function's body; names of variables are given out once."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken

    def of(self, node: ast.expr) -> list[str]:
        """The lines for an expression: a branch of its own for each condition, then what is left."""
        lines: list[str] = []
        while isinstance(node, ast.IfExp):
            test, before = self.plain(node.test)
            lines += [*before, f"if {ast.unparse(test)}:", *indented(self.of(node.body))]
            node = node.orelse
        plain, before = self.plain(node)
        return [*lines, *before, f"return {ast.unparse(plain)}"]

    def plain(self, node: ast.expr) -> tuple[ast.expr, list[str]]:
        """The expression with names in the place of its loops, and the lines of those loops, which come first."""
        unrolling = _Unrolling(self)
        found = unrolling.visit(node)
        return found, unrolling.lines

    def name(self, wished: str) -> str:
        """A name that is not taken, and is from now on."""
        choices = (wished, *(f"{wished}_{place}" for place in range(2, 99)))
        found = next(name for name in choices if name not in self.taken)
        self.taken.add(found)
        return found


class _Unrolling(ast.NodeTransformer):
    """Replaces every loop by the name of what it gives, collecting its lines."""

    def __init__(self, body: _Body) -> None:
        self.body, self.lines = body, list[str]()

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        counted = self._counted(node) or self._folded_on_the_way(node)
        if counted is not None:
            return counted
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _LOOPS:
            return getattr(self, f"_{node.func.id}")(node.args)  # type: ignore[no-any-return]  # one of the methods below
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        return node

    # -- loops over a sequence ----------------------------------------------------------------------------------------

    def _fold(self, args: Sequence[ast.expr]) -> ast.expr:
        source, start, step = args
        (state,), items, body = self._opened(step, 1)
        self.lines += [f"{state} = {ast.unparse(start)}", _head(items, source, body)]
        self.lines += indented(update(state, body, growing=is_empty(start)))
        return ast.Name(state)

    def _fold_two(self, args: Sequence[ast.expr]) -> ast.expr:
        source, starts, step = args
        (one, other), items, body = self._opened(step, 2)
        assert isinstance(starts, ast.Tuple)
        assert isinstance(body, ast.Tuple)
        self.lines += [f"{one}, {other} = {', '.join(map(ast.unparse, starts.elts))}", _head(items, source, body)]
        self.lines += indented(update_two(one, other, body))
        return ast.Name(one)

    def _scan(self, args: Sequence[ast.expr]) -> ast.expr:
        source, start, step = args
        (state,), items, body = self._opened(step, 1)
        found = self.body.name("states" if state != "states" else "steps")
        self.lines += [f"{found} = []", f"{state} = {ast.unparse(start)}", _head(items, source, body)]
        self.lines += indented([*update(state, body), f"{found}.append({state})"])
        return ast.Name(found)

    def _peak(self, args: Sequence[ast.expr]) -> ast.expr:
        return self._extreme(args, "best", "max")

    def _low(self, args: Sequence[ast.expr]) -> ast.expr:
        return self._extreme(args, "lowest", "min")

    def _extreme(self, args: Sequence[ast.expr], wished: str, choose: str) -> ast.expr:
        source, start, step = args
        (state,), items, body = self._opened(step, 1)
        found = self.body.name(wished)
        self.lines += [f"{state} = {found} = {ast.unparse(start)}", _head(items, source, body)]
        self.lines += indented([*update(state, body), f"{found} = {choose}({found}, {state})"])
        return ast.Name(found)

    # -- loops on numbers ---------------------------------------------------------------------------------------------

    def _settle(self, args: Sequence[ast.expr]) -> ast.expr:
        state = self._turning(args, [])
        return ast.Name(state)

    def _orbit(self, args: Sequence[ast.expr]) -> ast.expr:
        found = self.body.name("numbers_seen" if "numbers" in self.body.taken else "numbers")
        self.lines.append(f"{found} = []")
        self._turning(args, [f"{found}.append({{state}})"])
        return ast.Name(found)

    def _track(self, args: Sequence[ast.expr]) -> ast.expr:
        found = self.body.name("numbers_seen" if "numbers" in self.body.taken else "numbers")
        self.lines.append(f"{found} = [{ast.unparse(args[0])}]")
        self._turning(args, [], [f"{found}.append({{state}})"])
        return ast.Name(found)

    def _turning(self, args: Sequence[ast.expr], each: Sequence[str], after: Sequence[str] = ()) -> str:
        start, test, step = args
        (state,), _, body = self._opened(step, 1)
        assert isinstance(test, ast.Lambda)
        condition = _renamed(test.body, {test.args.args[0].arg: state})
        self.lines += [f"{state} = {ast.unparse(start)}", f"while {ast.unparse(condition)}:"]
        turn = [*(line.format(state=state) for line in each), *update(state, body)]
        self.lines += indented([*turn, *(line.format(state=state) for line in after)])
        return state

    def _settle_two(self, args: Sequence[ast.expr]) -> ast.expr:
        starts, test, step = args
        (one, other), _, body = self._opened(step, 2)
        assert isinstance(starts, ast.Tuple)
        assert isinstance(test, ast.Lambda)
        assert isinstance(body, ast.Tuple)
        names = dict(zip((argument.arg for argument in test.args.args), (one, other), strict=True))
        self.lines += [
            f"{one}, {other} = {', '.join(map(ast.unparse, starts.elts))}",
            f"while {ast.unparse(_renamed(test.body, names))}:",
            *indented(update_two(one, other, body)),
        ]
        return ast.Name(one)

    def _counted(self, node: ast.Call) -> ast.expr | None:
        """How many turns a loop takes, and the sum over them, need no list."""
        match node:
            case ast.Call(func=ast.Name("len"), args=[ast.Call(func=ast.Name("orbit"), args=args)]):
                name, line = self.body.name("count"), "{name} += 1"
            case ast.Call(
                func=ast.Name("sum"),
                args=[
                    ast.GeneratorExp(
                        elt=elt,
                        generators=[
                            ast.comprehension(
                                target=ast.Name(bound), iter=ast.Call(func=ast.Name("orbit"), args=args), ifs=[]
                            )
                        ],
                    )
                ],
            ):
                name = self.body.name("total")
                line = "{name} += " + ast.unparse(_renamed(elt, {bound: "STATE"})).replace("{", "{{").replace("}", "}}")
                line = line.replace("STATE", "{state}")
            case _:
                return None
        self.lines.append(f"{name} = 0")
        self._turning([self.visit(arg) for arg in args], [line.replace("{name}", name)])
        return ast.Name(name)

    def _folded_on_the_way(self, node: ast.Call) -> ast.expr | None:
        """An accumulator over the numbers of a loop is kept inside of that loop."""
        match node:
            case ast.Call(
                func=ast.Name("fold"), args=[ast.Call(func=ast.Name("orbit"), args=args), start, ast.Lambda() as step]
            ):
                (state,), (item,), body = self._opened(step, 1)
            case _:
                return None
        self.lines.append(f"{state} = {ast.unparse(start)}")
        turn = update(state, _renamed(body, {item: "STATE"}), growing=is_empty(start))
        escaped = (line.replace("{", "{{").replace("}", "}}") for line in turn)
        self._turning([self.visit(arg) for arg in args], [line.replace("STATE", "{state}") for line in escaped])
        return ast.Name(state)

    def _opened(self, step: ast.expr, states: int) -> tuple[list[str], list[str], ast.expr]:
        """The names of a step's states and elements, made free where they are taken, and its body with them."""
        assert isinstance(step, ast.Lambda)
        names = [argument.arg for argument in step.args.args]
        fresh = {name: self.body.name(name) for name in names}
        chosen = [fresh[name] for name in names]
        return chosen[:states], chosen[states:], _renamed(step.body, fresh)


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


def _renamed(node: ast.expr, names: dict[str, str]) -> ast.expr:
    found = _Renaming(names).visit(ast.parse(ast.unparse(node), mode="eval").body)
    assert isinstance(found, ast.expr)
    return found


def _head(items: Sequence[str], source: ast.expr, body: ast.expr) -> str:
    read = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)}
    names = [name if name in read else f"_{name}" for name in items]
    if len(names) == 1 and names[0].startswith("_"):
        names = ["_"]
    match source:
        case ast.Call(func=ast.Name("list"), args=[inner], keywords=[]):
            source = inner
    return f"for {', '.join(names)} in {ast.unparse(source)}:"
