"""The Codegen agent API: a client that never starts a run twice, its journal, and agent backends by name."""

from typing import TYPE_CHECKING

from genloom.lazy import lazy_names

if TYPE_CHECKING:
    from genloom.tools.codegen.agent import Agent, AgentTask
    from genloom.tools.codegen.backends import NO_BACKEND_HINT, AgentBackend, CodegenBackend, agent_backends
    from genloom.tools.codegen.batch import BatchItem, batch_keys
    from genloom.tools.codegen.client import AsyncCodegen
    from genloom.tools.codegen.context_store import EarlierRun, RunContext
    from genloom.tools.codegen.drafts.draft import agent_draft, draft_from_run
    from genloom.tools.codegen.langchain_tools import codegen_tools
    from genloom.tools.codegen.log.entry import LogEntry
    from genloom.tools.codegen.once.journal import PROCESS_JOURNAL, JournalEntry, MemoryJournal, RunJournal
    from genloom.tools.codegen.pacing import Pacing
    from genloom.tools.codegen.poller import RunChanges, RunPoller
    from genloom.tools.codegen.status import is_final, normalise_status
    from genloom.tools.codegen.traffic import UNLIMITED, Limits, Rate
    from genloom.tools.codegen.wire import AgentRunPage, AgentRunResponse, CreateAgentRunInput
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "agent": "Agent AgentTask",
            "backends": "NO_BACKEND_HINT AgentBackend CodegenBackend agent_backends",
            "batch": "BatchItem batch_keys",
            "client": "AsyncCodegen",
            "context_store": "EarlierRun RunContext",
            "drafts.draft": "agent_draft draft_from_run",
            "log.entry": "LogEntry",
            "once.journal": "PROCESS_JOURNAL JournalEntry MemoryJournal RunJournal",
            "pacing": "Pacing",
            "poller": "RunChanges RunPoller",
            "status": "is_final normalise_status",
            "traffic": "UNLIMITED Limits Rate",
            "wire": "AgentRunPage AgentRunResponse CreateAgentRunInput",
            "langchain_tools": "codegen_tools",
        },
    )

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
