"""The policy of every node: its retries and its time limit, in one typed table that users can change per node."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from genloom.errors import BackendError, GraphDefinitionError, TimeLimitError
from genloom.tools.backoff import backoff_seconds

if TYPE_CHECKING:
    from langgraph.types import RetryPolicy

__all__ = ["NODE_POLICIES", "NodeName", "NodePolicy", "policies_with"]

NodeName = Literal[
    "inject_context",
    "generate",
    "verify",
    "review",
    "repair",
    "dispatch_agent",
    "fallback",
    "finalize",
    "run_request",
    "run_codegen",
    "collect_changes",
    "check_changes",
    "review_changes",
    "judge_findings",
    "open_feature",
    "plan_feature",
    "write_code",
    "write_tests",
    "write_docs",
    "check_step",
    "commit_step",
    "approve_feature",
    "close_feature",
]


@dataclass(frozen=True, kw_only=True)
class NodePolicy:
    """How often a node is tried, how long it waits in between, and how long one try may take.

    Only transient failures are tried again: rate limits, time-outs of a request, connections and 5xx; never 401, 402, 403,
    404, 422 or other bad requests, and not a node that overran its own limit. The wait is full-jitter back-off (see
    `genloom.tools.backoff`) from `base_seconds`, capped at `cap_seconds`, and never shorter than the server's
    `Retry-After`; one beyond `longest_wait` seconds is not waited for: the failure stands.
    """

    tries: int = 3
    base_seconds: float = 0.5
    cap_seconds: float = 20.0
    longest_wait: float = 120.0
    limit_seconds: float = 120.0

    def __post_init__(self) -> None:
        if self.tries < 1 or min(self.base_seconds, self.cap_seconds, self.longest_wait) < 0 or self.limit_seconds <= 0:
            raise GraphDefinitionError("A node's policy needs at least one try and no negative times.")

    def with_tries(self, tries: int) -> NodePolicy:
        """Return this policy with another number of tries."""
        return replace(self, tries=tries)

    def retries(self, error: BaseException) -> bool:
        """Whether this failure is worth another try."""
        if isinstance(error, TimeLimitError) or not isinstance(error, BackendError):
            return False
        return error.transient and (error.retry_after or 0.0) <= self.longest_wait

    def wait_seconds(self, failed_try: int, error: BaseException) -> float:
        """Return how long to wait after the try of that number (from 1) failed so."""
        return backoff_seconds(
            failed_try,
            base=self.base_seconds,
            cap=self.cap_seconds,
            retry_after=error.retry_after if isinstance(error, BackendError) else None,
            longest=self.longest_wait,
        )

    def langgraph(self) -> RetryPolicy:
        """Return LangGraph's policy that does the retrying. The node itself waits before it raises, because LangGraph's
        waits know neither `Retry-After` nor full jitter; so LangGraph's own interval is zero."""
        from langgraph.types import RetryPolicy

        return RetryPolicy(
            initial_interval=0.0, max_interval=0.0, max_attempts=self.tries, jitter=False, retry_on=self.retries
        )


NODE_POLICIES: Mapping[NodeName, NodePolicy] = {
    "inject_context": NodePolicy(tries=2, limit_seconds=300.0),
    "generate": NodePolicy(tries=4, limit_seconds=1200.0),
    "verify": NodePolicy(tries=2, limit_seconds=900.0),
    "review": NodePolicy(tries=3, limit_seconds=300.0),
    "repair": NodePolicy(tries=1, limit_seconds=30.0),
    "dispatch_agent": NodePolicy(tries=2, limit_seconds=7500.0),
    "fallback": NodePolicy(tries=1, limit_seconds=30.0),
    "finalize": NodePolicy(tries=1, limit_seconds=30.0),
    "run_request": NodePolicy(tries=1, limit_seconds=12_000.0),
    "run_codegen": NodePolicy(tries=2, limit_seconds=7500.0),
    "collect_changes": NodePolicy(tries=1, limit_seconds=300.0),
    "check_changes": NodePolicy(tries=1, limit_seconds=600.0),
    "review_changes": NodePolicy(tries=3, limit_seconds=300.0),
    "judge_findings": NodePolicy(tries=2, limit_seconds=300.0),
    "open_feature": NodePolicy(tries=1, limit_seconds=1800.0),
    "plan_feature": NodePolicy(tries=2, limit_seconds=7500.0),
    "write_code": NodePolicy(tries=2, limit_seconds=7500.0),
    "write_tests": NodePolicy(tries=2, limit_seconds=7500.0),
    "write_docs": NodePolicy(tries=2, limit_seconds=7500.0),
    "check_step": NodePolicy(tries=1, limit_seconds=1800.0),
    "commit_step": NodePolicy(tries=1, limit_seconds=600.0),
    "approve_feature": NodePolicy(tries=1, limit_seconds=600.0),
    "close_feature": NodePolicy(tries=1, limit_seconds=900.0),
}
"""The default of every node. Each limit is longer than the budgets that a context can ask for in that node together."""


def policies_with(changes: Mapping[NodeName, NodePolicy] | None) -> dict[NodeName, NodePolicy]:
    """Return the table with some entries replaced. Raises `GraphDefinitionError` for a name that is no node, and
    for what is no policy."""
    unknown = set(changes or ()) - set(get_args(NodeName))
    if unknown:
        raise GraphDefinitionError(
            f"There is no node {', '.join(sorted(unknown))} to set a policy for.",
            hint=f"The nodes are: {', '.join(get_args(NodeName))}.",
        )
    for name, policy in (changes or {}).items():
        if not isinstance(policy, NodePolicy):
            raise GraphDefinitionError(
                f"The policy of {name} is no NodePolicy but {type(policy).__name__}.",
                hint="Give genloom.nodes.policies.NodePolicy(tries=…, limit_seconds=…).",
            )
    return {**NODE_POLICIES, **(changes or {})}
