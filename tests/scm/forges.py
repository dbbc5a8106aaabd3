"""Both hosts for the tests of what works on either, with one pull request that changes three files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from forge_imitation import ImitatedFile
from imitated_github import ImitatedGitHub
from imitated_gitlab import ImitatedGitLab

from genloom.config import Settings
from genloom.state.review import Finding, Review
from genloom.tools.scm.connection import ForgePacing
from genloom.tools.scm.diff import read_diff
from genloom.tools.scm.forge import Forge
from genloom.tools.scm.patches import diff_of
from genloom.tools.scm.posting import Posted, post_review
from genloom.tools.scm.remote import open_forge, project_of_address

SERVERS = {"github": ImitatedGitHub, "gitlab": ImitatedGitLab}
PACING = ForgePacing(timeout=5.0, attempts=3, base=0.001, cap=0.002, longest=0.5)
T = TypeVar("T")
Server = Any  # one of the two: their attributes are the same

PAIRS = ImitatedFile(
    "src/pairs.py",
    "@@ -1,4 +1,5 @@ import re\n import re\n-x = 1\n+x = eval('1')\n+y = eval('1')\n \n def f():\n"
    "@@ -20,2 +21,2 @@\n last\n-old\n+new\n\\ No newline at end of file",
    "import re\nx = eval('1')\ny = eval('1')\n\ndef f():\n",
)
NEW = ImitatedFile("docs/naïve name.md", "@@ -0,0 +1,2 @@\n+# Pairs\n+text", "# Pairs\ntext\n", status="added")
MOVED = ImitatedFile("src/new.py", None, "", status="renamed", old_path="src/old.py")
GONE = ImitatedFile("src/gone.py", "@@ -1 +0,0 @@\n-x", "", status="removed")
FILES = (PAIRS, NEW, MOVED, GONE)

ON_LINES = (
    Finding(rule="S307", severity="error", message="Use of `eval`", path="src/pairs.py", line=2),
    Finding(rule="S307", severity="error", message="Use of `eval`", path="src/pairs.py", line=3),
    Finding(rule="model:style", severity="note", message="Say what it returns.", path="src/pairs.py", line=5),
)
ELSEWHERE = (
    Finding(rule="F401", severity="warning", message="`re` imported but unused", path="src/pairs.py", line=12),
    Finding(rule="tests", severity="warning", message="No test changed.", path="", line=0),
    Finding(rule="x", severity="note", message="gone", path="src/gone.py", line=1),
)
REVIEW = Review(decision="revise", findings=(*ON_LINES, *ELSEWHERE), reviewers=("ruff", "model"), summary="Mind eval.")


def settings_for(server: Server, folder: Path = Path(), **changes: Any) -> Settings:
    """The settings of a user of that server."""
    kind = "github" if isinstance(server, ImitatedGitHub) else "gitlab"
    values = {f"{kind}_url": server.base_url, f"{kind}_token": server.token, **changes}
    return Settings(home=folder, cache=folder, **values)


def with_forge(server: Server, work: Callable[[Forge], Awaitable[T]], **changes: Any) -> T:
    """Do something with an open connection to the server."""

    async def run() -> T:
        settings = settings_for(server, **changes)
        async with open_forge(project_of_address(server.origin, settings), settings, pacing=PACING) as forge:
            return await work(forge)

    return asyncio.run(run())


def post(server: Server, review: Review = REVIEW, **changes: Any) -> Posted:
    """Read the pull request as it is and post a review of it."""

    async def work(forge: Forge) -> Posted:
        pull = await forge.pull_request(7)
        changed = await forge.changed_files(pull)
        return await post_review(forge, pull, read_diff(diff_of(changed.files)), review)

    return with_forge(server, work, **changes)
