"""`genloom review --pr N`: a pull request reviewed as its code host shows it, and the review posted there with `--post`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from genloom.errors import GenloomError
    from genloom.interfaces.cli.late_progress import Tell
    from genloom.interfaces.cli.review_output import ReviewForm
    from genloom.state import Review, ReviewPolicy
    from genloom.state.code_review import CodeReviewInput
    from genloom.tools.scm.forge import Forge
    from genloom.tools.scm.posting import Posted, PostingPlan
    from genloom.tools.scm.pull_request_change import PullRequestChange

__all__ = ["review_pull_request"]


class _Done(NamedTuple):
    change: PullRequestChange
    review: Review
    report: str
    plan: PostingPlan
    there: int | None = None
    posted: Posted | None = None
    failure: GenloomError | None = None
    """What kept the review, which is made and may have been paid for, from being posted."""


def review_pull_request(
    number: int,
    *,
    post: bool = False,
    model: str | None = None,
    policy: str | None = None,
    as_json: bool = False,
    sarif: bool = False,
    markdown: bool = False,
) -> int:
    """Review the pull request of that number of the project that this folder's repository comes from, print the review as
    text or in the one form that is chosen, post it if asked to, and return the exit code: 0 when it approves, else 1.

    It looks at what the host shows of the newest commit; nothing of it is checked out or run. Model reviewers take part
    where a model is named here or in the environment, and none for `none`. `policy` names a file of house rules. Raises
    `CredentialError` without a token for the host, and what reading raises; what posting raises, after the review was
    printed (as fields of the error where `as_json`).
    """
    from genloom.interfaces.cli.late_progress import showing_late_progress
    from genloom.portal import run_sync

    rules = _rules(policy)
    with showing_late_progress(f"reading pull request {number}") as tell:
        done = run_sync(_reviewed(number, post=post, model=model, rules=rules, tell=tell))
    return _put(done, "json" if as_json else "sarif" if sarif else "markdown" if markdown else "text")


def _rules(policy: str | None) -> ReviewPolicy:
    """The house rules that hold: the named file's, tightened by those that lie here, not those of the pull request."""
    from pathlib import Path

    from genloom.interfaces.cli.review_change import policy_of
    from genloom.interfaces.cli.terminal import tell
    from genloom.tools.house_rules import find_house_rules, house_rules

    rules, remarks = house_rules(find_house_rules(Path()), policy_of(policy))
    for remark in remarks:
        tell(f"warning: {remark}")
    return rules


async def _reviewed(number: int, *, post: bool, model: str | None, rules: ReviewPolicy, tell: Tell) -> _Done:
    from pathlib import Path

    from genloom.config import load_settings
    from genloom.errors import GenloomError
    from genloom.interfaces.cli.review_change import NO_MODEL, run_review
    from genloom.state import GraphContext
    from genloom.tools.scm.posting import plan_posting, post_review
    from genloom.tools.scm.pull_request_change import read_change
    from genloom.tools.scm.remote import find_project, open_forge
    from genloom.tools.scm.work_tree import find_work_tree

    settings = load_settings()
    here = Path()
    project = await find_project(here, settings)
    async with open_forge(project, settings) as forge:
        change = await read_change(forge, number, clone=find_work_tree(here))
        tell(f"reviewing pull request {number} of {project.path}")
        context = GraphContext(model=None if model == NO_MODEL else model, policy=rules)
        given: CodeReviewInput = {"diff": change.diff, "texts": change.texts}
        review, report, _ = await run_review(given, context, with_models=model != NO_MODEL)
        done = _Done(change, review, report, plan_posting(review, change.changes, secrets=settings.secrets))
        if not post:
            return await _compared(done, forge)
        tell(f"posting the review of pull request {number}")
        try:
            posted = await post_review(
                forge,
                change.pull,
                change.changes,
                review,
                plan=done.plan,
                remarks=change.remarks,
                secrets=settings.secrets,
            )
        except GenloomError as error:
            return done._replace(failure=error)
    return done._replace(there=posted.already, posted=posted)


async def _compared(done: _Done, forge: Forge) -> _Done:
    """Look up how much stands there already; that this fails is no reason to keep the review back."""
    from genloom.errors import GenloomError
    from genloom.interfaces.cli.terminal import tell
    from genloom.tools.scm.posting import marks_there

    try:
        return done._replace(there=len(await marks_there(forge, done.change.pull, done.plan)))
    except GenloomError as error:
        tell(f"warning: what is posted already could not be looked up: {error.message}")
        return done


def _put(done: _Done, form: ReviewForm) -> int:
    """Print the review, and what was done or would be: below it, or beside an answer that is for programs. Raises then what
    kept it from being posted."""
    from genloom.interfaces.cli.review_output import put_review
    from genloom.interfaces.cli.terminal import put_json, put_text, tell

    if form == "json":
        if done.failure is not None:
            vars(done.failure)["json_fields"] = _as_json(done)  # one object on standard output, which tells of both
            raise done.failure
        put_json(_as_json(done))
        return 0 if done.review.decision == "approve" else 1
    change = done.change
    code = put_review(done.review, form, files=len(change.changes), sources=change.texts, report=done.report)
    lines = [*(f"note: {remark}" for remark in change.remarks), _outcome(done)]
    if form == "text":
        put_text("\n".join(lines))
    else:
        tell(lines)
    if done.failure is not None:
        raise done.failure
    return code


def _outcome(done: _Done) -> str:
    from genloom.interfaces.cli.event_text import plural

    in_summary = plural(len(done.plan.elsewhere), "further finding")
    posted = done.posted
    if done.failure is not None:
        return "not posted, or not all of it; a later run completes what was begun"
    if posted is None:
        comments = plural(len(done.plan.comments), "comment")
        there = f" ({done.there} there already)" if done.there else ""
        return f"not posted: {comments} on lines{there} and a summary with {in_summary}; --post posts them"
    refused = f", {posted.refused} not taken by the host" if posted.refused else ""
    new = plural(posted.new, "new comment")
    told = f"posted: {new} on lines, {posted.already} there already{refused}; summary {posted.summary}"
    return f"{told}: {done.change.pull.url}"


def _as_json(done: _Done) -> dict[str, object]:
    pull, posted = done.change.pull, done.posted
    told: dict[str, object] = {
        **done.review.model_dump(mode="json"),
        "files": len(done.change.changes),
        "pull_request": {"number": pull.number, "url": pull.url, "head": pull.head},
        "comments": len(done.plan.comments),
        "in_summary": len(done.plan.elsewhere),
        "already_posted": done.there,
        "remarks": list(done.change.remarks),
        "posted": None,
    }
    if posted is not None:
        told["posted"] = {"new": posted.new, "refused": posted.refused, "summary": posted.summary}
    return told
