"""The typed state of genloom's graphs: frozen parts, their reducers, and the run's context."""

from typing import TYPE_CHECKING

from genloom.lazy import lazy_names

if TYPE_CHECKING:
    from genloom.state.agent_run import AgentRun, AgentStatus
    from genloom.state.attempt import Attempt
    from genloom.state.capability import Capability
    from genloom.state.comparison import Comparison
    from genloom.state.context import CodeContext, ContextReference
    from genloom.state.coverage import Coverage, FileCoverage
    from genloom.state.doctests import doctest_examples
    from genloom.state.draft import Draft, FileChange, GeneratorName, module_draft
    from genloom.state.example import Example, find_contradiction, parse_example
    from genloom.state.failure import Failure
    from genloom.state.graph_context import FurtherChecks, GraphContext
    from genloom.state.outcome import EXIT_CODES, Outcome, OutcomeResult, Problem
    from genloom.state.prompt_examples import examples_in_text
    from genloom.state.reducers import append_attempts
    from genloom.state.request import GenerationRequest
    from genloom.state.review import Finding, Review, ReviewDecision, Severity
    from genloom.state.review_policy import SEVERITY_RANK, PolicyAction, ReviewPolicy
    from genloom.state.verdict import (
        CheckResult,
        CheckSource,
        Evidence,
        Failed,
        Grant,
        NotRun,
        Passed,
        SandboxTier,
        Verdict,
    )
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "agent_run": "AgentRun AgentStatus",
            "attempt": "Attempt",
            "capability": "Capability",
            "comparison": "Comparison",
            "context": "CodeContext ContextReference",
            "coverage": "Coverage FileCoverage",
            "doctests": "doctest_examples",
            "draft": "Draft FileChange GeneratorName module_draft",
            "example": "Example find_contradiction parse_example",
            "failure": "Failure",
            "graph_context": "FurtherChecks GraphContext",
            "outcome": "EXIT_CODES Outcome OutcomeResult Problem",
            "prompt_examples": "examples_in_text",
            "reducers": "append_attempts",
            "request": "GenerationRequest",
            "review": "Finding Review ReviewDecision Severity",
            "review_policy": "SEVERITY_RANK PolicyAction ReviewPolicy",
            "verdict": "CheckResult CheckSource Evidence Failed Grant NotRun Passed SandboxTier Verdict",
        },
    )

__all__ = [
    "EXIT_CODES",
    "SEVERITY_RANK",
    "AgentRun",
    "AgentStatus",
    "Attempt",
    "Capability",
    "CheckResult",
    "CheckSource",
    "CodeContext",
    "Comparison",
    "ContextReference",
    "Coverage",
    "Draft",
    "Evidence",
    "Example",
    "Failed",
    "Failure",
    "FileChange",
    "FileCoverage",
    "Finding",
    "FurtherChecks",
    "GenerationRequest",
    "GeneratorName",
    "Grant",
    "GraphContext",
    "NotRun",
    "Outcome",
    "OutcomeResult",
    "Passed",
    "PolicyAction",
    "Problem",
    "Review",
    "ReviewDecision",
    "ReviewPolicy",
    "SandboxTier",
    "Severity",
    "Verdict",
    "append_attempts",
    "doctest_examples",
    "examples_in_text",
    "find_contradiction",
    "module_draft",
    "parse_example",
]
