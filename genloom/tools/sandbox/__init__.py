"""The sandbox: runs untrusted Python apart from everything, and reports what came of it."""

from genloom.tools.sandbox.choice import interpreter_for, sandbox_for
from genloom.tools.sandbox.import_roots import import_roots
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
from genloom.tools.sandbox.repository_view import RepositoryView
from genloom.tools.sandbox.sandbox import Sandbox

__all__ = [
    "CallReport",
    "Ended",
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
    "import_roots",
    "interpreter_for",
    "sandbox_for",
]
