"""Redaction beside gitleaks: a token for each rule of its default configuration, and whether redaction finds it.

`python benchmarks/secret_families.py gitleaks.toml [--samples 20] [--show RULE]`

`gitleaks.toml` is gitleaks' own `config/gitleaks.toml`; nothing of it is kept here. Each rule's expression makes samples
that it matches itself, with at least the entropy that it asks for, at random from a fixed seed. A secret that only a name
betrays is written `AIRTABLE_API_KEY = "…"`, after the rule's name; any other as the rule matches it, on a line of its own.
A rule is found when the secret (the rule's first group, where it has one) is redacted in every sample, partly when it is in
some.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import string
import tomllib
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from genloom.tools.security import find_secrets

warnings.simplefilter("ignore", FutureWarning)
from re import _constants as code  # noqa: E402 - what an expression is made of has no public name
from re import _parser as parser  # noqa: E402

TRIES = 200
MOST_REPEATED = 12
"""How much more often than it must a part is repeated."""
LETTERS = [*string.ascii_letters, *string.digits, *"-_./+="]


def main() -> None:
    """Print the table, and what is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("configuration", type=Path)
    options.add_argument("--samples", type=int, default=20)
    options.add_argument("--show", default="", help="print the samples of this rule")
    arguments = options.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)
    results: dict[str, list[str]] = {"found": [], "partly": [], "missed": [], "no sample": []}
    for rule in tomllib.loads(arguments.configuration.read_text("utf-8"))["rules"]:
        samples = _samples(rule, arguments.samples)
        if rule["id"] == arguments.show:
            print(*(text[start:end] + "  in  " + text for text, start, end in samples))
        found = sum(_is_redacted(*sample) for sample in samples)
        kind = "no sample" if not samples else "found" if found == len(samples) else "partly" if found else "missed"
        results[kind].append(f"{rule['id']} ({found}/{len(samples)})" if kind == "partly" else rule["id"])
    for kind, rules in results.items():
        print(f"{kind}: {len(rules)}" + (f"\n  {', '.join(rules)}" if kind != "found" else ""))


def _samples(rule: dict[str, Any], count: int) -> list[tuple[str, int, int]]:  # Any: TOML
    """Return (text, start, end): lines that the rule matches, and where the secret stands in each."""
    if "regex" not in rule:
        return []
    expression = _as_python(rule["regex"])
    try:
        compiled, parsed = re.compile(expression), parser.parse(expression)
    except re.error:
        return []
    chance, samples = random.Random(rule["id"]), []
    for _ in range(TRIES):
        text = _written(rule["id"], compiled, _drawn(parsed, chance, {}))
        match = compiled.search(f"{text}\n")
        if match is None:
            continue
        group = rule.get("secretGroup") or (1 if compiled.groups and match[1] else 0)
        if _entropy(match[group]) >= rule.get("entropy", 0):
            samples.append((f"{text}\n", *match.span(group)))
        if len(samples) == count:
            break
    return samples


def _written(name: str, compiled: re.Pattern[str], text: str) -> str:
    """Return the sample as people write it where only a name betrays it, if the rule matches that: `NAME = "secret"`."""
    match = compiled.search(f"{text}\n")
    if match is None or not compiled.groups or match[1] is None or compiled.search(f'"{match[1]}"\n'):
        return text
    assigned = f'{name.replace("-", "_").upper()} = "{match[1]}"'
    return assigned if compiled.search(f"{assigned}\n") else text


def _as_python(expression: str) -> str:
    """Rewrite what Go's expressions have and Python's have not: flags in the middle, `\\z`, POSIX classes."""
    expression = expression.replace(r"\z", r"\Z").replace("[[:alnum:]]", "[A-Za-z0-9]").replace("(?i:", "(?i:")
    flags = re.search(r"(?<!\\)\(\?i\)", expression)
    if flags and flags.start():
        expression = f"{expression[: flags.start()]}(?i:{expression[flags.end() :]})"
    return expression


def _drawn(nodes: Iterable[Any], chance: random.Random, groups: dict[int, str]) -> str:  # Any: parts of an expression
    return "".join(_one(operation, argument, chance, groups) for operation, argument in nodes)


def _one(operation: Any, argument: Any, chance: random.Random, groups: dict[int, str]) -> str:  # Any: as above
    if operation in _CHARACTER:
        return _CHARACTER[operation](argument, chance)
    if operation in (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT):
        least, most, inner = argument
        often = least if operation is code.MIN_REPEAT else chance.randint(least, min(int(most), least + MOST_REPEATED))
        return "".join(_drawn(inner, chance, groups) for _ in range(often))
    if operation is code.BRANCH:
        return _drawn(chance.choice(argument[1]), chance, groups)
    if operation is code.SUBPATTERN:
        groups[argument[0] or 0] = text = _drawn(argument[3], chance, groups)
        return text
    if operation is code.ATOMIC_GROUP:
        return _drawn(argument, chance, groups)
    return groups.get(argument, "") if operation is code.GROUPREF else ""  # places and looks around are empty


_CHARACTER = {
    code.LITERAL: lambda argument, chance: chr(argument),
    code.NOT_LITERAL: lambda argument, chance: chance.choice([c for c in LETTERS if ord(c) != argument]),
    code.ANY: lambda argument, chance: ".",  # mostly a dot that was not escaped
    code.IN: lambda argument, chance: chance.choice(_characters(argument)),
}


def _characters(parts: Iterable[Any]) -> list[str]:  # Any: as above
    wanted: set[str] = set()
    negated = False
    for operation, argument in parts:
        if operation is code.NEGATE:
            negated = True
        elif operation is code.LITERAL:
            wanted.add(chr(argument))
        elif operation is code.RANGE:
            wanted.update(map(chr, range(argument[0], argument[1] + 1)))
        elif operation is code.CATEGORY:
            wanted.update(_CATEGORIES[argument])
    if negated:
        return [letter for letter in LETTERS if letter not in wanted] or ["~"]
    return sorted(wanted)


_CATEGORIES = {
    code.CATEGORY_DIGIT: string.digits,
    code.CATEGORY_SPACE: " ",
    code.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
    code.CATEGORY_NOT_DIGIT: string.ascii_letters,
    code.CATEGORY_NOT_SPACE: "".join(LETTERS),
    code.CATEGORY_NOT_WORD: "-./",
}


def _entropy(text: str) -> float:
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def _is_redacted(text: str, start: int, end: int) -> bool:
    """Whether most of the secret is inside of what redaction takes out."""
    covered = sum(max(0, min(end, span.end) - max(start, span.start)) for span in find_secrets(text))
    return covered * 10 >= (end - start) * 8


if __name__ == "__main__":
    main()
