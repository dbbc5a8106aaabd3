"""Ignore rules: what a `.gitignore` file says of a path, as git reads it. Two things are read otherwise: a letter is one
character whatever its bytes (`?` fits `é`), and no set reaches over a `/` (`[a/b]` fits nothing).

Each rule becomes a regular expression in which every stretch between two stars is taken where it fits first and not tried
again: a rule that was made to try all ways costs as much as any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from genloom.tools.codebase.files.source import read_inside

__all__ = ["IgnoreFiles", "IgnoreRules", "ignored", "private_excludes", "read_rules"]

MAX_BYTES = 500_000
MAX_RULES = 2_000
MAX_RULE = 4_000
MAX_WEIGHT = 10_000
"""How many rules, stars, question marks and sets of a file count: reading them takes a part of a second."""
_CLASS = re.compile(r"\[:([a-z]*):\]")
_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "blank": " \\t",
    "space": "\\s",
    "xdigit": "0-9A-Fa-f",
    "punct": "!-.:-@\\[-`{-~",
    "cntrl": "\\x00-\\x1f\\x7f",
    "print": "\\x20-.0-~",
    "graph": "!-.0-~",
}


class _Rule(NamedTuple):
    expression: str
    ignores: bool
    of_names: bool
    """Whether it is about the last part of a path alone."""


class IgnoreRules:
    """The rules of one file. Of those that fit a path the last one counts. `weight` is what they cost."""

    def __init__(self, text: str) -> None:
        self.weight = 0
        rules: list[_Rule] = []
        for line in text.split("\n")[: 10 * MAX_RULES]:
            rule = _rule(line)
            if rule is not None:
                self.weight += 1 + sum(map(line.count, "*?["))
                if self.weight > MAX_WEIGHT or len(rules) == MAX_RULES:
                    break
                rules.append(rule)
        self._ignores = [rule.ignores for rule in rules]
        self._of_names = _Last([(number, rule.expression) for number, rule in enumerate(rules) if rule.of_names])
        self._of_paths = _Last([(number, rule.expression) for number, rule in enumerate(rules) if not rule.of_names])

    def __bool__(self) -> bool:
        return bool(self._ignores)

    def say(self, path: str) -> bool | None:
        """Return whether a path is ignored, `None` when no rule fits it. It is relative to the file's folder, and ends with
        `/` when it is a folder."""
        name = path[path.rfind("/", 0, -1) + 1 :]
        last = max(self._of_names.fitting(name), self._of_paths.fitting(path))
        return self._ignores[last] if last >= 0 else None


class _Last:
    """Rules as one expression, the last of them first: the first one that fits counts."""

    def __init__(self, rules: list[tuple[int, str]]) -> None:
        self._numbers = [number for number, _ in reversed(rules)]
        self._expressions = [expression for _, expression in reversed(rules)]
        self._any = re.compile("|".join(self._expressions), re.DOTALL) if rules else None

    @cached_property
    def _each(self) -> re.Pattern[str]:
        """The rules as groups: they tell which one fits, and take five times as long where none does, as nearly always."""
        return re.compile("|".join(f"({expression})" for expression in self._expressions), re.DOTALL)

    def fitting(self, path: str) -> int:
        """Return the number of the last rule that fits, -1 for none."""
        if self._any is None or self._any.fullmatch(path) is None:
            return -1
        found = self._each.fullmatch(path)
        return self._numbers[found.lastindex - 1] if found is not None and found.lastindex else -1


def _rule(line: str) -> _Rule | None:
    """Return the rule of a line; `None` for a comment, an empty line, and what git takes for no pattern."""
    text = _without_blanks(line.removesuffix("\r"))
    if text.startswith("#") or len(text) > MAX_RULE:
        return None
    ignores = not text.startswith("!")
    text = text.removeprefix("!")
    end = "/" if text.endswith("/") else "/?"
    text = text.removesuffix("/")
    of_names = "/" not in text
    parts = text.removeprefix("/").split("/")
    if not text:
        return None
    try:
        expression = _name(parts[0]) if of_names else _path(parts)
    except _NoPatternError:
        return None
    return _Rule(expression + end, ignores, of_names)


def _without_blanks(line: str) -> str:
    """Return a line without the blanks at its end; one behind a backslash stays."""
    text = line.rstrip(" ")
    escaped = len(text) < len(line) and (len(text) - len(text.rstrip("\\"))) % 2
    return f"{text} " if escaped else text


class _NoPatternError(Exception):
    """A pattern that fits nothing."""


def _path(parts: list[str]) -> str:
    """Return the expression of a pattern's parts, of which `**` stands for any number of folders."""
    groups: list[list[str]] = [[]]  # between two of them
    for number, part in enumerate(parts):
        if part != "**":
            groups[-1].append(_name(part))
        elif groups[-1] or number == 0:
            groups.append([])
    first, *others = ["/".join(group) for group in groups]
    if not others:
        return first
    *between, last = others
    inner = "".join(f"(?>(?:[^/]+/)*?{group}/)" for group in between)
    return f"{first}{'/' if first else ''}{inner}" + (f"(?:[^/]+/)*{last}" if last else "[^/].*?")


