"""What a feature's branch gives."""

from __future__ import annotations

from collections.abc import Sequence

from genloom.state.feature import FeatureBranch, FeatureResult
from genloom.tools.scm.feature_branch import BranchWork

__all__ = ["feature_result"]


async def feature_result(branch: FeatureBranch, secrets: Sequence[str]) -> FeatureResult:
    """Return the difference of the branch's verified commits, not applied yet, without these secrets."""
    work = BranchWork(branch.model_copy(update={"tree": branch.head}))
    return FeatureResult(
        diff=await work.difference(branch.base, secrets=secrets),
        stat=await work.stat(secrets=secrets),
        branch=branch.name,
        base=branch.base,
        head=branch.head,
        fetch=work.fetch_command,
    )
