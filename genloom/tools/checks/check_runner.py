"""What checks need of whatever runs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, Self

from genloom.tools.sandbox.conversation.call_conversation import Ask
from genloom.tools.sandbox.grants import Grants
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.report import CallReport, TestReport

__all__ = ["CheckRunner"]


class CheckRunner(Protocol):
    """What verification needs of a sandbox; `genloom.tools.sandbox.Sandbox` is one."""

    @property
    def limits(self) -> Limits:
        """What a run may use that is given no limits of its own."""
        ...

    def granting(self, grants: Grants) -> Self:
        """Return a runner like this one, whose runs have the grants."""
        ...

    async def acall(
        self,
        files: Mapping[str, str],
        module: str,
        calls: Sequence[str],
        *,
        limits: Limits | None = None,
        record_lines: Sequence[str] = (),
    ) -> CallReport:
        """Evaluate each expression in the namespace of the module, in order."""
        ...

    async def aexplore(
        self,
        files: Mapping[str, str],
        module: str,
        questions: Callable[[Ask], Awaitable[None]],
        *,
        limits: Limits | None = None,
    ) -> CallReport:
        """Evaluate expressions that `questions` asks for one after the other; only further checks need it."""
        ...

    async def atest(
        self,
        files: Mapping[str, str],
        tests: str,
        *,
        limits: Limits | None = None,
        record_lines: Sequence[str] = (),
    ) -> TestReport:
        """Run the text of a pytest file beside the files."""
        ...
