"""The Codegen agent API: a client that never starts a run twice, its journal, and agent backends by name."""

from genloom.tools.codegen.agent import Agent, AgentTask
from genloom.tools.codegen.backends import NO_BACKEND_HINT, AgentBackend, CodegenBackend, agent_backends
from genloom.tools.codegen.batch import BatchItem, batch_keys
from genloom.tools.codegen.client import AsyncCodegen
from genloom.tools.codegen.context_store import EarlierRun, RunContext
from genloom.tools.codegen.draft import agent_draft, draft_from_run
from genloom.tools.codegen.journal import PROCESS_JOURNAL, JournalEntry, MemoryJournal, RunJournal
from genloom.tools.codegen.langchain_tools import codegen_tools
from genloom.tools.codegen.log_entry import LogEntry
from genloom.tools.codegen.pacing import Pacing
from genloom.tools.codegen.status import is_final, normalise_status
from genloom.tools.codegen.wire import AgentRunPage, AgentRunResponse, CreateAgentRunInput

__all__ = [
    "NO_BACKEND_HINT",
    "PROCESS_JOURNAL",
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
    "LogEntry",
    "MemoryJournal",
    "Pacing",
    "RunContext",
    "RunJournal",
    "agent_backends",
    "agent_draft",
    "batch_keys",
    "codegen_tools",
    "draft_from_run",
    "is_final",
    "normalise_status",
]
