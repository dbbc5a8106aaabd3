"""What a model fills in to call the tools of a codebase."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = [
    "ListDirectoryArguments",
    "ReadSymbolArguments",
    "RevealSymbolArguments",
    "SearchCodeArguments",
    "ViewFileArguments",
    "of_bad_arguments",
]

Symbol = Annotated[
    str,
    Field(min_length=1, max_length=1_000, description="`path::Class.method`, as search_code gives it, or a name"),
]
Line = Annotated[int, Field(ge=1, le=10**9, description="The first line to show, from 1")]
Lines = Annotated[int, Field(ge=1, le=1_000, description="How many lines to show")]
Skip = Annotated[int, Field(ge=0, le=1_000_000, description="How many entries to leave out, to page on")]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SearchCodeArguments(_Arguments):
    """What a model fills in to search."""

    query: Annotated[
        str,
        Field(
            min_length=1,
            max_length=40_000,
            description="What to look for: words, identifiers, file names, a stack trace, or a test's id",
        ),
    ]
    limit: Annotated[int, Field(ge=1, le=50, description="How many files and definitions to return, best first")] = 10
    skip: Skip = 0


class ReadSymbolArguments(_Arguments):
    """What a model fills in to read a definition."""

    symbol: Symbol
    skip: Annotated[int, Field(ge=0, le=10**9, description="How many of its lines to leave out, to page on")] = 0
    lines: Lines = 200


class RevealSymbolArguments(_Arguments):
    """What a model fills in to see a definition among what it uses and what uses it."""

    symbol: Symbol
    degree: Annotated[int, Field(ge=1, le=5, description="How many steps to follow from the definition")] = 1
    max_tokens: Annotated[int, Field(ge=100, le=8_000, description="How long the answer may be, in tokens")] = 2_000


class ListDirectoryArguments(_Arguments):
    """What a model fills in to list a folder."""

    path: Annotated[str, Field(max_length=4_000, description="A folder, relative to the repository's root")] = "."
    skip: Skip = 0


class ViewFileArguments(_Arguments):
    """What a model fills in to read a file."""

    path: Annotated[str, Field(min_length=1, max_length=4_000, description="A file, relative to the repository's root")]
    start_line: Line = 1
    lines: Lines = 200


def of_bad_arguments(error: ValidationError | object) -> str:
    """Tell a model what is wrong with its arguments, without repeating their values."""
    if not isinstance(error, ValidationError):
        return "The arguments cannot be used."
    problems = [
        f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
        for each in error.errors(include_url=False, include_input=False)[:5]
    ]
    return f"The arguments cannot be used: {'; '.join(problems)}"
