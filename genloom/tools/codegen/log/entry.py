"""One step of a run's log, in the order that the server told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from genloom.events import AgentLogged
from genloom.tools.codegen.wire import AgentRunLogResponse

__all__ = ["LogEntry"]

EVENT_CHARACTERS = 500


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """A step of the run `run_id`. `number` counts the entries told so far, from 1; `step` is what the server wrote, as it
    wrote it: it is the agent's text, untrusted and not redacted."""

    run_id: int
    number: int
    step: AgentRunLogResponse

    @property
    def kind(self) -> str:
        """The server's word for the kind of step, such as `ACTION`; empty when it has none."""
        return self.step.message_type or ""

    @property
    def tool(self) -> str:
        """The tool that the agent used, empty for none."""
        return self.step.tool_name or ""

    @property
    def text(self) -> str:
        """The step in words: its thought, else what was observed, else the tool's output or input."""
        step = self.step
        for said in (step.thought, step.observation, step.tool_output, step.tool_input):
            if said:
                return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        return ""

    def to_event(self, *, secrets: Sequence[str] = ()) -> AgentLogged:
        """Return the entry as an event: one line of at most 500 characters, without secrets."""
        from genloom.tools.security import redact  # here: its patterns are not needed to read runs

        # secrets first: a cut could leave a half of one that nothing recognises
        text = " ".join(redact(self.text, secrets=secrets).split())
        cut = text if len(text) <= EVENT_CHARACTERS else f"{text[: EVENT_CHARACTERS - 1]}…"
        return AgentLogged(run_id=self.run_id, number=self.number, entry=self.kind[:80], tool=self.tool[:80], text=cut)


def fingerprint(step: AgentRunLogResponse) -> bytes:
    """Return what tells a step from others: the API gives it no number."""
    return hashlib.blake2b(step.model_dump_json().encode("utf-8", "surrogatepass"), digest_size=16).digest()
