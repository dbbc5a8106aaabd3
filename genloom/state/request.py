"""What is asked: the request for code."""

from __future__ import annotations

import ast
import hashlib
import keyword
import re
import sys
from collections import deque
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationInfo, field_validator, model_validator

from genloom.errors import ExampleError
from genloom.state.comparison import Comparison
from genloom.state.example import Example, find_contradiction, parse_example
from genloom.state.limits import MAX_PROMPT_CHARACTERS
from genloom.state.part import StatePart, Text
from genloom.state.prompt_examples import examples_in_text
from genloom.syntax import UNPARSABLE, parse_module

__all__ = ["GenerationRequest"]

MAX_EXAMPLES = 1_000
MAX_NAMES = 200
MAX_SIGNATURE_CHARACTERS = 10_000


class GenerationRequest(StatePart):
    """A request for code. All but `prompt` may be missing.

    `examples` hold Python expressions (`call == literal` or `raises(Error, call)`); examples written inside the prompt
    are added to them by `all_examples`. `tests` is the text of a pytest file that imports the module by `module_name`.
    `names` are asked for beside `name`; `extends` is the text of a module that is kept byte for byte and appended to.
    `comparison` says how a result is compared with the expected one (a text such as `unordered,tolerance=1e-9` will do).
    `codebase_context` is the caller's own context: title -> text. `target` is the file that the module is meant for, and
    `tests_path` the test file, each relative to the repository. Where and with what the code is made (repository, model,
    budgets) stands in `GraphContext`.
    """

    prompt: Annotated[Text, Field(max_length=MAX_PROMPT_CHARACTERS, description="What the code should do")]
    name: Annotated[str | None, Field(description="Name of the function or class that is asked for")] = None
    names: Annotated[
        tuple[str, ...], Field(max_length=MAX_NAMES, description="Further names that the module must define at its top")
    ] = ()
    signature: Annotated[Text | None, Field(description="Its signature, such as `slugify(text: str) -> str`")] = None
    examples: Annotated[
        tuple[Text, ...], Field(max_length=MAX_EXAMPLES, description="Python expressions: `call == literal`")
    ] = ()
    tests: Annotated[Text | None, Field(description="The text of a pytest file")] = None
    language: Annotated[Literal["python"], Field(description="The language of the code")] = "python"
    target: Annotated[str | None, Field(description="The file that the module is meant for")] = None
    extends: Annotated[
        Text | None,
        Field(description="The module as it stands, appended to and not changed; empty: a new one, formatted"),
    ] = None
    tests_path: Annotated[
        str | None, Field(description="Where the test file lies in the repository; default: at its root")
    ] = None
    constraints: Annotated[tuple[Text, ...], Field(description="Rules that the code must keep")] = ()
    codebase_context: Annotated[dict[Text, Text], Field(description="Context of the caller's own: title -> text")] = {}
    comparison: Annotated[
        Comparison, Field(description="How results are compared: `exact`, `unordered`, `tolerance=1e-9`; default: ==")
    ] = Comparison()
    use_agent: Annotated[bool, Field(description="Give the request to a Codegen agent straight away")] = False

    @field_validator("prompt")
    @classmethod
    def _prompt_says_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("the prompt is empty: say in a sentence what the code should do")
        return prompt

    @field_validator("codebase_context", mode="before")
    @classmethod
    def _context_as_text(cls, value: Any) -> Any:  # Any: raw JSON of a caller
        if isinstance(value, str):
            return {"context": value} if value.strip() else {}
        if isinstance(value, dict):
            return {str(key): text if isinstance(text, str) else repr(text) for key, text in value.items()}
        return {} if value is None else value

    @field_validator("name", "signature", "target", "tests_path", mode="before")
    @classmethod
    def _blank_is_left_out(cls, value: Any) -> Any:  # Any: raw JSON of a caller
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("name")
    @classmethod
    def _name_is_an_identifier(cls, name: str | None) -> str | None:
        if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
            raise ValueError(f"the name {name!r} is not a Python identifier")
        return name

    @field_validator("names")
    @classmethod
    def _names_are_identifiers(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not name.isidentifier() or keyword.iskeyword(name):
                raise ValueError(f"the name {name!r} is not a Python identifier")
        return tuple(dict.fromkeys(names))

    @field_validator("extends")
    @classmethod
    def _module_is_python(cls, extends: str | None) -> str | None:
        if extends is not None:
            try:
                parse_module(extends)
            except UNPARSABLE as error:
                raise ValueError(f"the module to extend is not Python: {error}") from error
        return extends

    @field_validator("target", "tests_path")
    @classmethod
    def _path_stays_inside(cls, path: str | None, info: ValidationInfo) -> str | None:
        if path is not None and (path.startswith("/") or ".." in path.split("/") or "\0" in path):
            raise ValueError(f"the {info.field_name} {path!r} must be a path inside the repository")
        return None if path is None else "/".join(part for part in path.split("/") if part not in ("", "."))

    @field_validator("tests")
    @classmethod
    def _tests_are_python(cls, tests: str | None) -> str | None:
        if tests is not None:
            try:
                _imports(tests)
            except UNPARSABLE as error:
                raise ValueError(f"the tests are not Python: {error}") from error
        return tests

    @field_validator("signature")
    @classmethod
    def _signature_is_python(cls, signature: str | None) -> str | None:
        if signature is not None and len(signature) > MAX_SIGNATURE_CHARACTERS:
            raise ValueError(f"the signature is longer than {MAX_SIGNATURE_CHARACTERS} characters")
        if signature is not None and _signature_name(signature) is None:
            raise ValueError(f"the signature {signature!r} is none: write it as `slugify(text: str) -> str`")
        return signature

    @model_validator(mode="wrap")
    @classmethod
    def _checked_once(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # Any: raw JSON of a caller
        request = handler(data)
        # what is a request already was checked when it was made: every node of a graph comes by here
        return request if request is data else request._checked()

    def _checked(self) -> Self:
        if self.name and self.signature and _signature_name(self.signature) != self.name:
            raise ValueError(f"the signature is that of {_signature_name(self.signature)}, and the name is {self.name}")
        try:
            contradiction = find_contradiction(self.all_examples)
        except ExampleError as error:
            raise ValueError(f"{error.message} {error.hint}") from error
        self._demand_calls_of_the_asked_name()
        if contradiction is not None:
            raise ValueError(
                f"the examples contradict each other: `{contradiction[0].text}` and `{contradiction[1].text}`"
            )
        return self

    def _demand_calls_of_the_asked_name(self) -> None:
        asked = self.name or (_signature_name(self.signature) if self.signature else None)
        called = {example.function for example in self._own_examples}
        if asked and called and called.isdisjoint({asked, *self.names}):
            names = ", ".join(dict.fromkeys((asked, *self.names)))
            raise ValueError(f"the examples call {', '.join(sorted(called))}, and {names} is asked for")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # Any: field values
        """Return a copy with some fields changed; what was worked out from the fields is worked out anew."""
        copied = super().model_copy(update=update, deep=deep)
        for name in _WORKED_OUT:
            copied.__dict__.pop(name, None)
        return copied

    @cached_property
    def all_examples(self) -> tuple[Example, ...]:
        """The caller's examples and those written in the prompt, each once, in order."""
        return tuple({example.text: example for example in (*self._own_examples, *self.prompt_examples)}.values())

    @cached_property
    def _own_examples(self) -> tuple[Example, ...]:
        return tuple(parse_example(text) for text in self.examples)

    @cached_property
    def prompt_examples(self) -> tuple[Example, ...]:
        """The examples of the asked function that the prompt's own text holds."""
        return examples_in_text(self.prompt, self._told_name)

    @cached_property
    def target_name(self) -> str:
        """The name that is asked for: `name`, else the signature's, else the examples', else one made of the prompt."""
        if self._told_name:
            return self._told_name
        if self.prompt_examples:
            return self.prompt_examples[0].function
        prose = re.sub(r"(?m)^[^\S\n]*(?:>>>|\.\.\.).*$|`[^`\n]*`", " ", self.prompt)
        words = [w for w in re.findall(r"[a-z0-9]+", prose.lower()) if w not in _SMALL_WORDS][:4]
        name = "_".join(words) or "generated"
        return name if name.isidentifier() and not keyword.iskeyword(name) else f"generated_{name}"

    @property
    def asked_names(self) -> tuple[str, ...]:
        """All names that are asked for, the target name first."""
        return tuple(dict.fromkeys((self.target_name, *self.names)))

    def about(self, name: str) -> Self:
        """Return the request for one of the asked names alone, with the examples that call it."""
        own = tuple(example.text for example in self.all_examples if example.function == name)
        signature = self.signature if self.signature and _signature_name(self.signature) == name else None
        return self.model_copy(update={"name": name, "names": (), "examples": own, "signature": signature})

    @cached_property
    def fingerprint(self) -> str:
        """A sha256 over all that is asked."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def _told_name(self) -> str | None:
        """The name as the caller told it outside the prompt's text."""
        if self.name:
            return self.name
        if self.signature:
            return _signature_name(self.signature)
        if self.examples:
            return self._own_examples[0].function
        return self._tested[1] if self._tested else None

    @cached_property
    def _tested(self) -> tuple[str, str] | None:
        """The module and the name that the tests import first from outside the standard library."""
        for node in _imports(self.tests or ""):
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                top = node.module.split(".")[0]
                if top not in sys.stdlib_module_names | _TEST_TOOLS and node.names[0].name.isidentifier():
                    return node.module, node.names[0].name
        return None

    @cached_property
    def _tested_modules(self) -> frozenset[str]:
        """What the tests import, as far as it may be a module."""
        found: set[str] = set()
        for node in _imports(self.tests or ""):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        return frozenset(found)

    @property
    def module_name(self) -> str:
        """The name by which tests import the module: as they import the target, dotted where they do, else its stem; with
        no target what they do import, else the target name."""
        if self.target and self.target.endswith(".py"):
            parts = self.target.removesuffix(".py").removesuffix("/__init__").split("/")
            names = [".".join(parts[start:]) for start in range(len(parts))]
            return next((name for name in names if name in self._tested_modules), parts[-1])
        return self._tested[0].split(".")[-1] if self._tested else self.target_name

    @property
    def draft_path(self) -> str:
        """The path that a draft of one module has: the target, else the module's own name."""
        return self.target or f"{self.module_name}.py"


_WORKED_OUT = (
    *("all_examples", "prompt_examples", "target_name", "fingerprint"),
    *("_own_examples", "_tested", "_tested_modules"),
)
"""What a request works out of its fields once."""


@lru_cache(maxsize=4)
def _imports(source: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Return the imports of a module's text. Raises as `parse_module`.

    The last few texts are kept: parsing a long test file takes long, and its request asks more than once.
    """
    found: list[ast.Import | ast.ImportFrom] = []
    nodes: deque[ast.AST] = deque([parse_module(source)])
    while nodes:
        node = nodes.popleft()
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        for part in ("body", "handlers", "orelse", "finalbody", "cases"):
            nodes.extend(part for part in getattr(node, part, ()) if isinstance(part, ast.AST))
    return tuple(found)


def _signature_name(signature: str) -> str | None:
    """The name in a signature such as `f(a: int) -> int`, `async def f(a)` or `class Stack`; `None` when it is none."""
    head = signature.strip().rstrip(":")
    for source in (f"{head}: ...", f"def {head}: ..."):
        try:
            (node,) = parse_module(source).body
        except UNPARSABLE:
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return node.name
    return head if head.isidentifier() and not keyword.iskeyword(head) else None


_TEST_TOOLS = {"pytest", "hypothesis", "_pytest"}
_SMALL_WORDS = frozenset(
    "a an and as for from function in is it module of on or python that the to which with write".split()
)
