"""The Codegen agent API: a client that never starts a run twice, its journal, and agent backends by name."""

from genloom.tools.codegen.agent import Agent, AgentTask
from genloom.tools.codegen.backends import NO_BACKEND_HINT, AgentBackend, CodegenBackend, agent_backends
from genloom.tools.codegen.client import AsyncCodegen
from genloom.tools.codegen.draft import draft_from_run
from genloom.tools.codegen.journal import PROCESS_JOURNAL, JournalEntry, MemoryJournal, RunJournal
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
    "CodegenBackend",
    "CreateAgentRunInput",
    "JournalEntry",
    "MemoryJournal",
    "Pacing",
    "RunJournal",
    "agent_backends",
    "draft_from_run",
    "is_final",
    "normalise_status",
]
