"""What a leg keeps outside the database, and its end: the thread's checkpoints, the worktree, the commit that it pins.

All go by the name of the leg, in which its random place is: numbers of runs begin anew with each database.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from contextlib import suppress
from pathlib import Path

from genloom.errors import GenloomError, RepositoryError
from genloom.interfaces.server.repositories import mirror_of, repository_of
from genloom.interfaces.server.runs.checkpoints import Saver, delete_thread
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import RunRecord, Storage
from genloom.tools.scm.worktree import delete_worktree, worktrees_folder, worktrees_in

__all__ = ["delete_worktree_of", "forget_old", "run_name", "sweep_worktrees", "tidy_all", "tidy_up", "worktree_of"]

OLD_SECONDS = 7 * 86_400.0
MOST_AT_ONCE = 100


def run_name(run: RunRecord) -> str:
    """Return the name of the run's leg: that of its thread, of its worktree, and of the commit that it pins."""
    return f"run-{run.id}-{run.leg}-{run.place}"


def worktree_of(run: RunRecord, settings: ServerSettings) -> Path:
    """Return where the run's leg works in its repository."""
    return worktrees_folder(settings.data) / run_name(run)


async def delete_worktree_of(run: RunRecord, storage: Storage, settings: ServerSettings, *, forget: bool) -> None:
    """Delete the leg's worktree; `forget` lets go of the commit that it pinned, too."""
    path = worktree_of(run, settings)
    try:
        repo = await repository_of(storage, run.organization_id, run.repo_id)
    except RepositoryError:
        repo = None  # it was removed, and its mirror with it
    if repo is None:
        await delete_worktree(path)
    else:
        await mirror_of(settings.data, repo).remove_worktree(path, run_name(run), forget=forget)


async def tidy_up(run: RunRecord, storage: Storage, settings: ServerSettings, saver: Saver) -> None:
    """Delete all that is left of a leg that has ended. Raises `GenloomError` for what has to be tried again later."""
    await delete_worktree_of(run, storage, settings, forget=True)
    await delete_thread(saver, run.organization_id, run_name(run))
    await storage.runs.tidied(run)


async def tidy_all(storage: Storage, settings: ServerSettings, saver: Saver) -> None:
    """Tidy up behind runs that ended while nobody worked on them, and behind workers that died at a run's end."""
    for run in await storage.runs.untidy(MOST_AT_ONCE):
        with suppress(GenloomError):
            await tidy_up(run, storage, settings, saver)


async def sweep_worktrees(storage: Storage, settings: ServerSettings) -> None:
    """Delete the worktrees that a crash left behind: those of this database's runs that nobody works on, and others when
    they are a week old, since another database may be served from the same folder."""
    folder = worktrees_folder(settings.data)
    for name in await worktrees_in(folder):
        found = re.fullmatch(r"run-(\d{1,18})-\d+-([0-9a-f]{32})", name)
        if found is None:
            continue
        rests = await storage.runs.rests(int(found[1]), found[2])
        if rests or (rests is None and await asyncio.to_thread(_is_old, folder / name)):
            await delete_worktree(folder / name)


async def forget_old(storage: Storage, settings: ServerSettings) -> None:
    """Delete the logs and the settled messages of runs that ended more than `keep_days` ago, a bounded number at a time."""
    if math.isinf(settings.keep_days):
        return
    before = time.time() - settings.keep_days * 86_400
    await storage.logs.forget(before, most=MOST_AT_ONCE)
    await storage.deliveries.forget(before, most=MOST_AT_ONCE)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > OLD_SECONDS
    except OSError:
        return False  # it is gone
