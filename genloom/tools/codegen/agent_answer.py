"""How runs of the Codegen agent are told to a model: bounded text, in which the agent's own words are delimited data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from genloom.config import load_settings
from genloom.errors import AgentError, CredentialError, GenloomError, UsageError
from genloom.state import AgentRun
from genloom.tools.codegen.log.entry import LogEntry
from genloom.tools.codegen.status import normalise_status
from genloom.tools.codegen.wire import AgentRunResponse, AgentRunWithLogsResponse
from genloom.tools.security import clean, present, redact
from genloom.tools.told_failures import tell_failure

__all__ = ["AgentAnswer", "of_bad_arguments"]

ENTRY_CHARACTERS = 1_000
ROW_CHARACTERS = 120
MAX_LINKS = 10
CUT_CHARACTERS = 45
"""What the words that stand for a cut take."""

_NEXT = {
    "queued": "It goes on. Look again later with codegen_status.",
    "running": "It goes on. Look again later with codegen_status.",
    "timeout": "It did not end in the time given. If its raw status is no end, it goes on: look again with codegen_status.",
    "paused": "It waits: codegen_resume lets it go on.",
    "unknown": "Its status is not known here. Look again later with codegen_status, or ask a person.",
    "failed": "It failed; codegen_logs shows what it did.",
    "cancelled": "It was stopped by somebody.",
}


@dataclass(frozen=True, kw_only=True)
class AgentAnswer:
    """`most` bounds every answer, in characters; `kept_secrets` are cut out of each, as the environment's are."""

    most: int
    kept_secrets: Sequence[str] = field(default=(), repr=False)

    def of_run(self, run: AgentRun) -> str:
        """Tell a run with its result."""
        lines = [
            f"run {run.id}: {run.status}"
            + (f" (raw status: {clean(self._safe(run.raw_status, 100)).text})" if run.raw_status else "")
        ]
        lines += [f"web: {clean(self._safe(run.web_url, 500)).text}"] if run.web_url else []
        lines += [f"pull request: {clean(self._safe(url, 500)).text}" for url in run.pull_requests[:MAX_LINKS]]
        lines += [_NEXT[run.status]] if run.status in _NEXT else []
        room = max(200, self.most - sum(map(len, lines)) - 500)
        if run.summary:
            lines.append(present("the agent's summary", self._safe(run.summary, room // 4)))
        if run.result:
            lines.append(present("the agent's result", self._safe(run.result, room // 2)))
        return "\n".join(lines)

    def of_logs(self, page: AgentRunWithLogsResponse, *, skip: int, limit: int) -> str:
        """Tell a part of a run's log."""
        steps = page.logs[:limit]
        total = page.total_logs
        head = f"run {page.id}: {normalise_status(page.status)}; entries {skip + 1} to {skip + len(steps)}"
        if not steps:
            return f"run {page.id}: {normalise_status(page.status)}; no entries after the first {skip}"
        each = max(50, min(ENTRY_CHARACTERS, (self.most - 500) // len(steps)))
        entries = [LogEntry(run_id=page.id, number=skip + place, step=step) for place, step in enumerate(steps, 1)]
        told = [self._safe(f"{entry.number}. {entry.tool or entry.kind}: {entry.text}", each) for entry in entries]
        return "\n".join(
            [f"{head} of {total}" if total is not None else head, present("the agent's steps", "\n".join(told))]
        )

    def of_list(self, runs: Sequence[AgentRunResponse]) -> str:
        """Tell runs, one on a line."""
        if not runs:
            return "There are no such runs."
        each = max(60, min(ROW_CHARACTERS, (self.most - 500) // len(runs) - 60))
        rows = [
            f"run {run.id}: {normalise_status(run.status)} {(run.created_at or '')[:19]} "
            f"{self._safe(' '.join((run.summary or run.result or '').split()), each)}".rstrip()
            for run in runs
        ]
        return present("Codegen runs, newest first", "\n".join(rows))

    def of_error(self, error: GenloomError) -> str:
        """Tell what went wrong and what to do."""
        tell_failure(error)
        if isinstance(error, CredentialError):
            what = "Do not try again: a person must set the token or the organisation."
        elif isinstance(error, AgentError) and error.transient:
            what = "It may work later. A run may have been started: look with codegen_list before you start another."
        elif isinstance(error, UsageError):
            what = "Change the arguments."
        else:
            what = "Tell the person whom you work for."
        return self._safe(f"not done: {error.message} {error.hint} {what}", min(self.most, 2_000))

    def _safe(self, text: str, most: int) -> str:
        try:
            known = load_settings().secrets
        except UsageError:  # some variable makes no sense, which the call itself has told
            known = ()
        # secrets first: a cut could leave a half of one that nothing recognises
        text = redact(text, secrets=(*known, *self.kept_secrets))
        if len(text) <= most:
            return text
        kept = max(0, most - CUT_CHARACTERS)
        head = kept * 2 // 3
        return f"{text[:head]}\n… {len(text) - kept:,} characters left out …\n{text[len(text) - (kept - head) :]}"


def of_bad_arguments(error: ValidationError | object) -> str:
    """Tell arguments that cannot be used."""
    if not isinstance(error, ValidationError):
        return "not done: the arguments cannot be used"
    problems = [
        f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
        for each in error.errors(include_url=False, include_input=False)[:5]
    ]
    return f"not done: the arguments cannot be used: {'; '.join(problems)}"
