"""A reviewer with a model of its own that is not heard is told of."""

from genloom.graphs import build_review_graph
from genloom.state.code_review import Reviewer
from genloom.testing import ScriptedChatModel
from genloom.tools.chat import registered_models

DIFF = "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a = 1\n+a = 2\n"


async def test_prose_of_a_reviewers_own_model_is_told_as_silence() -> None:
    """No model is configured for the run: the reviewer's own answered in prose, and silence is no praise."""
    with registered_models.override("own", ScriptedChatModel(rule=lambda messages: "Looks fine to me!")):
        graph = build_review_graph(reviewers=[Reviewer(name="style", model="own")], judge=False)
        review = (await graph.ainvoke({"diff": DIFF}))["review"]
    assert [finding.message for finding in review.findings if finding.message.startswith("style did not review")]


async def test_without_any_model_nobody_is_missed() -> None:
    """Model reviewers take part where there is a model; their absence is no finding."""
    review = (await build_review_graph().ainvoke({"diff": DIFF}))["review"]
    assert not [finding for finding in review.findings if "did not review" in finding.message]


async def test_a_reviewer_that_repeats_the_form_first_is_heard_with_what_follows() -> None:
    """The empty form is none of its findings, nor is a line of one taken for an answer of its own."""
    finding = '{"path": "a.py", "line": 1, "message": "two is wrong", "severity": "error"}'
    answer = f'The format is {{"findings": []}}. Mine:\n```json\n{{"findings": [{finding}]}}\n```\nThat is {{all}}.'
    with registered_models.override("own", ScriptedChatModel(rule=lambda messages: answer)):
        graph = build_review_graph(reviewers=[Reviewer(name="style", model="own")], judge=False)
        review = (await graph.ainvoke({"diff": DIFF, "texts": {"a.py": "a = 2\n"}}))["review"]
    assert [(f.message, f.line) for f in review.findings if f.rule == "model:style"] == [("two is wrong", 1)]
    assert review.decision == "revise"
