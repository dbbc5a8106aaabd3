"""Source control: what changed, read from diffs and from git, and what code hosts know of it."""

from typing import TYPE_CHECKING

from genloom.lazy import lazy_names

if TYPE_CHECKING:
    from genloom.tools.scm.agent_tools import ScmToolName, scm_tools
    from genloom.tools.scm.changes import git_changes
    from genloom.tools.scm.diff import read_diff
    from genloom.tools.scm.forge import Forge, PullRequest
    from genloom.tools.scm.posting import Posted, post_review
    from genloom.tools.scm.remote import Project, find_project, open_forge
    from genloom.tools.scm.work_tree import find_work_tree
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "agent_tools": "ScmToolName scm_tools",
            "changes": "git_changes",
            "diff": "read_diff",
            "forge": "Forge PullRequest",
            "posting": "Posted post_review",
            "remote": "Project find_project open_forge",
            "work_tree": "find_work_tree",
        },
    )

__all__ = [
    "Forge",
    "Posted",
    "Project",
    "PullRequest",
    "ScmToolName",
    "find_project",
    "find_work_tree",
    "git_changes",
    "open_forge",
    "post_review",
    "read_diff",
    "scm_tools",
]
