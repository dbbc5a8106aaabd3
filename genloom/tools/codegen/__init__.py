"""The Codegen agent API: a client that never starts a run twice, its journal, and agent backends by name."""

from typing import TYPE_CHECKING

from genloom.tools.codegen.agent import Agent, AgentTask
from genloom.tools.codegen.backends import NO_BACKEND_HINT, AgentBackend, CodegenBackend, agent_backends
from genloom.tools.codegen.batch import BatchItem, batch_keys
from genloom.tools.codegen.client import AsyncCodegen
from genloom.tools.codegen.context_store import EarlierRun, RunContext
from genloom.tools.codegen.drafts.draft import agent_draft, draft_from_run
from genloom.tools.codegen.log.entry import LogEntry
from genloom.tools.codegen.once.journal import PROCESS_JOURNAL, JournalEntry, MemoryJournal, RunJournal
from genloom.tools.codegen.pacing import Pacing
from genloom.tools.codegen.poller import RunChanges, RunPoller
from genloom.tools.codegen.status import is_final, normalise_status
from genloom.tools.codegen.traffic import UNLIMITED, Limits, Rate
from genloom.tools.codegen.wire import AgentRunPage, AgentRunResponse, CreateAgentRunInput

if TYPE_CHECKING:
    from genloom.tools.codegen.langchain_tools import codegen_tools

__all__ = [
    "NO_BACKEND_HINT",
    "PROCESS_JOURNAL",
    "UNLIMITED",
    "Agent",
    "AgentBackend",
    "AgentRunPage",
    "AgentRunResponse",
    "AgentTask",
    "AsyncCodegen",
    "BatchItem",
    "CodegenBackend",
    "CreateAgentRunInput",
    "EarlierRun",
    "JournalEntry",
    "Limits",
    "LogEntry",
    "MemoryJournal",
    "Pacing",
    "Rate",
    "RunChanges",
    "RunContext",
    "RunJournal",
    "RunPoller",
    "agent_backends",
    "agent_draft",
    "batch_keys",
    "codegen_tools",
    "draft_from_run",
    "is_final",
    "normalise_status",
]


def __getattr__(name: str) -> object:
    if name == "codegen_tools":  # loaded when it is used: its schemas would hold up every import of the client
        from genloom.tools.codegen.langchain_tools import codegen_tools

        return codegen_tools
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
