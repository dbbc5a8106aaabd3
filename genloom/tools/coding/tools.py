"""The tools that change files: `create_file`, `edit_file`, `rename_file`, `delete_file` and `move_symbol`."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from genloom.errors import UsageError
from genloom.tools.coding.answering import AnsweringTool, Core, demand_names
from genloom.tools.coding.edits import replace_text, unified_diff
from genloom.tools.coding.moving.move import ImportsOfUsers, move_symbol
from genloom.tools.coding.workspace import Workspace

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["CodingToolName", "coding_tools"]

CodingToolName = Literal["create_file", "edit_file", "rename_file", "delete_file", "move_symbol"]

MAX_TEXT = 400_000
MAX_SHOWN = 12_000

Path = Annotated[str, Field(min_length=1, max_length=4_000, description="A file, relative to the repository's root")]
Text = Annotated[str, Field(max_length=MAX_TEXT, description="The text of the whole file")]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CreateFileArguments(_Arguments):
    """What a model fills in to create a file."""

    path: Path
    text: Text


class EditFileArguments(_Arguments):
    """What a model fills in to edit a file."""

    path: Path
    old: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, description="The lines to replace, as they stand")]
    new: Annotated[str, Field(max_length=MAX_TEXT, description="What stands there then; empty to delete the lines")]
    every: Annotated[bool, Field(description="Replace every place where `old` stands")] = False


class RenameFileArguments(_Arguments):
    """What a model fills in to rename a file."""

    path: Path
    to: Annotated[str, Field(min_length=1, max_length=4_000, description="Its new path, where nothing stands yet")]


class DeleteFileArguments(_Arguments):
    """What a model fills in to delete a file."""

    path: Path


class MoveSymbolArguments(_Arguments):
    """What a model fills in to move a definition."""

    path: Path
    name: Annotated[str, Field(min_length=1, max_length=500, description="A function or class at its top level")]
    to: Annotated[
        str, Field(min_length=1, max_length=4_000, description="The Python file that it moves to; made if missing")
    ]
    imports: Annotated[
        ImportsOfUsers,
        Field(
            description="`rewrite` the imports of its users, or `keep` them: the old file imports it from the new one"
        ),
    ] = "rewrite"


def coding_tools(
    workspace: Workspace, *, secrets: Sequence[str] = (), only: Sequence[CodingToolName] | None = None
) -> list[BaseTool]:
    """Return the tools that change files of a repository, for `invoke` and `ainvoke`; `only` picks some.

    Each answers with the difference that it made, as delimited data; whatever goes wrong is an answer that says what to do,
    and leaves the files as they were. All say that they write: an agent with `approval` asks before each. Calls of one
    set of tools run one after the other.
    """
    demand_names(only, list(_TOOLS))
    turn = threading.Lock()

    def taking_turns(core: Callable[..., str]) -> Core:
        def call(given: dict[str, Any]) -> str:
            with turn:
                return _shown(core(workspace, **given))

        async def acall(**given: Any) -> str:  # Any: what the arguments' schema let through
            return await asyncio.to_thread(call, given)

        return acall

    return [
        AnsweringTool(
            name=name,
            description=description,
            core=taking_turns(core),
            arguments=arguments,
            effect="write",
            title="what was changed",
            failed="Nothing was changed",
            secrets=secrets,
        ).made()
        for name, (core, arguments, description) in _TOOLS.items()
        if only is None or name in only
    ]


def _shown(diff: str) -> str:
    cut = len(diff) - MAX_SHOWN
    return diff if cut <= 0 else f"{diff[:MAX_SHOWN]}\n[… {cut:,} more characters]"


def _create_file(workspace: Workspace, path: str, text: str) -> str:
    workspace.create(path, text)
    return unified_diff("/".join(workspace.parts(path)), None, text)


def _edit_file(workspace: Workspace, path: str, old: str, new: str, every: bool = False) -> str:
    before = workspace.read(path)
    after = replace_text(before, old, new, every=every)
    if after == before:
        raise UsageError("The file would stay as it is.", hint="Give another text in `new`.")
    workspace.write(path, after, before=before)
    return unified_diff("/".join(workspace.parts(path)), before, after)


def _rename_file(workspace: Workspace, path: str, to: str) -> str:
    workspace.rename(path, to)
    return f"rename from {'/'.join(workspace.parts(path))}\nrename to {'/'.join(workspace.parts(to))}\n"


def _delete_file(workspace: Workspace, path: str) -> str:
    return unified_diff("/".join(workspace.parts(path)), workspace.delete(path), None)


_TOOLS: dict[CodingToolName, tuple[Callable[..., str], type[BaseModel], str]] = {
    "create_file": (_create_file, CreateFileArguments, "Create a file with this text; one that stands there stays."),
    "edit_file": (
        _edit_file,
        EditFileArguments,
        "Replace some lines of a file. `old` must stand there once, as view_file shows it without the line numbers; blanks "
        "at the ends of lines and the indentation of all may differ.",
    ),
    "rename_file": (_rename_file, RenameFileArguments, "Give a file another path. Imports of it stay as they are."),
    "delete_file": (_delete_file, DeleteFileArguments, "Delete a file."),
    "move_symbol": (
        move_symbol,
        MoveSymbolArguments,
        "Move a function or class of Python to another file, with the imports that it needs and those of its users. Where "
        "that is not sure, nothing is changed.",
    ),
}
