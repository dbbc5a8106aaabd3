"""The deterministic review: what reading a draft shows, without a model."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from genloom.state import SEVERITY_RANK, Capability, Draft, Finding, GenerationRequest, Review, ReviewPolicy
from genloom.tools.checks.reviewing.policy import capability_findings, combination_findings, decide
from genloom.tools.checks.reviewing.requested import requested_capabilities
from genloom.tools.checks.reviewing.static import at_import
from genloom.tools.checks.reviewing.static.bandit_scan import BanditFinding, has_bandit, scan
from genloom.tools.checks.reviewing.static.capabilities import find_capabilities
from genloom.tools.checks.reviewing.static.lint import IGNORED, RULES, lint
from genloom.tools.checks.reviewing.static.output_rules import output_findings
from genloom.tools.checks.reviewing.unread import unread_finding
from genloom.tools.checks.subject import MAX_SOURCE_BYTES, SyntaxProblem, parse_source

__all__ = ["DEFAULT_POLICY", "merge_reviews", "review_draft", "review_source", "weigh_review"]

DEFAULT_POLICY = ReviewPolicy()
MAX_FINDINGS = 200
MAX_MESSAGE = 500

_SAME_MATTER = frozenset(
    "S102 S301 S302 S306 S307 S310 S312 S321 S506 S602 S604 S605 S606 S609 S614 ASYNC210 ASYNC220 ASYNC221 ASYNC222".split()
)
"""Rules of ruff's about what the capability pass tells too; told once where both speak of one line."""

_DECISIONS = ("approve", "revise", "reject")


async def review_draft(
    draft: Draft,
    request: GenerationRequest,
    *,
    granted: Collection[Capability] = (),
    policy: ReviewPolicy = DEFAULT_POLICY,
) -> Review:
    """Review the Python files of a draft: the capability pass, ruff, bandit where it is installed, and the policy. A file
    that is no Python is a finding: nothing reads it.

    Capabilities that the caller or the policy grants, or that the request's own words plainly ask for, are notes that say
    so.
    """
    leave = {**_leave(policy, granted), **_asked_for(request)}
    files = {c.path: c for c in draft.changes if c.content is not None and c.path.endswith(".py")}
    own = [PurePosixPath(path).parts[0].removesuffix(".py") for path in files] + [request.module_name]
    findings: list[Finding] = []
    for path, change in files.items():
        look = _Look(path, policy, leave, own=tuple(own), new=change.base_sha256 is None)
        findings += await look.at(change.content or "")
    others = [c for c in draft.changes if c.content is not None and c.path not in files]
    findings += [unread_finding(c.path, c.content) for c in others]
    return _review(findings, policy)


async def review_source(
    source: str,
    path: str,
    *,
    granted: Collection[Capability] = (),
    policy: ReviewPolicy = DEFAULT_POLICY,
) -> Review:
    """Review the text of any Python file; `path` is the name that its findings carry.

    The file may carry licences that the policy does not speak of: they are notes.
    """
    return _review(await _Look(path, policy, _leave(policy, granted), new=False).at(source), policy)


def merge_reviews(*reviews: Review) -> Review:
    """Return one review with every finding once; the strictest decision stands."""
    findings = _in_order(finding for review in reviews for finding in review.findings)
    return Review(
        decision=max((review.decision for review in reviews), key=_DECISIONS.index, default="approve"),
        findings=findings,
        reviewers=tuple(dict.fromkeys(name for review in reviews for name in review.reviewers)),
        summary="\n".join(review.summary for review in reviews if review.summary),
    )


def weigh_review(review: Review, policy: ReviewPolicy) -> Review:
    """Return a review of somebody else's (a model's) under the policy: its findings weigh what the policy says, and the
    decision is never milder than they ask for."""
    findings = _in_order(policy.weigh(finding) for finding in review.findings)
    decision = max(review.decision, decide(findings, policy), key=_DECISIONS.index)
    return review.model_copy(update={"findings": findings, "decision": decision})


def _leave(policy: ReviewPolicy, granted: Iterable[Capability]) -> dict[Capability, str]:
    """What may be done, and by whose leave."""
    return dict.fromkeys(policy.granted, "by the policy") | dict.fromkeys(granted, "by the caller")


def _asked_for(request: GenerationRequest) -> dict[Capability, str]:
    return {capability: f"the request says {words!r}" for capability, words in requested_capabilities(request).items()}


