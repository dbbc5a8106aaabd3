"""The Codegen agent API: a client that never starts a run twice, its journal, and agent backends by name."""

from genloom.tools.codegen.journal import JournalEntry, MemoryJournal, RunJournal

__all__ = ["JournalEntry", "MemoryJournal", "RunJournal"]
