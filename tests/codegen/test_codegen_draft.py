"""From a run's result to a draft."""

from __future__ import annotations

import pytest

from genloom.state import AgentRun, GenerationRequest
from genloom.tools.codegen import draft_from_run

MODULE = "def double(x):\n    return x * 2\n"
REQUEST = GenerationRequest(prompt="double a number", name="double", target="lib/double.py")


def run_with(result: str | None, status: str = "completed") -> AgentRun:
    return AgentRun.model_validate({"id": 3, "status": status, "result": result, "web_url": "https://x/3"})


@pytest.mark.parametrize("result", [MODULE, f"Here it is:\n\n```python\n{MODULE}```\nDone.", f"```\n{MODULE}```"])
def test_one_module_becomes_a_draft(result: str) -> None:
    """Bare or in one block, the module is the draft, for the place that the request names."""
    draft = draft_from_run(run_with(result), REQUEST)
    assert draft is not None
    assert (draft.source, draft.path, draft.name, draft.generator) == (MODULE, "lib/double.py", "double", "agent")


@pytest.mark.parametrize(
    "result",
    [
        None,
        "",
        "Done",
        "I opened a pull request with the change.",
        f"```python\n{MODULE}```\n\n```python\n{MODULE}```",
        "```python\ndef broken(:\n```",
        f"```python\n{MODULE}",
        "\0",
        "(" * 5000,
    ],
)
def test_anything_else_becomes_none(result: str | None) -> None:
    """Prose, two blocks, broken or cut-off code give no draft."""
    assert draft_from_run(run_with(result), REQUEST) is None


def test_a_run_that_did_not_complete_gives_no_draft() -> None:
    """What a failed or late run left behind is not taken."""
    assert draft_from_run(run_with(MODULE, "failed"), REQUEST) is None
    assert draft_from_run(run_with(MODULE, "timeout"), REQUEST) is None
