"""The policy of a review: what findings weigh and what they decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from genloom.state import Capability, Finding, ReviewDecision, Severity
from genloom.tools.checks.static.capabilities import CapabilityUse
from genloom.tools.checks.static.reach import Weight

__all__ = ["SEVERITY_RANK", "ReviewPolicy", "capability_findings", "combination_findings", "decide"]

SEVERITY_RANK: Mapping[Severity, int] = MappingProxyType({"note": 0, "warning": 1, "error": 2, "blocker": 3})

_WEIGHTS: dict[Weight, Severity] = {"mild": "warning", "plain": "error", "grave": "blocker"}

_MEANING: dict[Capability, str] = {
    "files": "reads or changes files",
    "network": "uses the network",
    "processes": "starts or controls processes",
    "native_code": "calls native code, past every check of Python's",
    "introspection": "looks into the interpreter's own frames and classes",
    "dynamic_code": "runs code that is made or chosen at run time",
    "deserialisation": "loads data that can run code",
    "environment": "reads or changes the process's environment",
}

_HOSTILE_PAIRS: tuple[tuple[Capability, Capability, str], ...] = (
    ("network", "dynamic_code", "what comes from the network could be run as code"),
    ("network", "deserialisation", "what comes from the network could be run as code"),
    ("network", "processes", "the network could steer processes of this machine"),
)


@dataclass(frozen=True, kw_only=True)
class ReviewPolicy:
    """What a review allows.

    `granted` capabilities give notes only. `severities` replaces the severity of single rules (`S501`,
    `capability:files`). A draft of more than `max_lines` lines, or one that imports a module of `forbidden_imports` (or a
    part of one), gets an error.
    """

    granted: frozenset[Capability] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=lambda: MappingProxyType({}))
    max_lines: int = 5_000
    forbidden_imports: tuple[str, ...] = ()

    def granting(self, capabilities: Iterable[Capability]) -> ReviewPolicy:
        """Return the policy that grants these as well."""
        return replace(self, granted=self.granted | frozenset(capabilities))

    def weigh(self, finding: Finding) -> Finding:
        """Return the finding with the severity that this policy gives to its rule."""
        severity = self.severities.get(finding.rule, finding.severity)
        return finding.model_copy(update={"severity": severity})


def decide(findings: Iterable[Finding], policy: ReviewPolicy) -> ReviewDecision:
    """Return what the findings decide: a blocker rejects, an error asks for a revision, the rest approves.

    The policy's severities are applied first. More findings never soften the decision.
    """
    worst = max((SEVERITY_RANK[policy.weigh(finding).severity] for finding in findings), default=0)
    if worst >= SEVERITY_RANK["blocker"]:
        return "reject"
    return "revise" if worst >= SEVERITY_RANK["error"] else "approve"


def capability_findings(uses: Sequence[CapabilityUse], policy: ReviewPolicy, path: str) -> Iterator[Finding]:
    """Yield one finding for each capability on each line; what is granted is a note."""
    lines: dict[tuple[int, Capability], list[CapabilityUse]] = {}
    for use in uses:
        lines.setdefault((use.line, use.capability), []).append(use)
    for (line, capability), together in lines.items():
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(use.name for use in together))
        weights = [_WEIGHTS[use.weight] for use in together]
        granted = capability in policy.granted
        yield Finding(
            rule=f"capability:{capability}",
            severity="note" if granted else max(weights, key=SEVERITY_RANK.__getitem__),
            message=f"{_MEANING[capability]}: {names}{' (granted)' if granted else ''}",
            path=path,
            line=line,
        )


def combination_findings(findings: Sequence[Finding], path: str) -> Iterator[Finding]:
    """Yield a blocker for each pair of capabilities that nobody granted and that together are what attacks are made of."""
    present = {f.rule.removeprefix("capability:") for f in findings if f.severity in ("error", "blocker")}
    for one, other, why in _HOSTILE_PAIRS:
        if one in present and other in present:
            message = f"{one} together with {other}: {why}"
            yield Finding(rule=f"combination:{one}+{other}", severity="blocker", message=message, path=path)
