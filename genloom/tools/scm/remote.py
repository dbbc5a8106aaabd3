"""Which code host a repository's `origin` names, and the open connection to it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from genloom.config import Settings
from genloom.errors import CredentialError, RepositoryError, UsageError
from genloom.tools.codegen.http.address import checked_address
from genloom.tools.scm.connection import ForgeConnection, ForgePacing
from genloom.tools.scm.forge import Forge
from genloom.tools.scm.github import GitHub
from genloom.tools.scm.gitlab import GitLab
from genloom.tools.scm.work_tree import find_work_tree
from genloom.tools.trusted_git import run_trusted_git

__all__ = ["Project", "find_project", "open_forge", "project_of_address"]

ForgeKind = Literal["github", "gitlab"]

_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!//)(?P<path>.+)")
_SEGMENT = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}")
_PUBLIC: dict[ForgeKind, str] = {"github": "https://github.com", "gitlab": "https://gitlab.com"}
_VARIABLES: dict[ForgeKind, str] = {"github": "GENLOOM_GITHUB", "gitlab": "GENLOOM_GITLAB"}
_NAMES: dict[ForgeKind, str] = {"github": "GitHub", "gitlab": "GitLab"}


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project at a code host that may be asked: `root` is the host's address, `path` as in `owner/name`."""

    forge: ForgeKind
    root: str
    path: str

    @property
    def api_url(self) -> str:
        """Where its host's API stands."""
        if self.forge == "gitlab":
            return f"{self.root}/api/v4"
        parts = urlsplit(self.root)
        if self.root == _PUBLIC["github"] or (parts.hostname or "").endswith(".ghe.com"):
            return f"{parts.scheme}://api.{parts.netloc}"
        return f"{self.root}/api/v3"

    @property
    def url(self) -> str:
        """Where a person looks at it."""
        return f"{self.root}/{self.path}"


async def find_project(folder: Path, settings: Settings) -> Project:
    """Return the project that `origin` of the folder's repository names.

    Raises `RepositoryError` without a repository or an `origin`, `UsageError` when it is at no host that may be asked:
    github.com, gitlab.com, and the servers that `GENLOOM_GITHUB_URL` and `GENLOOM_GITLAB_URL` name.
    """
    root = find_work_tree(folder)
    try:
        address = (await run_trusted_git("remote", "get-url", "origin", folder=root)).strip()
    except RepositoryError as error:
        if "No such remote" not in error.message:
            raise
        raise RepositoryError(
            "The repository has no remote named origin.", hint="Add it: git remote add origin ADDRESS."
        ) from error
    return project_of_address(address, settings)


def project_of_address(address: str, settings: Settings) -> Project:
    """Return the project of a remote's address: `https://…`, `ssh://…` or `git@host:path`. Its user and password are
    passed over, and are in no message."""
    host, port, path = _parts(address)
    for forge, root in _hosts(settings):
        here = urlsplit(root)
        same = host == here.hostname and port in (None, here.port)
        if same or (root == _PUBLIC["github"] and host == "ssh.github.com"):
            inside = path.removeprefix(here.path.strip("/") + "/") if here.path.strip("/") else path
            segments = inside.split("/")
            depth = len(segments) == 2 if forge == "github" else 2 <= len(segments) <= 21
            if depth and all(_SEGMENT.fullmatch(part) and part not in (".", "..") for part in segments):
                return Project(forge=forge, root=root, path=inside)
    raise UsageError(
        f"The repository's origin is at {host or 'no host'}, which is no code host that is known.",
        hint="For a server of your own set GENLOOM_GITHUB_URL or GENLOOM_GITLAB_URL.",
    )


def _parts(address: str) -> tuple[str, int | None, str]:
    """Return host, port and path; no port where it says nothing of the web's (ssh, or the scheme's own)."""
    scp = _SCP.fullmatch(address) if "://" not in address else None
    try:
        parts = urlsplit(address)
        host = (scp["host"] if scp else parts.hostname or "").lower()
        port = parts.port if not scp and parts.scheme in ("http", "https") else None
    except ValueError:
        return "", None, ""
    return host, port, (scp["path"] if scp else parts.path).strip("/").removesuffix(".git")


def _hosts(settings: Settings) -> Iterator[tuple[ForgeKind, str]]:
    own: dict[ForgeKind, str | None] = {"github": settings.github_url, "gitlab": settings.gitlab_url}
    for forge, url in own.items():
        if url:
            variable = f"{_VARIABLES[forge]}_URL"
            yield (
                forge,
                checked_address(url, what=_NAMES[forge], variable=variable, allow_http=settings.allow_http),
            )
    yield from _PUBLIC.items()


@contextlib.asynccontextmanager
async def open_forge(
    project: Project, settings: Settings, *, pacing: ForgePacing | None = None
) -> AsyncIterator[Forge]:
    """Yield the project at its host, with the token that the settings hold. Raises `CredentialError` without one."""
    token = settings.github_token if project.forge == "github" else settings.gitlab_token
    variable, name = f"{_VARIABLES[project.forge]}_TOKEN", _NAMES[project.forge]
    right = "may read and write pull requests" if project.forge == "github" else "has the scope `api`"
    hint = f"Set {variable} to a token that {right} of {project.path}."
    if not token:
        raise CredentialError(f"There is no token for {name}.", hint=hint)
    if not (token.isascii() and token.isprintable()):
        raise CredentialError(f"The token for {name} holds what no header can.", hint=hint)
    own = (
        {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        if project.forge == "github"
        else {"PRIVATE-TOKEN": token, "Accept": "application/json"}
    )
    connection = ForgeConnection(
        api_url=project.api_url,
        host=name,
        token=token,
        headers=own,
        token_hint=hint,
        pacing=pacing or ForgePacing(),
    )
    async with connection:
        yield GitHub(connection, project.path) if project.forge == "github" else GitLab(connection, project.path)
