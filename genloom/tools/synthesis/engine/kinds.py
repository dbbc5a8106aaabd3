"""Kinds: the engine's types, written as short strings such as `int`, `list[str]` or `tuple[int,float]`.

A pattern is a kind with variables: `T` and `U` stand for any kind, `K` for a hashable one, `O` for one that can be
ordered, `num` for `int` or `float`, `seq[T]` for a list of `T` or a text (of texts).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any  # Any: values of searched programs are of every kind

__all__ = ["class_of", "depth_of", "fill", "join_all", "join_kinds", "kind_of", "parts", "unify"]

SCALARS = frozenset({"int", "float", "bool", "str", "bytes", "none", "date"})
VARIABLES = frozenset({"T", "U", "K", "O"})
UNKNOWN = "?"
Bindings = dict[str, str]


@lru_cache(maxsize=4096)
def parts(kind: str) -> tuple[str, tuple[str, ...]]:
    """Split `dict[str,list[int]]` into `("dict", ("str", "list[int]"))`."""
    head, bracket, rest = kind.partition("[")
    if not bracket:
        return kind, ()
    found: list[str] = []
    depth, start = 0, 0
    body = rest[:-1]
    for place, character in enumerate(body):
        depth += {"[": 1, "]": -1}.get(character, 0)
        if character == "," and depth == 0:
            found.append(body[start:place])
            start = place + 1
    found.append(body[start:])
    return head, tuple(found)


def compose(head: str, arguments: tuple[str, ...]) -> str:
    """Put a kind together again."""
    return f"{head}[{','.join(arguments)}]" if arguments else head


def depth_of(kind: str) -> int:
    """How deep containers are nested: 0 for a scalar, 1 for `list[int]`."""
    arguments = parts(kind)[1]
    return 1 + max(map(depth_of, arguments)) if arguments else 0


def hashable(kind: str) -> bool:
    """Whether values of the kind can be keys."""
    head, arguments = parts(kind)
    return kind in SCALARS or kind == "any" or (head == "tuple" and all(map(hashable, arguments)))


def orderable(kind: str) -> bool:
    """Whether values of the kind can be sorted."""
    head, arguments = parts(kind)
    return kind in ("int", "float", "str", "date", "bool") or (
        head in ("tuple", "list") and all(map(orderable, arguments))
    )


def unify(pattern: str, kind: str, bound: Bindings) -> bool:
    """Match a kind against a pattern, adding to the bindings; they are spoilt when it fails."""
    if pattern in VARIABLES:
        if pattern in bound:
            return bound[pattern] == kind
        if (pattern == "K" and not hashable(kind)) or (pattern == "O" and not orderable(kind)):
            return False
        bound[pattern] = kind
        return True
    if pattern == "num":
        if kind in ("int", "float"):
            bound["num"] = "float" if "float" in (kind, bound.get("num")) else "int"
            return True
        return False
    head, arguments = parts(pattern)
    if head == "seq":
        return unify(arguments[0], "str", bound) if kind == "str" else unify(f"list[{arguments[0]}]", kind, bound)
    other, others = parts(kind)
    if head != other or len(arguments) != len(others):
        return False
    return all(unify(inner, given, bound) for inner, given in zip(arguments, others, strict=True))


def fill(pattern: str, bound: Bindings) -> str:
    """Replace a pattern's variables by what they are bound to."""
    if pattern in bound:
        return bound[pattern]
    head, arguments = parts(pattern)
    return compose(head, tuple(fill(inner, bound) for inner in arguments))


def kind_of(value: Any) -> str:
    """The kind of one value; an empty container holds the unknown kind `?`."""
    for plain, name in ((bool, "bool"), (int, "int"), (float, "float"), (str, "str"), (bytes, "bytes")):
        if isinstance(value, plain):
            return name
    if value is None:
        return "none"
    if isinstance(value, list):
        return f"list[{join_all(map(kind_of, value))}]"
    if isinstance(value, tuple):
        return compose("tuple", tuple(map(kind_of, value))) if value else "list[?]"
    if isinstance(value, set | frozenset):
        return f"set[{join_all(sorted(map(kind_of, value)))}]"
    if isinstance(value, dict):
        return f"dict[{join_all(map(kind_of, value))},{join_all(map(kind_of, value.values()))}]"
    return "date" if type(value).__name__ == "date" else "any"


def join_kinds(one: str, other: str) -> str:
    """The narrowest kind that holds both; `any` when they have nothing in common. `none` joins with everything."""
    if one == other or other in (UNKNOWN, "none"):
        return one
    if one in (UNKNOWN, "none"):
        return other
    if {one, other} == {"int", "float"}:
        return "float"
    head, arguments = parts(one)
    head2, arguments2 = parts(other)
    if {head, head2} <= {"tuple", "list"} and (head != head2 or len(arguments) != len(arguments2)):
        return f"list[{join_all((*arguments, *arguments2))}]"
    if head != head2 or not arguments or len(arguments) != len(arguments2):
        return "any"
    return compose(head, tuple(map(join_kinds, arguments, arguments2)))


def join_all(kinds: Any) -> str:  # Any: an iterable of kinds, from comprehensions and maps alike
    """The narrowest kind that holds all; `?` for none."""
    joined = UNKNOWN
    for kind in kinds:
        joined = join_kinds(joined, kind)
    return joined


@lru_cache(maxsize=4096)
def class_of(kind: str) -> str:
    """The kind as `==` sees it: int and float are one, lists of them too."""
    head, arguments = parts(kind)
    if kind in ("int", "float"):
        return "num"
    return compose(head, tuple(map(class_of, arguments)))
