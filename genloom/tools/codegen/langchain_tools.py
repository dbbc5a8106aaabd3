"""The Codegen agent as tools of a LangChain agent: `codegen_run`, `codegen_status`, `codegen_logs`, `codegen_resume` and
`codegen_list`.

Whatever goes wrong is an answer that says what to do, never an exception. What an agent wrote stands in the answers as
delimited data, shortened and without secrets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from genloom.errors import GenloomError, UsageError
from genloom.portal import run_sync
from genloom.state import AgentRun, AgentStatus
from genloom.state.limits import MAX_PROMPT_CHARACTERS
from genloom.tools.codegen.agent_answer import AgentAnswer, of_bad_arguments
from genloom.tools.codegen.client import AsyncCodegen
from genloom.tools.codegen.credentials import TokenProvider
from genloom.tools.codegen.pacing import Pacing, with_retries
from genloom.tools.codegen.status import is_final, normalise_status
from genloom.tools.codegen.watch import resumed
from genloom.tools.codegen.wire import MAX_PAGE
from genloom.tools.effects import with_effect

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["codegen_tools"]

ToolName = Literal["codegen_run", "codegen_status", "codegen_logs", "codegen_resume", "codegen_list"]

_COSTS: tuple[ToolName, ...] = ("codegen_run", "codegen_resume")

MAX_OUTPUT_CHARACTERS = 20_000
LONGEST_WAIT = 3600.0
START_SECONDS = 120.0
MAX_SHOWN = 50
_CALL_ID = "_tool_call_id"

T = TypeVar("T")

Number = Annotated[int, Field(ge=0, lt=2**63, description="The run's number")]
Prompt = Annotated[
    str, Field(min_length=1, max_length=MAX_PROMPT_CHARACTERS, description="What the agent shall do, in full sentences")
]
Seconds = Annotated[
    float, Field(ge=0, le=LONGEST_WAIT, description="How many seconds to wait for the end; 0 returns at once")
]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RunArguments(_Arguments):
    """What a model fills in to start a run."""

    prompt: Prompt
    wait_seconds: Seconds = 600
    repo_id: Annotated[int | None, Field(ge=0, description="The repository's number, if it is not the default one")] = (
        None
    )


class StatusArguments(_Arguments):
    """What a model fills in to look at a run."""

    run_id: Number
    wait_seconds: Seconds = 0


class LogsArguments(_Arguments):
    """What a model fills in to read a run's log."""

    run_id: Number
    skip: Annotated[int, Field(ge=0, le=1_000_000, description="How many entries to leave out")] = 0
    limit: Annotated[int, Field(ge=1, le=MAX_SHOWN, description="How many entries to return")] = 20


class ResumeArguments(_Arguments):
    """What a model fills in to let a run go on."""

    run_id: Number
    prompt: Prompt
    wait_seconds: Seconds = 600


class ListArguments(_Arguments):
    """What a model fills in to list runs."""

    limit: Annotated[int, Field(ge=1, le=MAX_SHOWN, description="How many runs to return, newest first")] = 10
    status: Annotated[AgentStatus | None, Field(description="Only runs of this status")] = None


def codegen_tools(
    *,
    token: str | TokenProvider | None = None,
    org_id: int | None = None,
    base_url: str | None = None,
    only: Sequence[ToolName] | None = None,
    max_output_characters: int = MAX_OUTPUT_CHARACTERS,
    pacing: Pacing | None = None,
) -> list[BaseTool]:
    """Return the tools, for `invoke` and `ainvoke`; `only` picks some: without `codegen_run` and `codegen_resume` no call
    costs anything.

    Token, organisation and address default to the environment, read at each call. A call of `codegen_run` that a graph
    repeats (a retry, a resumed thread) finds its run again: the idempotency key is made of LangGraph's task, the
    call's own number, prompt and repository.
    """
    unknown = [name for name in only or () if name not in _TOOLS]
    if unknown:
        raise UsageError(f"There is no tool {unknown[0]!r}.", hint=f"The tools are {', '.join(_TOOLS)}.")
    from langchain_core.tools import StructuredTool  # imported here: the client needs no LangChain

    class Identified(StructuredTool):
        """Tells the tool the number of the call, if there is one; LangChain's `InjectedToolCallId` demands one."""

        def _to_args_and_kwargs(
            self, tool_input: str | dict[str, Any], tool_call_id: str | None
        ) -> tuple[tuple[Any, ...], dict[str, Any]]:  # Any: as LangChain has it
            positional, named = super()._to_args_and_kwargs(tool_input, tool_call_id)
            return positional, {**named, _CALL_ID: tool_call_id or ""}

    kept = (token,) if isinstance(token, str) else ()
    answer = AgentAnswer(most=max_output_characters, kept_secrets=kept)
    reading = pacing or Pacing(attempts=5)

    def open_client() -> AsyncCodegen:
        return AsyncCodegen(token=token, org_id=org_id, base_url=base_url, pacing=pacing)

    def made(name: ToolName) -> BaseTool:
        does, arguments, description = _TOOLS[name]

        async def acall(**given: Any) -> str:  # Any: what the arguments' schema let through
            call_id = given.pop(_CALL_ID, "")
            try:
                async with open_client() as client:
                    return await does(_Call(client=client, reading=reading, answer=answer, id=call_id), **given)
            except GenloomError as error:
                return answer.of_error(error)

        def call(**given: Any) -> str:  # Any: as above
            return run_sync(acall(**given))

        tool = Identified.from_function(
            func=call,
            coroutine=acall,
            name=name,
            description=description,
            args_schema=arguments,
            handle_validation_error=of_bad_arguments,
        )
        return with_effect(tool, "write" if name in _COSTS else "read")

    return [made(name) for name in _TOOLS if only is None or name in only]


