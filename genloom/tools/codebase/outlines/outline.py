"""The outline of one source file: what it defines, imports and mentions. The same for every language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

__all__ = [
    "MAX_DOC",
    "Definition",
    "DefinitionKind",
    "Field",
    "Import",
    "Mention",
    "MentionKind",
    "Outline",
    "Parameter",
    "Segment",
]

MAX_DOC = 2_000
"""So many characters of a definition's documentation are kept."""
DefinitionKind = Literal["module", "class", "interface", "type", "function", "method", "variable"]
"""`class` also stands for a struct, enum, trait, record, object, and a module of Ruby; `type` for a type alias."""
MentionKind = Literal["call", "base", "decorator", "annotation", "reference"]
Field = Literal["head", "body"]


class Parameter(NamedTuple):
    """A parameter as written; `name` is `*` or `/` for the bare separators, and starts with its stars otherwise."""

    name: str
    annotation: str | None = None
    has_default: bool = False


class Definition(NamedTuple):
    """A definition. Lines are 1-based and inclusive, from the first decorator on; `head_line` is where its head ends.

    `parent` is the ordinal of the definition around it (the module's is 0). `pure` says that a function's own text shows
    nothing impure: no input or output, no global, no generator. Counts are of its own text, nested definitions left out.
    """

    kind: DefinitionKind
    name: str
    qualified: str
    parent: int = 0
    start_line: int = 1
    end_line: int = 1
    head_line: int = 1
    signature: str = ""
    doc: str = ""
    decorators: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    returns: str | None = None
    is_async: bool = False
    pure: bool = False
    return_count: int = 0
    call_count: int = 0
    attribute_count: int = 0


class Import(NamedTuple):
    """One imported name: `module` as written with its leading dots, `name` empty for `import module`, `*` for all.

    `ordinal` is the definition in whose text the import stands, 0 the module's own.
    """

    module: str
    name: str
    alias: str
    line: int
    ordinal: int = 0


class Mention(NamedTuple):
    """A use of a name inside a definition (by ordinal): the last part of what it calls, inherits, or is decorated or
    annotated with; a `reference` is any other use, in code, of a name that the file imports or defines at its top level,
    or of an attribute of such a name.

    `qualifier` is the dotted chain before the name (`os.path` of `os.path.join`), empty without one, and `?` when what
    stands before it is no chain of names.
    """

    ordinal: int
    name: str
    kind: MentionKind
    times: int
    qualifier: str = ""


class Segment(NamedTuple):
    """A stretch of bytes that belongs to one definition and to none of those nested in it."""

    start: int
    end: int
    ordinal: int
    field: Field


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A file's definitions (ordinal 0 is the module itself), imports, mentions and the segments of its text.

    `exports` are the names that the file says are its public ones (`__all__`), `None` when it says nothing.
    """

    definitions: tuple[Definition, ...]
    imports: tuple[Import, ...] = ()
    mentions: tuple[Mention, ...] = ()
    segments: tuple[Segment, ...] = field(default=())
    has_errors: bool = False
    language: str = "python"
    exports: tuple[str, ...] | None = None
