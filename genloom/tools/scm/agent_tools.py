"""The tools that read issues and pull requests of the repository's project. None of them changes anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from genloom.config import Settings, load_settings
from genloom.tools.coding.answering import AnsweringTool, Core, demand_names
from genloom.tools.scm.connection import ForgePacing
from genloom.tools.scm.forge import Forge, ItemState, Remark
from genloom.tools.scm.patches import diff_of
from genloom.tools.scm.remote import find_project, open_forge

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["ScmToolName", "scm_tools"]

ScmToolName = Literal["read_issue", "list_issues", "read_pull_request", "list_pull_requests"]

MAX_SHOWN = 16_000
MAX_TEXT = 8_000
MAX_REMARK = 2_000
MAX_FILES = 200
QUICK = ForgePacing(attempts=3, longest=20.0)
"""An agent's turn waits less long than a posting."""


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NumberArguments(_Arguments):
    """What a model fills in to read an issue."""

    number: Annotated[int, Field(ge=1, le=2**31, description="The number that the project knows it by")]


class PullRequestArguments(NumberArguments):
    """What a model fills in to read a pull request."""

    part: Annotated[
        Literal["overview", "diff", "comments"],
        Field(description="Its text and changed files, its diff, or its comments"),
    ] = "overview"


class ListArguments(_Arguments):
    """What a model fills in to list issues or pull requests."""

    state: Annotated[ItemState, Field(description="Which of them")] = "open"
    most: Annotated[int, Field(ge=1, le=100, description="How many, newest first")] = 20


def scm_tools(
    repository: str | Path = ".",
    *,
    settings: Settings | None = None,
    secrets: Sequence[str] = (),
    only: Sequence[ScmToolName] | None = None,
) -> list[BaseTool]:
    """Return tools that read issues and pull requests (merge requests at GitLab) of the project that the repository's
    `origin` names, through the token of the settings (the environment's by default); `only` picks some.

    Every answer is bounded, without secrets, and delimited as somebody else's text. Whatever goes wrong (no token, another
    host, a number that is not there) is an answer that says what to do.
    """
    demand_names(only, list(_TOOLS))
    known = load_settings() if settings is None else settings
    return [
        AnsweringTool(
            name=name,
            description=description,
            core=partial(_asked, Path(repository), known, core),
            arguments=arguments,
            effect="read",
            title=name,
            failed="Not read",
            secrets=(*known.secrets, *secrets),
        ).made()
        for name, (core, arguments, description) in _TOOLS.items()
        if only is None or name in only
    ]


async def _asked(
    repository: Path, settings: Settings, core: Core, **given: Any
) -> str:  # Any: what the schema let through
    project = await find_project(repository, settings)
    async with open_forge(project, settings, pacing=QUICK) as forge:
        return _cut(await core(forge, **given), MAX_SHOWN)


async def _read_issue(forge: Forge, number: int) -> str:
    issue = await forge.issue(number)
    labels = f"\nlabels: {', '.join(issue.labels)}" if issue.labels else ""
    head = f"issue {issue.number}: {issue.title}\nstate: {issue.state}; by {issue.author}{labels}\n"
    remarks = await forge.issue_notes(number)
    return "\n".join([head, _cut(issue.body, MAX_TEXT), *_told(remarks)])


async def _read_pull_request(forge: Forge, number: int, part: str = "overview") -> str:
    pull = await forge.pull_request(number)
    if part == "comments":
        remarks = [*await forge.notes(pull), *await forge.line_comments(pull)]
        return "\n".join(_told(remarks)) or "no comments"
    changed = await forge.changed_files(pull)
    if part == "diff":
        return diff_of(changed.files) or "no text that the host shows was changed"
    files = [f"  {file.change} {file.path}" for file in changed.files[:MAX_FILES]]
    hidden = len(changed.files) - len(files)
    more = ["  … and more"] if hidden or not changed.complete else []
    head = f"pull request {pull.number}: {pull.title}\nstate: {pull.state}; by {pull.author}"
    where = f"from {pull.source} to {pull.target}, at commit {pull.head[:12]}\n"
    return "\n".join([head, where, _cut(pull.body, MAX_TEXT), "\nchanged files:", *files, *more])


async def _list_issues(forge: Forge, state: ItemState = "open", most: int = 20) -> str:
    return _listed(f"{item.number}: {item.title} ({item.state})" for item in await forge.issues(state, most))


async def _list_pull_requests(forge: Forge, state: ItemState = "open", most: int = 20) -> str:
    return _listed(f"{item.number}: {item.title} ({item.state})" for item in await forge.pull_requests(state, most))


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(" ".join(line.split())[:300] for line in lines) or "there are none"


def _told(remarks: Sequence[Remark]) -> Iterator[str]:
    for remark in remarks:
        place = f" on {remark.place}" if remark.place else ""
        yield f"\n--- {remark.author}{place}:\n{_cut(remark.body, MAX_REMARK)}"


def _cut(text: str, most: int) -> str:
    left = len(text) - most
    return text if left <= 0 else f"{text[:most]}\n[… {left:,} more characters]"


_TOOLS: dict[ScmToolName, tuple[Core, type[BaseModel], str]] = {
    "read_issue": (_read_issue, NumberArguments, "Read an issue of this project with its comments."),
    "list_issues": (_list_issues, ListArguments, "List issues of this project, newest first."),
    "read_pull_request": (
        _read_pull_request,
        PullRequestArguments,
        "Read a pull request of this project: its text and changed files, its diff, or its comments.",
    ),
    "list_pull_requests": (_list_pull_requests, ListArguments, "List pull requests of this project, newest first."),
}
