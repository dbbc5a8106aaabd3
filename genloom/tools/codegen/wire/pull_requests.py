"""Pull requests, as runs tell of them and as they are edited."""

from __future__ import annotations

from typing import Literal

from genloom.tools.codegen.wire.shape import WireInput, WireModel, promised

__all__ = ["EditPRInput", "EditPRResponse", "PullRequestResponse", "PullRequestState"]

PullRequestState = Literal["open", "closed", "draft", "ready_for_review"]
"""What a pull request can be set to."""


class PullRequestResponse(WireModel):
    """A pull request that a run opened (`GithubPullRequestResponse` in the API's document)."""

    id: int
    title: str | None = None
    url: str | None = None
    created_at: str | None = promised(None)
    head_branch_name: str | None = None


class EditPRInput(WireInput):
    """The state that a pull request shall have."""

    state: PullRequestState


class EditPRResponse(WireModel):
    """Whether the edit worked, and the pull request as it is now; `error` says why not."""

    success: bool
    url: str | None = None
    number: int | None = None
    title: str | None = None
    state: str | None = None
    error: str | None = None
