"""The policy of a review: what code may reach, import, call and carry, and what each finding weighs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from genloom.state.capability import Capability
from genloom.state.part import StatePart
from genloom.state.review import Finding, Severity

__all__ = ["SEVERITY_RANK", "PolicyAction", "ReviewPolicy", "covers"]

PolicyAction = Literal["reject", "review", "warning", "note"]
"""What a rule's findings lead to: the code is refused; it goes back, or before a person; it is warned of; it is noted."""

SEVERITY_RANK: Mapping[Severity, int] = MappingProxyType({"note": 0, "warning": 1, "error": 2, "blocker": 3})

_SEVERITIES: dict[PolicyAction, Severity] = {
    "reject": "blocker",
    "review": "error",
    "warning": "warning",
    "note": "note",
}

_OWN_RULES = frozenset(
    "acts_at_import call combination:network+deserialisation combination:network+dynamic_code "
    "combination:network+processes import licence size unread".split()
) | {f"capability:{capability}" for capability in get_args(Capability)}
_SCANNERS_RULE = re.compile(r"[A-Z]{1,8}[0-9]{1,4}|bandit:B[0-9]{3}")
_FAMILY = re.compile(r"(?:[A-Z]{1,8}[0-9]{0,4}|bandit:(?:B[0-9]{0,3})?|capability:|combination:)\*")
_MOST_ENTRIES = 1_000


def _demand_rule(name: str) -> str:
    if name in _OWN_RULES or _SCANNERS_RULE.fullmatch(name) or _FAMILY.fullmatch(name):
        return name
    raise ValueError(f"{name!r} is no rule; write it as a finding shows it, or a family of rules with * at its end")


def _demand_dotted(name: str) -> str:
    parts = name.removesuffix(".*").split(".")
    if not all(part.isidentifier() for part in parts):
        raise ValueError(f"{name!r} is no dotted Python name")
    return name.removesuffix(".*")


Rule = Annotated[str, AfterValidator(_demand_rule)]
DottedNames = Annotated[
    tuple[Annotated[str, Field(max_length=200), AfterValidator(_demand_dotted)], ...], Field(max_length=_MOST_ENTRIES)
]
Licences = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+-]*\*?$", max_length=100)], ...],
    Field(max_length=_MOST_ENTRIES),
]


class ReviewPolicy(StatePart):
    """What a review allows, and what its findings decide.

    Dotted names cover what lies below them: `xml` covers `xml.dom`. A rule's name is the one that its findings carry, or
    a family of them that ends in `*` (`S3*`, `capability:*`): in `rules` the longest that fits counts, in `at_least` the
    strictest. Ruff's rules that are named here are looked for even where the review leaves them out by itself.
    """

    granted: Annotated[
        tuple[Capability, ...], Field(title="Granted", description="Capabilities that give notes only")
    ] = ()
    rules: Annotated[
        dict[Rule, PolicyAction],
        Field(title="Rules", description="What single rules lead to, instead of their default", max_length=500),
    ] = {}
    at_least: Annotated[
        dict[Rule, PolicyAction],
        Field(title="At least", description="What single rules lead to at least; never less strict", max_length=500),
    ] = {}
    max_lines: Annotated[int, Field(ge=1, title="Lines", description="Most lines of a file")] = 5_000
    max_bytes: Annotated[int, Field(ge=1, title="Bytes", description="Most bytes of a file")] = 1_000_000
    allowed_imports: Annotated[
        DottedNames | None, Field(title="Allowed imports", description="The only modules to import; default: any")
    ] = None
    forbidden_imports: Annotated[
        DottedNames, Field(title="Forbidden imports", description="Modules not to be imported")
    ] = ()
    forbidden_calls: Annotated[
        DottedNames, Field(title="Forbidden calls", description="Functions not to be used, such as `os.getcwd`")
    ] = ()
    allowed_licences: Annotated[
        Licences | None,
        Field(
            title="Allowed licences",
            description="SPDX identifiers; default: new code carries none, files that are there may carry any",
        ),
    ] = None

    def granting(self, capabilities: Iterable[Capability]) -> ReviewPolicy:
        """Return the policy that grants these as well."""
        return self.model_copy(update={"granted": tuple(dict.fromkeys((*self.granted, *capabilities)))})

    def weigh(self, finding: Finding) -> Finding:
        """Return the finding with the severity that this policy gives to its rule."""
        fitting = [name for name in self.rules if _fits(name, finding.rule)]
        severity = _SEVERITIES[self.rules[max(fitting, key=len)]] if fitting else finding.severity
        least = [_SEVERITIES[action] for name, action in self.at_least.items() if _fits(name, finding.rule)]
        severity = max(severity, *least, key=SEVERITY_RANK.__getitem__) if least else severity
        return finding if severity == finding.severity else finding.model_copy(update={"severity": severity})

    def tightened_by(self, other: ReviewPolicy) -> ReviewPolicy:
        """Return the policy that is as strict as both, where `other` says something.

        Nothing that this policy refuses is allowed by it, but for licences: where this policy names none, the other's
        hold.
        """
        return self.model_copy(
            update={
                "at_least": _stricter(_stricter(self.at_least, other.at_least), other.rules),
                "max_lines": min(self.max_lines, other.max_lines),
                "max_bytes": min(self.max_bytes, other.max_bytes),
                "allowed_imports": _both(self.allowed_imports, other.allowed_imports),
                "forbidden_imports": tuple(dict.fromkeys((*self.forbidden_imports, *other.forbidden_imports))),
                "forbidden_calls": tuple(dict.fromkeys((*self.forbidden_calls, *other.forbidden_calls))),
                "allowed_licences": _shared(self.allowed_licences, other.allowed_licences),
            }
        )

    def looser_than(self, base: ReviewPolicy) -> tuple[str, ...]:
        """Return the keys by which this policy, as it was written down, would allow more than `base`."""
        keys = ["granted"] if set(self.granted) - set(base.granted) else []
        keys += [f"rules.{name}" for name, action in self.rules.items() if action == "note" != base.rules.get(name)]
        for key in ("max_lines", "max_bytes"):
            if key in self.model_fields_set and getattr(self, key) > getattr(base, key):
                keys.append(key)
        return tuple(keys)


def covers(names: Iterable[str], path: str) -> bool:
    """Whether a dotted path is one of the names or lies below one."""
    return any(path == name or path.startswith(f"{name}.") for name in names)


def _fits(name: str, rule: str) -> bool:
    return name == rule or (name.endswith("*") and rule.startswith(name[:-1]))


def _stricter(some: Mapping[str, PolicyAction], others: Mapping[str, PolicyAction]) -> dict[str, PolicyAction]:
    merged = dict(some)
    for name, action in others.items():
        merged[name] = max(action, merged.get(name, action), key=_rank)
    return merged


def _rank(action: PolicyAction) -> int:
    return SEVERITY_RANK[_SEVERITIES[action]]


def _both(some: tuple[str, ...] | None, others: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if some is None or others is None:
        return others if some is None else some
    return tuple(dict.fromkeys([n for n in some if covers(others, n)] + [n for n in others if covers(some, n)]))


def _shared(some: tuple[str, ...] | None, others: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if some is None or others is None:
        return others if some is None else some
    return tuple(name for name in some if name in others)
