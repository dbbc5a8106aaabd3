"""The sandbox: runs untrusted Python apart from everything, and reports what came of it."""

from genloom.tools.sandbox.choice import find_interpreter, interpreter_for, least_tier, sandbox_for
from genloom.tools.sandbox.grants import Grants
from genloom.tools.sandbox.langchain_tool import run_python_tool
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.report import (
    CallReport,
    Ended,
    NoRecord,
    NotRunCause,
    Opaque,
    ProgramReport,
    Raised,
    Returned,
    SandboxStatus,
    TestCase,
    TestReport,
)
from genloom.tools.sandbox.repository.import_roots import import_roots
from genloom.tools.sandbox.repository.repository_view import RepositoryView
from genloom.tools.sandbox.sandbox import Sandbox
from genloom.tools.sandbox.tiers import tier_suffices

__all__ = [
    "CallReport",
    "Ended",
    "Grants",
    "Limits",
    "NoRecord",
    "NotRunCause",
    "Opaque",
    "ProgramReport",
    "Raised",
    "RepositoryView",
    "Returned",
    "Sandbox",
    "SandboxStatus",
    "TestCase",
    "TestReport",
    "find_interpreter",
    "import_roots",
    "interpreter_for",
    "least_tier",
    "run_python_tool",
    "sandbox_for",
    "tier_suffices",
]
