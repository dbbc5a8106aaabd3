"""The tools: each one core, for `invoke` and `ainvoke`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from genloom.errors import UsageError

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool
    from pydantic import BaseModel

    from genloom.tools.codebase.codebase import Codebase

__all__ = ["CodeToolName", "codebase_tools"]

CodeToolName = Literal["search_code", "read_symbol", "reveal_symbol", "list_directory", "view_file"]

MAX_OUTPUT_CHARACTERS = 20_000
LEAST_OUTPUT_CHARACTERS = 1_000
REFRESH_SHARE = 5.0
"""After a look for changes that took a second, none for five: an agent's calls do not wait for each other's looks."""

_DESCRIPTIONS: dict[CodeToolName, str] = {
    "search_code": (
        "Find the files and definitions of the repository that a question, an error or a task is about, best first, with "
        "the reasons. Start here."
    ),
    "read_symbol": "Read the text of one function, class, method or variable, with line numbers.",
    "reveal_symbol": "Read a definition together with what it uses and what uses it, within a budget of tokens.",
    "list_directory": "List a folder of the repository.",
    "view_file": "Read lines of a file of the repository, with line numbers.",
}


def codebase_tools(
    codebase: Codebase | Callable[[], Codebase],
    *,
    secrets: Sequence[str] = (),
    only: Sequence[CodeToolName] | None = None,
    max_output_characters: int = MAX_OUTPUT_CHARACTERS,
) -> list[BaseTool]:
    """Return a repository's tools for a LangChain agent, for `invoke` and `ainvoke`; `only` picks some.

    A function in place of the codebase is called when a tool is, each time.

    Answers are text of at most `max_output_characters` (1,000 at least): what comes from the repository is delimited
    data, with secrets that are recognised, and the values in `secrets`, taken out. Changes on disk are seen. Whatever goes
    wrong is an answer that says what to do, never an exception. Nothing outside of the repository is read, neither by `..`
    nor by an absolute path nor through a link; nothing that its ignore files leave out, or of `.git`.
    """
    unknown = [name for name in only or () if name not in _DESCRIPTIONS]
    if unknown:
        raise UsageError(f"There is no tool {unknown[0]!r}.", hint=f"The tools are {', '.join(_DESCRIPTIONS)}.")
    if max_output_characters < LEAST_OUTPUT_CHARACTERS:
        raise UsageError(
            f"An answer of {max_output_characters} characters has no room for anything.",
            hint=f"`max_output_characters` is {LEAST_OUTPUT_CHARACTERS:,} at least.",
        )
    # imported here: the codebase needs no LangChain, and a command that only ranks none of the arguments' models
    import asyncio

    from langchain_core.tools import StructuredTool

    from genloom.tools.codebase.agent_tools.answer import CodeAnswer
    from genloom.tools.codebase.agent_tools.arguments import of_bad_arguments

    answer = CodeAnswer(most=max_output_characters, secrets=tuple(secrets))
    opened = codebase if callable(codebase) else lambda: codebase
    fresh = _Freshness()

    def made(name: CodeToolName, core: Callable[..., str], arguments: type[BaseModel]) -> BaseTool:
        def call(**given: Any) -> str:  # Any: what the arguments' schema let through
            try:
                here = opened()
                if name not in ("list_directory", "view_file"):
                    fresh.look(here)
                return answer.bounded(core(here, answer, **given))
            except Exception as error:  # noqa: BLE001 # an agent's run must not end with a tool that fails
                return answer.of_error(error)

        async def acall(**given: Any) -> str:  # Any: as above
            return await asyncio.to_thread(call, **given)

        return StructuredTool.from_function(
            func=call,
            coroutine=acall,
            name=name,
            description=_DESCRIPTIONS[name],
            args_schema=arguments,
            handle_validation_error=of_bad_arguments,
        )

    return [made(name, *core) for name, core in _cores().items() if only is None or name in only]


def _cores() -> dict[CodeToolName, tuple[Callable[..., str], type[BaseModel]]]:
    from genloom.tools.codebase.agent_tools import arguments, folders, lookup  # imported late, as above

    return {
        "search_code": (lookup.search_code, arguments.SearchCodeArguments),
        "read_symbol": (lookup.read_symbol, arguments.ReadSymbolArguments),
        "reveal_symbol": (lookup.reveal_symbol, arguments.RevealSymbolArguments),
        "list_directory": (folders.list_directory, arguments.ListDirectoryArguments),
        "view_file": (folders.view_file, arguments.ViewFileArguments),
    }


class _Freshness:
    """Looks for changes on disk before a call, but not all the time in a repository where looking takes long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: Codebase | None = None
        self._next = 0.0

    def look(self, codebase: Codebase) -> None:
        with self._lock:
            began = time.monotonic()
            if codebase is not self._last or began >= self._next:
                codebase.refresh()
                self._last = codebase
                ended = time.monotonic()
                self._next = ended + REFRESH_SHARE * (ended - began)
