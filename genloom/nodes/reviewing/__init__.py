"""The nodes of the review graph: what changed, who looks at it, and the judge."""

from genloom.nodes.reviewing.checking import check_changes
from genloom.nodes.reviewing.collecting import collect_changes
from genloom.nodes.reviewing.judging import judge_findings
from genloom.nodes.reviewing.model_reviewer import REVIEWERS, review_changes

__all__ = ["REVIEWERS", "check_changes", "collect_changes", "judge_findings", "review_changes"]
