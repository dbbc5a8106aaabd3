"""A failure: a backend's error, kept in the state as a value so that the fallback knows why it was called."""

from __future__ import annotations

from genloom.errors import BackendError, BackendFailure, ModelError
from genloom.state.part import StatePart

__all__ = ["Failure"]


class Failure(StatePart):
    """A classified failure: of the model, which led to the fallback edge, or of the agent after drafts had failed."""

    kind: BackendFailure
    message: str
    hint: str = ""
    status: int | None = None

    @classmethod
    def of(cls, error: BackendError) -> Failure:
        """Return the failure that this error describes."""
        return cls(kind=error.kind, message=error.message, hint=error.hint, status=error.status)

    def to_error(self) -> ModelError:
        """Return the error again, to stand among the causes of a `GenerationError`."""
        return ModelError(self.message, kind=self.kind, hint=self.hint, status=self.status)
