"""The search as a tool of a LangChain agent: `search_program`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Unpack

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genloom.errors import GenloomError
from genloom.tools.security import redact
from genloom.tools.synthesis.answer import Abstained, Found, SearchAnswer
from genloom.tools.synthesis.calls import MAX_EXAMPLES
from genloom.tools.synthesis.finding import SearchOptions, afind_program, find_program
from genloom.tools.told_failures import tell_failure

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["SearchProgramArguments", "search_program_tool"]

MAX_PROMPT = 4_000
MAX_EXAMPLE = 8_000

_DESCRIPTION = (
    "Find a small pure Python function from examples of its calls, with no model: an enumerative search over expressions. "
    "Four or more telling examples are best: some are held back and prove what was found. It answers with a module that "
    "is `passed` (unseen examples hold), `unverified` (nothing proves it, and which example would decide), or with nothing "
    "and the reason. It knows no classes, files, network or state."
)


class SearchProgramArguments(BaseModel):
    """What a model fills in to call the tool."""

    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[str, Field(max_length=MAX_PROMPT, description="What the function does, in a sentence")]
    examples: Annotated[
        list[Annotated[str, Field(max_length=MAX_EXAMPLE)]],
        Field(
            min_length=1,
            max_length=MAX_EXAMPLES,
            description="Each `slug('A b') == 'a-b'` or `raises(ValueError, slug(''))`",
        ),
    ]
    signature: Annotated[
        str | None, Field(max_length=MAX_PROMPT, description="Such as `slug(title: str) -> str`, where it is known")
    ] = None


def search_program_tool(
    *, name: str = "search_program", secrets: Sequence[str] = (), **options: Unpack[SearchOptions]
) -> BaseTool:
    """Return a LangChain tool that searches a program from examples, for `invoke` and `ainvoke`.

    `options` are the `SearchOptions` of `find_program`: the sandbox, a repository whose functions may be built on, the
    limits. It answers in text: what the answer is worth and why, then the module's source; secrets that are recognised, and
    the values in `secrets`, are taken out. Whatever goes wrong is an answer, too, never an exception.
    """
    from langchain_core.tools import StructuredTool  # imported here: the search needs no LangChain

    def told(answer: SearchAnswer) -> str:
        return redact(_told(answer), secrets=tuple(secrets))

    def of_error(error: GenloomError | OSError) -> str:
        tell_failure(error)
        why = f"{error.message} {error.hint}" if isinstance(error, GenloomError) else str(error)
        return redact(f"not searched: {why}".rstrip(), secrets=tuple(secrets))

    def run(prompt: str, examples: list[str], signature: str | None = None) -> str:
        try:
            return told(find_program(prompt, examples, signature=signature, **options))
        except (GenloomError, OSError) as error:
            return of_error(error)

    async def arun(prompt: str, examples: list[str], signature: str | None = None) -> str:
        try:
            return told(await afind_program(prompt, examples, signature=signature, **options))
        except (GenloomError, OSError) as error:
            return of_error(error)

    return StructuredTool.from_function(
        func=run,
        coroutine=arun,
        name=name,
        description=_DESCRIPTION,
        args_schema=SearchProgramArguments,
        handle_validation_error=_of_bad_arguments,
    )


def _told(answer: SearchAnswer) -> str:
    if isinstance(answer, Abstained):
        return f"nothing found: {answer.reason}"
    return "\n".join([_worth(answer), *(f"note: {note}" for note in answer.notes), "", answer.source])


def _worth(answer: Found) -> str:
    if answer.proven:
        return f"passed: it also gives what the search never saw: {'; '.join(answer.held_out)}"
    if not answer.rivals:
        return "unverified: it fits the examples, and nothing held back proves it. Give more examples."
    shown = "\n".join(f"gives: {text}" for text in answer.outputs)
    return f"unverified: {answer.rivals[0]}. Add the example that decides best: {answer.deciding} == …\n{shown}"


def _of_bad_arguments(error: ValidationError | object) -> str:
    if not isinstance(error, ValidationError):
        return "not searched: the arguments cannot be used"
    problems = [
        f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
        for each in error.errors(include_url=False, include_input=False)[:5]
    ]
    return f"not searched: the arguments cannot be used: {'; '.join(problems)}"