@dataclass(frozen=True, kw_only=True)
class _Call:
    client: AsyncCodegen
    reading: Pacing
    answer: AgentAnswer
    id: str = ""
    """The model's number for the call of the tool, where there is one."""

    async def read(self, operation: Callable[[], Awaitable[T]]) -> T:
        return await with_retries(operation, self.reading)

    async def waited(self, run: AgentRun, seconds: float) -> str:
        if seconds and not is_final(run.status):
            run = await self.client.wait(run, deadline=seconds)
        return self.answer.of_run(run)


async def _run(call: _Call, prompt: str, wait_seconds: float, repo_id: int | None) -> str:
    key = _key(call.id, prompt, repo_id)
    run = await call.client.submit(prompt, idempotency_key=key, repo_id=repo_id, deadline=START_SECONDS)
    return await call.waited(run, wait_seconds)


async def _status(call: _Call, run_id: int, wait_seconds: float) -> str:
    response = await call.read(lambda: call.client.get_run(run_id))
    return await call.waited(response.to_run(), wait_seconds)


async def _logs(call: _Call, run_id: int, skip: int, limit: int) -> str:
    page = await call.read(lambda: call.client.run_logs(run_id, skip=skip, limit=limit))
    return call.answer.of_logs(page, skip=skip, limit=limit)


async def _resume(call: _Call, run_id: int, prompt: str, wait_seconds: float) -> str:
    response = await call.client.resume_run(run_id, prompt)
    return await call.waited(resumed(response), wait_seconds)


async def _list(call: _Call, limit: int, status: AgentStatus | None) -> str:
    page = await call.read(lambda: call.client.list_runs(limit=MAX_PAGE if status else limit))
    runs = [run for run in page.items if status in (None, normalise_status(run.status))]
    return call.answer.of_list(runs[:limit])


def _key(call_id: str, prompt: str, repo_id: int | None) -> str | None:
    """Return a key that a repetition of the same call in a graph shares, `None` outside of graphs."""
    from langgraph.runtime import get_runtime  # imported here: outside of graphs nobody needs it

    try:
        info = get_runtime().execution_info
    except (RuntimeError, KeyError, AttributeError):  # outside of a graph there is none, told in one way or another
        info = None
    if info is None or not info.task_id:
        return None
    said = "\0".join(map(str, (info.thread_id, info.task_id, call_id, repo_id, prompt))).encode(
        "utf-8", "surrogatepass"
    )
    return f"tool-{hashlib.sha256(said).hexdigest()[:32]}"


_Does = Callable[..., Awaitable[str]]
_TOOLS: dict[ToolName, tuple[_Does, type[BaseModel], str]] = {
    "codegen_run": (
        _run,
        RunArguments,
        "Give a task to a Codegen agent that works on the organisation's repositories for some minutes, and wait for its "
        "result. It costs money: ask once, with everything that the agent must know.",
    ),
    "codegen_status": (_status, StatusArguments, "Look at a Codegen run: its status, result and pull requests."),
    "codegen_logs": (_logs, LogsArguments, "Read what the agent of a Codegen run did, oldest step first."),
    "codegen_resume": (
        _resume,
        ResumeArguments,
        "Let a paused or ended Codegen run go on with another prompt, and wait for its result. It costs money.",
    ),
    "codegen_list": (_list, ListArguments, "List Codegen runs, newest first."),
}
