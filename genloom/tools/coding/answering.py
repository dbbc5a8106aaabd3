"""A tool over a core: its answer is delimited data, and whatever goes wrong is an answer too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from genloom.errors import GenloomError, UsageError
from genloom.portal import run_sync
from genloom.tools.codebase.agent_tools.arguments import of_bad_arguments
from genloom.tools.effects import Effect, with_effect
from genloom.tools.security import clean, present
from genloom.tools.told_failures import tell_failure

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool
    from pydantic import BaseModel

__all__ = ["AnsweringTool", "demand_names"]

Core = Callable[..., Awaitable[str]]


@dataclass(frozen=True, kw_only=True)
class AnsweringTool:
    """What becomes a tool: `core` gives the text of its answer, which stands under `title`; where it cannot, the answer
    begins with `failed` and says why and what to do. `secrets` are values to take out of either."""

    name: str
    description: str
    core: Core
    arguments: type[BaseModel]
    effect: Effect
    title: str
    failed: str
    secrets: Sequence[str] = field(default=(), repr=False)

    def made(self) -> BaseTool:
        """Return the LangChain tool, for `invoke` and `ainvoke`."""
        from langchain_core.tools import StructuredTool  # imported here: the cores need no LangChain

        async def acall(**given: Any) -> str:  # Any: what the arguments' schema let through
            try:
                return present(self.title, await self.core(**given), secrets=self.secrets)
            except (GenloomError, OSError) as error:
                tell_failure(error)
                why = f"{error.message} {error.hint}" if isinstance(error, GenloomError) else str(error)
                return f"{self.failed}: {clean(why.strip(), secrets=self.secrets).text}"

        def call(**given: Any) -> str:  # Any: as above
            return run_sync(acall(**given))

        tool = StructuredTool.from_function(
            func=call,
            coroutine=acall,
            name=self.name,
            description=self.description,
            args_schema=self.arguments,
            handle_validation_error=lambda error: f"{self.failed}: {of_bad_arguments(error)}",
        )
        return with_effect(tool, self.effect)


def demand_names(only: Sequence[str] | None, known: Sequence[str]) -> None:
    """Raise `UsageError` for a name among `only` that no tool has."""
    unknown = [name for name in only or () if name not in known]
    if unknown:
        raise UsageError(f"There is no tool {unknown[0]!r}.", hint=f"The tools are {', '.join(known)}.")
