"""What a feature's branch gives."""

from __future__ import annotations

from genloom.state.feature import FeatureBranch, FeatureResult
from genloom.tools.scm.feature_branch import BranchWork

__all__ = ["feature_result"]


async def feature_result(branch: FeatureBranch) -> FeatureResult:
    """Return the difference of the branch's verified commits, not applied yet."""
    work = BranchWork(branch.model_copy(update={"tree": branch.head}))
    return FeatureResult(
        diff=await work.difference(branch.base),
        stat=await work.stat(),
        branch=branch.name,
        base=branch.base,
        head=branch.head,
        fetch=work.fetch_command,
    )
