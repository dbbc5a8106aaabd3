"""Everything that genloom raises on purpose.

    GenloomError
    ├── UsageError              exit 2   what was asked cannot be done as asked
    │   ├── RequestError                 the request itself: empty, contradictory, malformed
    │   │   └── ExampleError             an example that is not `call == literal` or `raises(Error, call)`
    │   ├── RepositoryError              the repository is missing, unreadable or not a folder
    │   ├── ModelNameError               no such provider, package or model
    │   ├── GraphDefinitionError         a graph was put together wrongly (a key that the state lacks)
    │   ├── ThreadError                  no such thread, or it has nothing to resume
    │   └── StorageError                 a file or folder cannot be written or read (full disk, permissions)
    ├── CredentialError         exit 3   a key or token is missing or was refused (401, 403)
    ├── BackendError            exit 4   one model server or agent backend failed; `kind` says how
    │   ├── ModelError
    │   ├── AgentError
    │   ├── ForgeError
    │   └── TimeLimitError               a node took longer than its policy allows
    ├── GenerationError         exit 4   every backend that could be asked failed; holds the causes
    ├── GeneratedImportError    exit 1   a generated module cannot be imported; an ImportError, too
    │   ├── PendingReview       exit 5   a person must accept the module first
    │   └── FrozenImportError            it is not pinned, and nothing may be generated; a ModuleNotFoundError, too
    └── RunCancelledError            exit 130 Ctrl-C or the deadline; the thread is saved and can be resumed

An error says what happened (`message`), and what to do next (`hint`). It carries fields and never logs. Outcomes that
are expected (a draft that fails its checks, a search that abstains) are values, not errors: see `genloom.state`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

__all__ = [
    "AgentError",
    "BackendError",
    "BackendFailure",
    "CredentialError",
    "ExampleError",
    "ForgeError",
    "FrozenImportError",
    "GeneratedImportError",
    "GenerationError",
    "GenloomError",
    "GraphDefinitionError",
    "ModelError",
    "ModelNameError",
    "PendingReview",
    "RepositoryError",
    "RequestError",
    "RunCancelledError",
    "StorageError",
    "ThreadError",
    "TimeLimitError",
    "UsageError",
]

BackendFailure = Literal[
    "rate_limit", "timeout", "server", "connection", "payment", "bad_request", "malformed", "run_failed"
]
"""How a backend failed. The first four are transient: trying again later can help. `run_failed`: an agent's run was
carried out and ended without success."""


class GenloomError(Exception):
    """The root of the tree: `message` says what happened and why, `hint` what to do next. `thread_id` is the thread that
    keeps what was done, where a run had begun to keep anything."""

    exit_code: ClassVar[int] = 1
    outcome: ClassVar[Literal["error", "cancelled", "pending"]] = "error"
    """How the JSON contract names this end."""
    thread_id: str | None = None

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint and type(self).__str__ is BaseException.__str__:  # else the text says it
            self.add_note(hint)

    def to_json(self) -> dict[str, str]:
        """Return `{"type", "message", "hint"}` as the JSON contract shows an error."""
        return {"type": type(self).__name__, "message": self.message, "hint": self.hint}


class UsageError(GenloomError):
    """What was asked cannot be done as asked."""

    exit_code = 2


class RequestError(UsageError):
    """The request itself is empty, contradictory or malformed."""


class ExampleError(RequestError):
    """An example is not `call == literal` or `raises(Error, call)`, or contradicts another."""


class RepositoryError(UsageError):
    """The repository is missing, unreadable or not a folder."""


class ModelNameError(UsageError):
    """No such provider, no package for it, or no such model on the server."""


class GraphDefinitionError(UsageError):
    """A graph was put together wrongly, for example a node whose key the state lacks."""


class ThreadError(UsageError):
    """No thread of that name is stored, or it has nothing to resume."""


class StorageError(UsageError):
    """A file or folder cannot be written or read: permissions, a full disk, a file that changed meanwhile."""


class CredentialError(GenloomError):
    """A key or token is missing, or a server refused it (401, 403)."""

    exit_code = 3


class BackendError(GenloomError):
    """One model server or agent backend failed.

    `kind` says how, `status` is the HTTP status where there was one, `retry_after` the seconds that the server asked to
    wait, `request_id` the server's own name for the request, for whoever looks into its logs.
    """

    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        kind: BackendFailure,
        hint: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind: BackendFailure = kind
        self.status = status
        self.retry_after = retry_after
        self.request_id = request_id

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed later."""
        return self.kind in ("rate_limit", "timeout", "server", "connection")


class ModelError(BackendError):
    """A chat model's server failed, or answered what cannot be used."""


class AgentError(BackendError):
    """A Codegen agent backend failed, or its run ended without a result."""


class ForgeError(BackendError):
    """A code host (GitHub, GitLab) failed, or answered what cannot be used."""


class TimeLimitError(BackendError):
    """A node took longer than its policy's `limit_seconds`."""


class GenerationError(GenloomError):
    """Every backend that could be asked failed; `causes` are their errors, in the order they were tried."""

    exit_code = 4

    def __init__(self, message: str, *, causes: Sequence[BaseException] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.causes = tuple(causes)


class RunCancelledError(GenloomError):
    """The run was stopped by Ctrl-C or its deadline; `thread_id` resumes it where it was saved."""

    exit_code = 130
    outcome = "cancelled"

    def __init__(self, message: str, *, thread_id: str | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.thread_id = thread_id


class GeneratedImportError(GenloomError, ImportError):
    """A generated module cannot be imported.

    `name` is the module, `path` its file where there is one; `evidence` has a line for each thing that was tried or seen
    (checks that failed, expected and actual values). The text of the error shows all of it, so that a traceback does.
    """

    def __init__(
        self, message: str, *, hint: str = "", name: str = "", path: str | None = None, evidence: Sequence[str] = ()
    ) -> None:
        super().__init__(message, hint=hint)
        self.name = name
        self.path = path
        self.evidence = tuple(evidence)

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.message, *(f"  {line}" for line in self.evidence), self.hint)))


class PendingReview(GeneratedImportError):  # noqa: N818 - it waits for a person, which is no error of anybody's
    """A generated module waits for a person to accept it: `diff` shows it, `thread_id` resumes its run."""

    exit_code = 5
    outcome = "pending"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        name: str = "",
        path: str | None = None,
        evidence: Sequence[str] = (),
        diff: str = "",
        thread_id: str = "",
    ) -> None:
        super().__init__(message, hint=hint, name=name, path=path, evidence=evidence)
        self.diff = diff
        self.thread_id = thread_id


class FrozenImportError(GeneratedImportError, ModuleNotFoundError):
    """What is imported is not pinned, and in this mode nothing is generated."""
