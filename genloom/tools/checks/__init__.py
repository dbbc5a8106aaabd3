"""Checks: what a draft must hold, what running and reading it showed, and what that decides."""

from genloom.tools.checks.bases import name_bases
from genloom.tools.checks.check_runner import CheckRunner
from genloom.tools.checks.comparison import Comparison, values_agree
from genloom.tools.checks.deciding import decide_outcome
from genloom.tools.checks.plan import CheckPlan, PlannedCheck, plan_checks
from genloom.tools.checks.repair_evidence import evidence_for_repair
from genloom.tools.checks.reviewing.markdown import to_markdown
from genloom.tools.checks.reviewing.policy import decide
from genloom.tools.checks.reviewing.requested import requested_capabilities
from genloom.tools.checks.reviewing.review import merge_reviews, review_draft, review_source, weigh_review
from genloom.tools.checks.reviewing.static import CapabilityUse, find_capabilities, lint
from genloom.tools.checks.sarif import to_sarif, verdict_findings
from genloom.tools.checks.source_file import CheckedFile, read_checked_file, verify_file
from genloom.tools.checks.verdict_json import verdict_to_json
from genloom.tools.checks.verification import verify_draft, verify_subject
from genloom.tools.house_rules import find_house_rules, house_rules, policy_for, read_policy

__all__ = [
    "CapabilityUse",
    "CheckPlan",
    "CheckRunner",
    "CheckedFile",
    "Comparison",
    "PlannedCheck",
    "decide",
    "decide_outcome",
    "evidence_for_repair",
    "find_capabilities",
    "find_house_rules",
    "house_rules",
    "lint",
    "merge_reviews",
    "name_bases",
    "plan_checks",
    "policy_for",
    "read_checked_file",
    "read_policy",
    "requested_capabilities",
    "review_draft",
    "review_source",
    "to_markdown",
    "to_sarif",
    "values_agree",
    "verdict_findings",
    "verdict_to_json",
    "verify_draft",
    "verify_file",
    "verify_subject",
    "weigh_review",
]
