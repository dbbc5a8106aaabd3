"""The policy table: what is retried, and how long is waited."""

import pytest

from genloom.errors import CredentialError, GraphDefinitionError, ModelError, ModelNameError
from genloom.nodes import NODE_POLICIES, NodePolicy, policies_with


@pytest.mark.parametrize("kind", ["rate_limit", "timeout", "server", "connection"])
def test_transient_failures_are_retried(kind):
    """Rate limits, time-outs, 5xx and lost connections."""
    assert NodePolicy().retries(ModelError("x", kind=kind))


@pytest.mark.parametrize(
    "error",
    [
        CredentialError("401"),
        ModelNameError("404"),
        ModelError("402", kind="payment"),
        ModelError("422", kind="bad_request"),
        ModelError("prose", kind="malformed"),
        ValueError("a bug"),
    ],
)
def test_other_failures_are_not(error):
    """Trying again would give the same answer, or cost money."""
    assert not NodePolicy().retries(error)


def test_a_retry_after_that_is_too_long_is_not_waited_for():
    """The failure stands instead of a node that sleeps for an hour."""
    policy = NodePolicy(longest_wait=60)
    assert policy.retries(ModelError("x", kind="rate_limit", retry_after=60))
    assert not policy.retries(ModelError("x", kind="rate_limit", retry_after=61))


def test_the_wait_goes_by_the_policys_own_numbers():
    """The cap bounds it, and `Retry-After` is waited for."""
    policy = NodePolicy(base_seconds=0.1, cap_seconds=0.2)
    assert all(policy.wait_seconds(9, ModelError("x", kind="server")) <= 0.2 for _ in range(50))
    assert policy.wait_seconds(1, ModelError("x", kind="rate_limit", retry_after=7)) >= 7


def test_users_replace_single_entries():
    """The rest of the table stays."""
    table = policies_with({"verify": NodePolicy(tries=9)})
    assert table["verify"].tries == 9
    assert table["generate"] == NODE_POLICIES["generate"]


def test_a_policy_for_no_node_or_of_no_sense_is_refused():
    """At the time the graph is built."""
    with pytest.raises(GraphDefinitionError, match="verfy"):
        policies_with({"verfy": NodePolicy()})
    with pytest.raises(GraphDefinitionError):
        NodePolicy(tries=0)
