"""The policy of a review: what findings weigh and what they decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from genloom.state import SEVERITY_RANK, Capability, Finding, ReviewDecision, ReviewPolicy, Severity
from genloom.tools.checks.reviewing.static.capabilities import CapabilityUse
from genloom.tools.checks.reviewing.static.reach import Weight

__all__ = ["capability_findings", "combination_findings", "decide"]

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


def decide(findings: Iterable[Finding], policy: ReviewPolicy) -> ReviewDecision:
    """Return what the findings decide: a blocker rejects, an error asks for a revision, the rest approves.

    The policy's severities are applied first. More findings never soften the decision.
    """
    worst = max((SEVERITY_RANK[policy.weigh(finding).severity] for finding in findings), default=0)
    if worst >= SEVERITY_RANK["blocker"]:
        return "reject"
    return "revise" if worst >= SEVERITY_RANK["error"] else "approve"


def capability_findings(
    uses: Sequence[CapabilityUse], granted: Mapping[Capability, str], path: str
) -> Iterator[Finding]:
    """Yield one finding for each capability on each line; what is granted is a note that says by what."""
    lines: dict[tuple[int, Capability], list[CapabilityUse]] = {}
    for use in uses:
        lines.setdefault((use.line, use.capability), []).append(use)
    for (line, capability), together in lines.items():
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(use.name for use in together))
        weights = [_WEIGHTS[use.weight] for use in together]
        leave = granted.get(capability)
        yield Finding(
            rule=f"capability:{capability}",
            severity=max(weights, key=SEVERITY_RANK.__getitem__) if leave is None else "note",
            message=f"{_MEANING[capability]}: {names}{'' if leave is None else f' (granted: {leave})'}",
            path=path,
            line=line,
        )


def combination_findings(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield a blocker for each pair of capabilities that nobody granted and that together are what attacks are made of,
    whether one file has both or each another one."""
    places = {
        finding.rule.removeprefix("capability:"): finding.path
        for finding in findings
        if finding.severity in ("error", "blocker")
    }
    for one, other, why in _HOSTILE_PAIRS:
        if one in places and other in places:
            message = f"{one} together with {other}: {why}"
            yield Finding(rule=f"combination:{one}+{other}", severity="blocker", message=message, path=places[other])
