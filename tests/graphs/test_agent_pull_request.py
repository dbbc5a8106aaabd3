"""An agent's pull request through the whole graph: fetched, laid over the repository, verified there."""

from __future__ import annotations

from pathlib import Path

import pytest
from github_server import GitHubServer

from genloom.graphs import build_generation_graph
from genloom.testing import RunPlan

pytestmark = pytest.mark.slow

DIFF = (
    "diff --git a/pkg/double.py b/pkg/double.py\nindex 1..2 100644\n--- a/pkg/double.py\n+++ b/pkg/double.py\n"
    "@@ -1,2 +1,4 @@\n+from pkg.factor import FACTOR\n+\n def double(x):\n-    return x\n+    return x * FACTOR\n"
    "diff --git a/pkg/factor.py b/pkg/factor.py\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/pkg/factor.py\n"
    "@@ -0,0 +1 @@\n+FACTOR = {factor}\n"
)
REQUEST = {"prompt": "Double a number", "name": "double", "examples": ["double(2) == 4"], "use_agent": True}


@pytest.mark.parametrize(("factor", "result"), [(2, "passed"), (3, "failed")])
def test_a_draft_of_several_files_is_verified_in_the_repository(
    use_agent, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, factor: int, result: str
) -> None:
    """The checks decide about it as about any draft, and the repository stays as it is."""
    repository = tmp_path / "repository"
    (repository / "pkg").mkdir(parents=True)
    (repository / "pkg" / "__init__.py").write_text("")
    (repository / "pkg" / "double.py").write_text("def double(x):\n    return x\n")
    with GitHubServer(DIFF.format(factor=factor)) as github:
        monkeypatch.setenv("GENLOOM_GITHUB_URL", github.base_url)
        use_agent(RunPlan(result="I opened a pull request.", pull_requests=(github.pull_request,)))
        context = {"repository": str(repository), "max_attempts": 1}
        state = build_generation_graph().invoke({"request": REQUEST}, context=context)
    assert [change.path for change in state["draft"].changes] == ["pkg/double.py", "pkg/factor.py"]
    assert (state["verdict"].result, state["verdict"].evidence) == (result, "values")
    assert state["outcome"].result == result
    assert (repository / "pkg" / "double.py").read_text() == "def double(x):\n    return x\n"


def test_a_pull_request_elsewhere_ends_without_a_draft_and_with_the_link(use_agent) -> None:
    """Nothing is guessed: the verdict says where the work is."""
    use_agent(RunPlan(result="Done.", pull_requests=("https://example.com/o/r/pull/1",)))
    state = build_generation_graph().invoke({"request": REQUEST})
    assert state["draft"] is None
    assert state["verdict"].cause == "no_draft"
    assert "https://example.com/o/r/pull/1" in state["verdict"].hint