@dataclass(frozen=True)
class _Look:
    """A look at one file: by whose leave it may do what, and whether it is new."""

    path: str
    policy: ReviewPolicy
    leave: Mapping[Capability, str]
    own: tuple[str, ...] = ()
    new: bool = True

    async def at(self, source: str) -> list[Finding]:
        if len(source.encode("utf-8", "replace")) > MAX_SOURCE_BYTES:
            return [
                self._finding(
                    "unreadable", f"more than {MAX_SOURCE_BYTES:,} bytes, which is more than can be looked at"
                )
            ]
        tree = await asyncio.to_thread(parse_source, source)
        if isinstance(tree, SyntaxProblem):
            return [self._finding("syntax", tree.message, tree.line)]
        linted, scanned, read = await asyncio.gather(
            lint(source, self.path, more=_named_ruff_rules(self.policy)),
            asyncio.to_thread(scan, source, self.path),
            asyncio.to_thread(self._read, source, tree),
        )
        told = {finding.line for finding in read if finding.rule.startswith("capability:")}
        by_ruff = [finding for finding in linted if finding.rule not in _SAME_MATTER or finding.line not in told]
        return [*read, *by_ruff, *_by_bandit_alone(scanned, linted, told)]

    def _read(self, source: str, tree: ast.Module) -> list[Finding]:
        uses = find_capabilities(tree)
        capabilities = list(capability_findings(uses, self.leave, self.path))
        if any(at_import.RULE in rules for rules in (self.policy.rules, self.policy.at_least)):
            acts = at_import.acts_at_import(tree, {use.line for use in uses})
            capabilities += [self._noted(at_import.RULE, f"at import, the module {what}", line) for line, what in acts]
        house = output_findings(source, tree, self.policy, self.path, own=self.own, new=self.new)
        return [*capabilities, *house]

    def _noted(self, rule: str, message: str, line: int) -> Finding:
        """A finding whose weight the policy says."""
        return self._finding(rule, message, line).model_copy(update={"severity": "note"})

    def _finding(self, rule: str, message: str, line: int = 0) -> Finding:
        return Finding(rule=rule, severity="error", message=message, path=self.path, line=line)


def _named_ruff_rules(policy: ReviewPolicy) -> tuple[str, ...]:
    """Ruff's rules that the policy names, and that the review would not look for by itself."""
    named = [
        name.rstrip("*") for rules in (policy.rules, policy.at_least) for name, do in rules.items() if do != "note"
    ]
    codes = {name for name in named if re.fullmatch(r"[A-Z]+[0-9]*", name)}
    return tuple(sorted(code for code in codes if code in IGNORED or not code.startswith(RULES)))


def _by_bandit_alone(
    scanned: Iterable[BanditFinding], linted: Iterable[Finding], told: Collection[int]
) -> Iterator[Finding]:
    """What bandit found and neither ruff nor the capability pass told: one problem is one finding."""
    by_ruff = {(finding.rule, finding.line) for finding in linted}
    for each in scanned:
        if any((each.ruff_rule, line) in by_ruff for line in each.lines):
            continue
        about_reach = each.ruff_rule in _SAME_MATTER or each.ruff_rule.startswith("S4")
        if not (about_reach and any(line in told for line in each.lines)):
            yield each.finding


def _review(findings: Sequence[Finding], policy: ReviewPolicy) -> Review:
    together = [*findings, *combination_findings(findings)]
    ordered = _in_order(policy.weigh(finding) for finding in together)
    decision = decide(ordered, policy)
    serious = [finding for finding in ordered if finding.severity in ("error", "blocker")]
    summary = (
        "" if decision == "approve" else f"{len(serious)} findings ask for a change, the first: {serious[0].message}"
    )
    silent = {finding.rule for finding in ordered if finding.rule.endswith(":not-run")}
    looked = ("capabilities", "ruff", "bandit") if has_bandit() else ("capabilities", "ruff")
    reviewers = tuple(name for name in looked if f"{name}:not-run" not in silent)
    return Review(decision=decision, findings=ordered, reviewers=reviewers, summary=summary)


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once, worst first, then by place; at most `MAX_FINDINGS`, of which the worst stay."""
    once = {(f.rule, f.path, f.line, f.message): f for f in findings}
    ordered = sorted(once.values(), key=lambda f: (-SEVERITY_RANK[f.severity], f.path, f.line, f.rule, f.message))
    return tuple(f.model_copy(update={"message": f.message[:MAX_MESSAGE]}) for f in ordered[:MAX_FINDINGS])
