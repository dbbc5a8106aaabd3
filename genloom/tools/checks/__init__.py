"""Checks: what a draft must hold, what running and reading it showed, and what that decides."""

from genloom.tools.checks.comparison import Comparison, values_agree
from genloom.tools.checks.deciding import decide_outcome
from genloom.tools.checks.plan import CheckPlan, PlannedCheck, plan_checks
from genloom.tools.checks.repair_evidence import evidence_for_repair
from genloom.tools.checks.source_file import verify_file
from genloom.tools.checks.verdict_json import verdict_to_json
from genloom.tools.checks.verification import CheckRunner, verify_draft, verify_subject

__all__ = [
    "CheckPlan",
    "CheckRunner",
    "Comparison",
    "PlannedCheck",
    "decide_outcome",
    "evidence_for_repair",
    "plan_checks",
    "values_agree",
    "verdict_to_json",
    "verify_draft",
    "verify_file",
    "verify_subject",
]
