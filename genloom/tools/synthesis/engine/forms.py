"""Higher-order forms: what can be made of a sequence and an expression over each of its elements."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any  # Any: values of searched programs are of every kind

from genloom.tools.synthesis.engine.equivalence import TooLargeError
from genloom.tools.synthesis.engine.expression import Operator
from genloom.tools.synthesis.engine.kinds import hashable, orderable, parts
from genloom.tools.synthesis.engine.vocabulary import stems

__all__ = ["FILTER", "FORMS", "MAP", "SIFT", "TABLE", "Form", "element_kind"]

Assemble = Callable[[Sequence[Any], Sequence[Any]], Any]
Gives = Callable[[str, str], str]


@dataclass(frozen=True, eq=False)
class Form:
    """A form: its operator (the code's `{0}` is the sequence, `{1}` the body, `{v}` the bound names), the kind it gives
    for an element's and a body's kind (empty when it does not apply), and how it makes one value of the elements and
    what the body gave on each. Forms that `needs_work` say nothing new when the body is the bound variable itself."""

    op: Operator
    gives: Gives
    assemble: Assemble
    needs_work: bool = True


def element_kind(kind: str) -> str:
    """The kind of what one gets by going through a value of a kind; empty when it is no sequence."""
    head, arguments = parts(kind)
    return "str" if kind == "str" else arguments[0] if head == "list" and arguments[0] != "?" else ""


def _form(code: str, words: str, cost: int, gives: Gives, assemble: Assemble) -> Form:
    op = Operator(code=code, takes=(), gives="", call=assemble, cost=cost, words=stems(words))
    return Form(op, gives, assemble)


def _test(result: str) -> Gives:
    return lambda element, body: result if body == "bool" else ""


def _grouped(elements: Sequence[Any], found: Sequence[Any]) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for element, key in zip(elements, found, strict=True):
        groups.setdefault(key, []).append(element)
    return groups


def _ordered(elements: Sequence[Any], found: Sequence[Any], *, reverse: bool = False) -> list[Any]:
    pairs = sorted(zip(found, elements, strict=True), key=operator.itemgetter(0), reverse=reverse)
    return [element for _, element in pairs]


def _best(choose: Callable[..., Any]) -> Assemble:
    def assemble(elements: Sequence[Any], found: Sequence[Any]) -> Any:
        return choose(zip(found, elements, strict=True), key=operator.itemgetter(0))[1]

    return assemble


def _first(elements: Sequence[Any], found: Sequence[Any]) -> Any:
    return next((element for element, keep in zip(elements, found, strict=True) if keep), None)


def _first_kind(element: str, body: str) -> str:
    return element if body == "bool" and parts(element)[0] != "tuple" else ""


def _kept(elements: Sequence[Any], found: Sequence[Any]) -> list[Any]:
    return [element for element, keep in zip(elements, found, strict=True) if keep]


def _total(elements: Sequence[Any], found: Sequence[Any]) -> Any:
    total = sum(found)
    if isinstance(total, int) and total.bit_length() > 512:
        raise TooLargeError
    return total


def _pair_table(element: str, body: str) -> str:
    head, arguments = parts(element)
    return f"dict[{arguments[0]},{body}]" if head == "tuple" and len(arguments) == 2 and hashable(arguments[0]) else ""


def _kept_pairs(element: str, body: str) -> str:
    head, arguments = parts(element)
    fits = head == "tuple" and len(arguments) == 2 and hashable(arguments[0]) and body == "bool"
    return f"dict[{arguments[0]},{arguments[1]}]" if fits else ""


def _listed(element: str, body: str) -> str:
    return f"list[{body}]"


def _same_list(element: str, body: str) -> str:
    return f"list[{element}]" if body == "bool" else ""


def _sorted_list(element: str, body: str) -> str:
    return f"list[{element}]" if orderable(body) else ""


def _element(element: str, body: str) -> str:
    return element if orderable(body) else ""


def _table(element: str, body: str) -> str:
    return f"dict[{element},{body}]" if hashable(element) else ""


def _groups(element: str, body: str) -> str:
    return f"dict[{body},list[{element}]]" if hashable(body) else ""


def _number(element: str, body: str) -> str:
    return body if body in ("int", "float") else ""


MAP = _form("[{1} for {v} in {0}]", "map every convert each transform list", 2, _listed, lambda xs, ys: list(ys))
FILTER = _form(
    "[{v} for {v} in {0} if {1}]",
    "filter keep select drop remove only discard exclude without",
    2,
    _same_list,
    _kept,
)
SIFT = _form("[{1} for {v} in {0} if {2}]", "filter keep select only those who", 3, _listed, lambda xs, ys: list(ys))
"""A comprehension with a test, which is its third part: `assemble` gets the bodies of the elements that passed."""
TABLE = _form(
    "{{{v}: {1} for {v} in {0}}}",
    "map dictionary each every table",
    3,
    _table,
    lambda xs, ys: dict(zip(xs, ys, strict=True)),
)

FORMS: tuple[Form, ...] = (
    MAP,
    FILTER,
    TABLE,
    _form("all({1} for {v} in {0})", "all every check whether valid", 2, _test("bool"), lambda xs, ys: all(ys)),
    _form("any({1} for {v} in {0})", "any some exist contain check whether", 2, _test("bool"), lambda xs, ys: any(ys)),
    _form(
        "sum(1 for {v} in {0} if {1})",
        "count number many often amount",
        2,
        _test("int"),
        lambda xs, ys: sum(map(bool, ys)),
    ),
    _form("sum({1} for {v} in {0})", "sum total add", 2, _number, _total),
    _form(
        "{{{k}: {1} for {v} in {0}}}",
        "map dictionary each every value",
        3,
        _pair_table,
        lambda xs, ys: {x[0]: y for x, y in zip(xs, ys, strict=True)},
    ),
    _form(
        "{{{v0}: {v1} for {v} in {0} if {1}}}",
        "filter keep select drop remove",
        3,
        _kept_pairs,
        lambda xs, ys: dict(_kept(xs, ys)),
    ),
    _form("next(({v} for {v} in {0} if {1}), None)", "first find", 3, _first_kind, _first),
    _form("sorted({0}, key=lambda {v}: {1})", "sort order arrange by rank", 3, _sorted_list, _ordered),
    _form(
        "sorted({0}, key=lambda {v}: {1}, reverse=True)",
        "sort order descend by rank reverse",
        4,
        _sorted_list,
        lambda xs, ys: _ordered(xs, ys, reverse=True),
    ),
    _form("max({0}, key=lambda {v}: {1})", "maximum longest largest most by biggest", 3, _element, _best(max)),
    _form("min({0}, key=lambda {v}: {1})", "minimum shortest smallest least by", 3, _element, _best(min)),
    _form(
        "{{key: [{v} for {v} in {0} if {1} == key] for key in dict.fromkeys({1} for {v} in {0})}}",
        "group by bucket classify partition",
        5,
        _groups,
        _grouped,
    ),
)
