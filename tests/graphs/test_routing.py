"""Where a verdict leads."""

import pytest

from genloom.graphs.routing import after_verify
from genloom.state import NotRun, Passed


@pytest.mark.parametrize("verdict", [Passed(), NotRun(cause="no_checks"), NotRun(cause="incomplete")])
def test_what_ran_and_did_not_fail_is_reviewed(verdict):
    """Also where there is nothing to check against, or a test was skipped: reading it is useful."""
    assert after_verify({"verdict": verdict}) == "review"


@pytest.mark.parametrize(
    "cause", ["no_sandbox", "no_interpreter", "missing_package", "unsupported", "no_draft", "stale"]
)
def test_what_never_ran_ends_the_run(cause):
    """The code is not at fault."""
    assert after_verify({"verdict": NotRun(cause=cause)}) == "finalize"
