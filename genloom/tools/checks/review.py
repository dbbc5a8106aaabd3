"""The deterministic review: what reading a draft shows, without a model."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence

from genloom.state import Capability, Draft, Finding, GenerationRequest, Review
from genloom.tools.checks.policy import (
    SEVERITY_RANK,
    ReviewPolicy,
    capability_findings,
    combination_findings,
    decide,
)
from genloom.tools.checks.requested import requested_capabilities
from genloom.tools.checks.static import find_capabilities, lint
from genloom.tools.checks.subject import MAX_SOURCE_BYTES, SyntaxProblem, parse_source

__all__ = ["DEFAULT_POLICY", "merge_reviews", "review_draft", "review_source"]

DEFAULT_POLICY = ReviewPolicy()
MAX_FINDINGS = 200
MAX_MESSAGE = 500

_SAME_MATTER = frozenset(
    "S102 S301 S302 S306 S307 S310 S506 S602 S604 S605 S606 S609 ASYNC210 ASYNC220 ASYNC221 ASYNC222".split()
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
    """Review the Python files of a draft with ruff and the capability pass.

    Capabilities that the caller grants, or that the request plainly asks for, are notes.
    """
    allowed = policy.granting({*granted, *requested_capabilities(request)})
    findings: list[Finding] = []
    for change in draft.changes:
        if change.content is not None and change.path.endswith(".py"):
            findings += await _look(change.content, change.path, allowed)
    return _review(findings, allowed)


async def review_source(
    source: str,
    path: str,
    *,
    granted: Collection[Capability] = (),
    policy: ReviewPolicy = DEFAULT_POLICY,
) -> Review:
    """Review the text of any Python file; `path` is the name that its findings carry."""
    allowed = policy.granting(granted)
    return _review(await _look(source, path, allowed), allowed)


def merge_reviews(*reviews: Review) -> Review:
    """Return one review with every finding once; the strictest decision stands."""
    findings = _in_order(finding for review in reviews for finding in review.findings)
    return Review(
        decision=max((review.decision for review in reviews), key=_DECISIONS.index, default="approve"),
        findings=findings,
        reviewers=tuple(dict.fromkeys(name for review in reviews for name in review.reviewers)),
        summary="\n".join(review.summary for review in reviews if review.summary),
    )


async def _look(source: str, path: str, policy: ReviewPolicy) -> list[Finding]:
    if len(source.encode("utf-8", "replace")) > MAX_SOURCE_BYTES:
        return [Finding(rule="size", severity="error", message=f"more than {MAX_SOURCE_BYTES:,} bytes", path=path)]
    tree = parse_source(source)
    if isinstance(tree, SyntaxProblem):
        return [Finding(rule="syntax", severity="error", message=tree.message, path=path, line=tree.line)]
    capabilities = list(capability_findings(find_capabilities(tree), policy, path))
    told = {finding.line for finding in capabilities}
    linted = [f for f in await lint(source, path) if f.rule not in _SAME_MATTER or f.line not in told]
    return [
        *capabilities,
        *combination_findings(capabilities, path),
        *_house_findings(source, tree, policy, path),
        *linted,
    ]


def _house_findings(source: str, tree: ast.Module, policy: ReviewPolicy, path: str) -> Iterator[Finding]:
    lines = source.count("\n") + 1
    if lines > policy.max_lines:
        message = f"{lines:,} lines; at most {policy.max_lines:,} are allowed"
        yield Finding(rule="size", severity="error", message=message, path=path)
    if not policy.forbidden_imports:
        return
    for node in ast.walk(tree):
        for module in _imported(node):
            if any(module == name or module.startswith(f"{name}.") for name in policy.forbidden_imports):
                message = f"imports `{module}`, which the policy forbids"
                yield Finding(
                    rule="import", severity="error", message=message, path=path, line=getattr(node, "lineno", 0)
                )


def _imported(node: ast.AST) -> Sequence[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _review(findings: Iterable[Finding], policy: ReviewPolicy) -> Review:
    ordered = _in_order(policy.weigh(finding) for finding in findings)
    decision = decide(ordered, policy)
    serious = [finding for finding in ordered if finding.severity in ("error", "blocker")]
    summary = (
        "" if decision == "approve" else f"{len(serious)} findings ask for a change, the first: {serious[0].message}"
    )
    reviewers = ("capabilities",) if any(f.rule == "ruff:not-run" for f in ordered) else ("capabilities", "ruff")
    return Review(decision=decision, findings=ordered, reviewers=reviewers, summary=summary)


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once, worst first, then by place; at most `MAX_FINDINGS`, of which the worst stay."""
    once = {(f.rule, f.path, f.line, f.message): f for f in findings}
    ordered = sorted(once.values(), key=lambda f: (-SEVERITY_RANK[f.severity], f.path, f.line, f.rule, f.message))
    return tuple(f.model_copy(update={"message": f.message[:MAX_MESSAGE]}) for f in ordered[:MAX_FINDINGS])