def _name(part: str) -> str:
    """Return the expression of one part: a name with stars."""
    stretches = list(_stretches(part))
    if len(stretches) == 1:
        return stretches[0]
    if not any(stretches):
        return "[^/]+"
    first, *between, last = stretches
    return f"{first}{''.join(f'(?>[^/]*?{stretch})' for stretch in between if stretch)}[^/]*{last}"


def _stretches(part: str) -> Iterator[str]:
    """Yield the expressions of the stretches between stars."""
    found, at = "", 0
    while at < len(part):
        letter = part[at]
        at += 1
        if letter == "*":
            yield found
            found = ""
        elif letter == "?":
            found += "[^/]"
        elif letter == "[":
            expression, at = _bracket(part, at)
            found += expression
        else:
            if letter == "\\":
                if at == len(part):
                    raise _NoPatternError
                letter = part[at]
                at += 1
            found += re.escape(letter)
    yield found


def _bracket(part: str, at: int) -> tuple[str, int]:
    """Return the expression of a set that was opened before `at`, and where it ends."""
    negated = part[at : at + 1] in ("!", "^") and at < len(part)
    start = at = at + negated
    found = ""
    while at < len(part) and (part[at] != "]" or at == start):
        named = _CLASS.match(part, at)
        if named:
            if named[1] not in _CLASSES:
                raise _NoPatternError
            found, at = found + _CLASSES[named[1]], named.end()
            continue
        low, at = _letter(part, at)
        high = low
        if part[at : at + 1] == "-" and part[at + 1 : at + 2] not in ("]", ""):
            high, at = _letter(part, at + 1)
        found += f"{re.escape(low)}-{re.escape(high)}" if low <= high else ""
    if at == len(part):
        raise _NoPatternError
    if not found:
        return ("[^/]" if negated else "(?!)"), at + 1
    return (f"[^/{found}]" if negated else f"(?!/)[{found}]"), at + 1


def _letter(part: str, at: int) -> tuple[str, int]:
    """Return the letter at a place of a set, which may be escaped, and where the next one is."""
    at += part[at] == "\\"
    if at == len(part):
        raise _NoPatternError
    return part[at], at + 1


def read_rules(root: Path, path: str) -> IgnoreRules | None:
    """Return the rules of an ignore file below the root; `None` when it has none, cannot be read or lies behind a link."""
    data = read_inside(root, path, MAX_BYTES)
    return (_parsed(data) or None) if isinstance(data, bytes) else None


@lru_cache(maxsize=64)
def _parsed(data: bytes) -> IgnoreRules:
    return IgnoreRules(data.decode("utf-8-sig", "replace"))


class IgnoreFiles:
    """A repository's ignore files, each read once, to ask about single paths."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._exclude = private_excludes(root)
        self._own: dict[str, IgnoreRules | None] = {}

    def leave_out(self, path: str, *, folder: bool = False) -> bool:
        """Whether they leave a path out, by itself or by a folder that it lies in."""
        rules, prefix = list(self._exclude), ""
        parts = path.split("/")
        for number, part in enumerate(parts, 1):
            if prefix not in self._own:
                self._own[prefix] = read_rules(self._root, f"{prefix}.gitignore")
            own = self._own[prefix]
            rules += [(prefix, own)] if own else []
            if ignored(f"{prefix}{part}/" if folder or number < len(parts) else f"{prefix}{part}", rules):
                return True
            prefix = f"{prefix}{part}/"
        return False


def private_excludes(root: Path) -> list[tuple[str, IgnoreRules]]:
    """Return what a repository ignores beside its files, with the folder that it counts from: the root."""
    rules = read_rules(root, ".git/info/exclude")
    return [("", rules)] if rules else []


def ignored(path: str, rules: Sequence[tuple[str, IgnoreRules]]) -> bool:
    """Whether a path is ignored by the last rules that say anything of it; each come with the folder they count from."""
    for prefix, own in reversed(rules):
        said = own.say(path[len(prefix) :])
        if said is not None:
            return said
    return False
