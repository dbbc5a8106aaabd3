"""What a change of a file brings in that was not there before: findings of the review, and secrets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from genloom.errors import GenloomError
from genloom.state import Capability, Finding, GenerationRequest, ReviewPolicy
from genloom.tools.checks.reviewing.requested import requested_capabilities
from genloom.tools.checks.reviewing.review import DEFAULT_POLICY, review_source
from genloom.tools.security import holds_secret

__all__ = ["is_test_file", "new_findings", "secret_findings"]

_OF_TESTS: frozenset[Capability] = frozenset(["files", "environment"])
"""What tests of a repository do anyway, in temporary folders and with environments of their own."""


async def new_findings(
    path: str,
    before: str | None,
    after: str,
    *,
    specification: str = "",
    granted: Collection[Capability] = (),
    policy: ReviewPolicy = DEFAULT_POLICY,
) -> tuple[Finding, ...]:
    """Return the review's findings of a Python file that its earlier text did not have.

    Code may do what is granted, what the words of the specification plainly ask for, and what the file did before; tests
    may use files and the environment.
    """
    leave = {*granted, *_asked_for(specification), *(_OF_TESTS if is_test_file(path) else ())}
    review = await review_source(after, path, granted=leave, policy=policy)
    if before is None:
        return review.findings
    old = await review_source(before, path, granted=leave, policy=policy)
    known = Counter((finding.rule, finding.message) for finding in old.findings)
    could = {finding.rule for finding in old.findings if finding.rule.startswith("capability:")}
    new: list[Finding] = []
    for finding in review.findings:
        said = (finding.rule, finding.message)
        if known[said] > 0:
            known[said] -= 1
        elif finding.rule not in could:
            new.append(finding)
    return tuple(new)


def secret_findings(path: str, before: str | None, after: str, secrets: Sequence[str] = ()) -> tuple[Finding, ...]:
    """Return a blocker for each added line that holds what looks like a secret, or one of `secrets`."""
    known = set((before or "").splitlines())
    return tuple(
        Finding(rule="secret", severity="blocker", message="holds what looks like a secret", path=path, line=number)
        for number, line in enumerate(after.splitlines(), 1)
        if line not in known and (holds_secret(line) or any(secret in line for secret in secrets))
    )


def _asked_for(specification: str) -> Collection[Capability]:
    if not specification.strip():
        return ()
    try:
        return requested_capabilities(GenerationRequest(prompt=specification, name="feature"))
    except (GenloomError, ValueError):  # examples in it that contradict each other, say: nothing is granted then
        return ()


def is_test_file(path: str) -> bool:
    """Whether a file belongs to a repository's tests, by its name and folders."""
    place = PurePosixPath(path)
    return bool(
        {"tests", "test"}.intersection(place.parts[:-1])
        or re.fullmatch(r"test_.*\.py|.*_test\.py|conftest\.py", place.name)
    )
