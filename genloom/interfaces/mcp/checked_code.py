"""The tools of genloom's own work: `generate`, `verify` and `review`."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from genloom.config import Settings
from genloom.errors import UsageError
from genloom.events import Event
from genloom.interfaces.cli.event_text import event_text
from genloom.interfaces.cli.report import finding_lines, headline, report_lines, verdict_lines
from genloom.interfaces.mcp.progress import report_progress
from genloom.interfaces.python import agenerate
from genloom.state import Finding, GraphContext, Review, ReviewPolicy, find_contradiction, parse_example
from genloom.tools.checks import CheckedFile, merge_reviews, read_checked_file, review_source, verify_file
from genloom.tools.coding import Workspace
from genloom.tools.coding.answering import AnsweringTool
from genloom.tools.house_rules import find_house_rules, house_rules
from genloom.tools.sandbox import sandbox_for
from genloom.tools.security import redact

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["checked_code_tools"]

MAX_SHOWN = 60_000
BEYOND_THE_CUT = 8_000
MAX_SOURCE = 400_000
_ASKS_A_MODEL = {"readOnlyHint": False, "openWorldHint": True}

Examples = Annotated[
    list[Annotated[str, Field(max_length=8_000)]],
    Field(max_length=100, description="Each `slug('A b') == 'a-b'` or `raises(ValueError, slug(''))`"),
]
Tests = Annotated[str | None, Field(max_length=MAX_SOURCE, description="The text of a pytest file")]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GenerateArguments(_Arguments):
    """What a model fills in to have code written."""

    prompt: Annotated[str, Field(min_length=1, max_length=20_000, description="What the code should do")]
    examples: Examples = []
    signature: Annotated[
        str | None, Field(max_length=4_000, description="Such as `slug(title: str) -> str`, where it is known")
    ] = None
    name: Annotated[str | None, Field(max_length=200, description="Name of the function or class")] = None
    tests: Tests = None


class VerifyArguments(_Arguments):
    """What a model fills in to have code checked."""

    path: Annotated[str | None, Field(max_length=4_000, description="A Python file of the repository")] = None
    source: Annotated[str | None, Field(max_length=MAX_SOURCE, description="The code itself, instead of a path")] = None
    examples: Examples = []
    tests: Tests = None

    @model_validator(mode="after")
    def _demand_code(self) -> VerifyArguments:
        if (self.path is None) == (self.source is None):
            raise ValueError("give either path or source")
        return self


class ReviewArguments(_Arguments):
    """What a model fills in to have files read."""

    paths: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=4_000)]],
        Field(min_length=1, max_length=50, description="Python files, relative to the repository's root"),
    ]


def checked_code_tools(workspace: Workspace, settings: Settings, *, model: str | None = None) -> list[BaseTool]:
    """Return `generate`, `verify` and `review` for a repository, for `invoke` and `ainvoke`.

    None changes a file. `generate` answers with the module and what it is worth; a model takes part where one is named or
    configured, and the tool then says by its hints that it sends code out, so that no client runs it unasked.
    """
    work = _Work(workspace, settings, model)
    rows: list[tuple[str, str, type[BaseModel]]] = [
        (
            "generate",
            "Have a Python function or class written and checked: by reuse of the repository's code, by search from "
            "examples, or by the configured model. Answers `passed` only when examples or tests prove it. Writes no file.",
            GenerateArguments,
        ),
        (
            "verify",
            "Run a Python file of the repository, or code, in a sandbox against examples, tests and its own doctests.",
            VerifyArguments,
        ),
        (
            "review",
            "Review Python files without a model: lint, what they could do that they should not, house rules.",
            ReviewArguments,
        ),
    ]
    made = [
        AnsweringTool(
            name=name,
            description=description,
            core=getattr(work, name),
            arguments=arguments,
            effect="read",
            title=name,
            failed="Not done",
            secrets=settings.secrets,
        ).made()
        for name, description, arguments in rows
    ]
    if model or settings.model or settings.reviewer_model:
        made[0] = made[0].model_copy(update={"metadata": {**(made[0].metadata or {}), **_ASKS_A_MODEL}})
    return made


class _Work:
    """The cores, over one repository."""

    def __init__(self, workspace: Workspace, settings: Settings, model: str | None) -> None:
        self.workspace, self.settings, self.model = workspace, settings, model

    async def generate(
        self,
        prompt: str,
        examples: Sequence[str] = (),
        signature: str | None = None,
        name: str | None = None,
        tests: str | None = None,
    ) -> str:
        result = await agenerate(
            {"prompt": prompt, "examples": list(examples), "signature": signature, "name": name, "tests": tests},
            repository=self.workspace.root,
            model=self.model,
            on_event=_report,
        )
        lines = [headline(result), *report_lines(result)]
        if result.outcome == "unverified" and result.deciding:
            lines.append(f"this example would decide best: {result.deciding} == …")
        return self._shown("\n".join([*lines, "", result.source or "(no code)"]))

    async def verify(
        self,
        path: str | None = None,
        source: str | None = None,
        examples: Sequence[str] = (),
        tests: str | None = None,
    ) -> str:
        contradiction = find_contradiction([parse_example(text) for text in examples])
        if contradiction is not None:
            raise UsageError(f"Only one can hold: `{contradiction[0].text}` and `{contradiction[1].text}`.")
        with tempfile.TemporaryDirectory(prefix="genloom-mcp-") as folder:
            file = await asyncio.to_thread(self._file, path, source, Path(folder))
            context = GraphContext(repository=str(self.workspace.root))
            sandbox = await asyncio.to_thread(sandbox_for, context, self.settings)
            verdict = await verify_file(file, examples, tests, sandbox, _report, further=context.further_checks)
        reason = "" if verdict.result == "passed" else f": {verdict.reason}"
        return self._shown("\n".join([f"{verdict.result.replace('_', ' ')}{reason}", *verdict_lines(verdict)]))

    async def review(self, paths: Sequence[str]) -> str:
        policy, remarks = await asyncio.to_thread(house_rules, find_house_rules(self.workspace.root), ReviewPolicy())
        reviews = []
        for path in paths:
            report_progress(f"reviewing {path}")
            reviews.append(await self._reviewed(path, policy))
        review = merge_reviews(*reviews)
        head = f"{review.decision}: {len(paths)} files, {len(review.findings)} findings"
        return self._shown("\n".join([head, *(f"note: {remark}" for remark in remarks), *finding_lines(review)]))

    async def _reviewed(self, path: str, policy: ReviewPolicy) -> Review:
        name = "/".join(self.workspace.parts(path))
        await asyncio.to_thread(self.workspace.read, path)  # through no link, and nothing that is left out
        checked = await asyncio.to_thread(read_checked_file, self.workspace.root / name)
        if isinstance(checked, CheckedFile):
            return await review_source(checked.text, name, policy=policy)
        finding = Finding(rule="unreadable", severity="error", message=checked.reason, path=name)
        return Review(decision="revise", findings=(finding,))

    def _shown(self, text: str) -> str:
        """The text without secrets, and then cut: the other way round, a part of one could stay at the end."""
        more = len(text) - MAX_SHOWN
        if more <= 0:
            return text  # whose secrets the tool takes out
        kept = redact(text[: MAX_SHOWN + BEYOND_THE_CUT], secrets=self.settings.secrets)
        return f"{kept[:MAX_SHOWN]}\n[… {more:,} more characters]"

    def _file(self, path: str | None, source: str | None, folder: Path) -> Path:
        if path is not None:
            self.workspace.read(path)  # as above
            return self.workspace.root.joinpath(*self.workspace.parts(path))
        file = folder / "candidate.py"
        file.write_text(source or "", "utf-8")
        return file


def _report(event: Event) -> None:
    report_progress(event_text(event))
