"""Carrying a run out: its repository checked out, its graph run in its thread, its end put into words."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphDrained
from pydantic import ValidationError

from genloom.config import load_settings
from genloom.errors import GenloomError, RepositoryError, RequestError, RunCancelledError, StorageError
from genloom.interfaces.job import GenerateOptions, GenerationJob, prepare_job
from genloom.interfaces.recording import recording
from genloom.interfaces.result import GenerationResult
from genloom.interfaces.server.repositories import mirror_of, repository_of
from genloom.interfaces.server.runs.checkpoints import NOTHING, Saved, is_storage_failure, saved_thread
from genloom.interfaces.server.runs.controls import RunControls, approval_answer
from genloom.interfaces.server.runs.ending import Ending, ending_of, failed_by
from genloom.interfaces.server.runs.graph_choice import graph_named
from genloom.interfaces.server.runs.log_entry import log_entry
from genloom.interfaces.server.runs.log_writer import LogWriter
from genloom.interfaces.server.runs.logged_saver import LoggedSaver
from genloom.interfaces.server.runs.places import delete_worktree_of, run_name, tidy_up, worktree_of
from genloom.interfaces.server.runs.run_request import RUN_SWITCHES, run_request
from genloom.interfaces.server.settings import ServerSettings
from genloom.interfaces.server.storage import RepoRecord, RunRecord, Storage
from genloom.interfaces.server.storage.columns import digest_of
from genloom.state import GenerationRequest, GraphContext

__all__ = ["Execution", "StorageFailedError"]

_STOPPED = {
    "cancel": Ending(status="cancelled", summary="Cancelled as asked."),
    "pause": Ending(status="paused", summary="Paused as asked: resume it to go on."),
    "shutdown": Ending(status="released", summary="The server stops; another worker goes on."),
    "lost": Ending(status="lost", summary="Another worker has taken the run over."),
}
_UNCLEAR = (
    "The answer is neither a yes nor a no: resume with `approve` or `reject`, then a colon and what you have to say."
)


class StorageFailedError(StorageError):
    """A checkpoint or journal could not be written: the run goes on from what is saved once that works again."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One leg of a run, of which `saved` is known so far."""

    storage: Storage
    settings: ServerSettings
    saver: BaseCheckpointSaver[Any]  # Any: each saver's own version numbers
    run: RunRecord
    log: LogWriter
    saved: Saved = NOTHING

    async def carry_out(self, controls: RunControls) -> Ending:
        """Run the leg from what is saved of it to its end, or until `controls` stop it. Raises `StorageFailedError`;
        everything else that goes wrong is an ending."""
        try:
            return await replace(self, saved=await self._found())._to_its_end(controls)
        except (RunCancelledError, asyncio.CancelledError):
            if controls.reason is None:
                raise
            return self.stopped(controls)
        except GenloomError as error:
            if isinstance(error, StorageError):
                raise StorageFailedError(error.message, hint=error.hint) from error
            return failed_by(error)
        except Exception as error:  # whatever a graph raises, the worker lives on
            if is_storage_failure(error):
                raise StorageFailedError(f"The run's state cannot be saved ({type(error).__name__}).") from error
            ending = failed_by(error)
            print(f"genloom serve: {run_name(self.run)}: {ending.summary}", file=sys.stderr)
            return ending

    def stopped(self, controls: RunControls) -> Ending:
        """Return the ending of a leg that was stopped by `controls`."""
        if controls.reason == "timeout":
            limit = f"{self.settings.run_seconds:g}"
            return Ending(status="timeout", summary=f"Timeout: the run took longer than {limit} seconds. Ask for less.")
        return _STOPPED[controls.reason or "shutdown"]

    async def clean_up(self, *, forget: bool) -> None:
        """Delete the leg's worktree; `forget` lets go of the commit that it pinned and of its checkpoints, too."""
        if forget:
            await tidy_up(self.run, self.storage, self.settings, self.saver)
        else:
            await delete_worktree_of(self.run, self.storage, self.settings, forget=False)

    async def _to_its_end(self, controls: RunControls) -> Ending:
        answer = self._answer()
        if self._answered and answer is None:
            return Ending(status="paused", summary=_UNCLEAR, question=self.saved.question)
        self._tell_beginning()
        repository = await self._checked_out()
        job = await asyncio.to_thread(self._job, repository)
        result = await self._recorded(job, controls, answer)
        ending = await asyncio.to_thread(ending_of, result, repository)
        return replace(ending, question=(await self._found()).question) if ending.status == "paused" else ending

    async def _found(self) -> Saved:
        return await saved_thread(self.saver, self.run.organization_id, run_name(self.run))

    def _tell_beginning(self) -> None:
        place, resume = f"{self.run.leg}:{self.saved.steps}", self.run.resume or {}
        self.log.begin_after(self.saved.steps)
        if resume.get("prompt"):
            said = str(resume["prompt"])
            self.log.put(
                log_entry(f"{place}:said:{digest_of(said)[:12]}", "USER_MESSAGE", thought=said, observation=said)
            )
        if self.run.takeovers:
            told = f"The worker before this one fell silent: going on after {self.saved.steps} saved steps."
            self.log.put(log_entry(f"{place}:takeover:{self.run.takeovers}", "PLAN_EVALUATION", thought=told))
        if self.run.images:
            told = "Images are not looked at: only the text of the prompt counts."
            self.log.put(log_entry(f"{self.run.leg}:images", "PLAN_EVALUATION", thought=told))

    async def _checked_out(self) -> Path | None:
        repo = await self._repo()
        if repo is None:
            return None
        began = time.monotonic()
        try:
            commit = await mirror_of(self.settings.data, repo).add_worktree(self._worktree, run_name(self.run))
        except RepositoryError as error:  # its words, and git's, tell of the machine: they are for the operator
            print(f"genloom serve: {run_name(self.run)}: {error.message} {error.hint}".rstrip(), file=sys.stderr)
            raise RepositoryError(
                f"The repository {repo.full_name} cannot be checked out.", hint="The server's operator can read why."
            ) from error
        self.log.put(
            log_entry(
                f"{self.run.leg}:checkout",
                "ACTION",
                tool="checkout",
                tool_input={"repository": repo.full_name},
                tool_output={"commit": commit, "seconds": round(time.monotonic() - began, 3)},
                observation=f"{repo.full_name} at {commit[:12]}",
            )
        )
        return self._worktree

    async def _recorded(self, job: GenerationJob, controls: RunControls, answer: Any) -> GenerationResult:
        run_graph = graph_named(self.run.graph)
        with recording(job.settings, job.on_event, thread_id=job.thread_id) as record:
            recorded = replace(job, on_event=record.emit)
            try:
                saver = LoggedSaver(self.saver, self.log.confirm)
                result = await run_graph(recorded, saver=saver, control=controls.drain, answer=answer)
            except GraphDrained as drained:
                raise RunCancelledError("The run was stopped and can be resumed.", thread_id=job.thread_id) from drained
            await record.finish(result)
            return result

    def _job(self, repository: Path | None) -> GenerationJob:
        """Prepare the leg's job. What is saved of its request stands: a thread goes on with what it began with."""
        given, metadata = load_settings(), self.run.metadata or {}
        options: GenerateOptions = {
            "context": GraphContext(organisation=self.run.organization_id),
            "model": self.run.model or self.settings.model,
            "python": given.python or sys.executable,  # never the one that a repository brings
            "thread_id": run_name(self.run),
            "cache": False,
            "on_event": self.log.on_event,
        }
        if repository is not None:
            options["repository"] = str(repository)
        for switch in RUN_SWITCHES:
            if metadata.get(switch):
                options[switch] = True  # type: ignore[literal-required]  # the switches are options, by name
        return prepare_job(self.saved.request or self._request(), options)

    def _request(self) -> GenerationRequest:
        try:
            return run_request(self.run)
        except ValidationError as error:
            told = "; ".join(
                str(problem["msg"]) for problem in error.errors(include_url=False, include_input=False)[:5]
            )
            raise RequestError(f"The request cannot be used: {told}", hint="Correct the prompt or metadata.") from error

    @property
    def _answered(self) -> bool:
        """Whether a person has answered the question that the thread waits in, and no other."""
        resume = self.run.resume or {}
        asked = self.saved.question
        return asked is not None and resume.get("kind") == "answer" and resume.get("question") == asked

    def _answer(self) -> dict[str, Any] | None:
        """The person's answer, for a thread that waits for one."""
        return approval_answer(str((self.run.resume or {}).get("prompt", ""))) if self._answered else None

    async def _repo(self) -> RepoRecord | None:
        return await repository_of(self.storage, self.run.organization_id, self.run.repo_id)

    @property
    def _worktree(self) -> Path:
        return worktree_of(self.run, self.settings)
