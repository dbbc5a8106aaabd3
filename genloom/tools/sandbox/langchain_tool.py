"""The sandbox as a tool of a LangChain agent: `run_python`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from genloom.errors import GenloomError, UsageError
from genloom.tools.sandbox.limits import Limits
from genloom.tools.sandbox.report import Ended, ProgramReport
from genloom.tools.sandbox.sandbox import Sandbox
from genloom.tools.security import clean, present, redact
from genloom.tools.told_failures import tell_failure

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

__all__ = ["RunPythonArguments", "run_python_tool"]

MAX_OUTPUT_CHARACTERS = 20_000
MAX_CODE = 200_000
MAX_STDIN = 1_000_000
MAX_FILES = 50

_DESCRIPTION = (
    "Run a Python program in a sandbox and return its exit code, standard output and standard error. Each run starts "
    "afresh in an empty folder, without network, and nothing of it stays. Print what you want to see. Limits: {limits}."
)

_ENDED: dict[Ended, str] = {
    "normal": "it came to its end",
    "exit": "it exited by itself",
    "timeout": "stopped: the time was used up",
    "memory": "stopped: it took more memory than allowed",
    "output": "stopped: it wrote more than allowed",
    "killed": "stopped by a signal",
}


class RunPythonArguments(BaseModel):
    """What a model fills in to call the tool."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(max_length=MAX_CODE, description="The program, whole: it runs as `__main__`")]
    stdin: Annotated[str, Field(max_length=MAX_STDIN, description="Text for its standard input")] = ""
    files: Annotated[
        dict[str, Annotated[str, Field(max_length=MAX_CODE)]],
        Field(max_length=MAX_FILES, description="Files beside it: relative path -> text"),
    ] = {}


def run_python_tool(
    sandbox: Sandbox | None = None,
    *,
    name: str = "run_python",
    limits: Limits | None = None,
    max_output_characters: int = MAX_OUTPUT_CHARACTERS,
    secrets: Sequence[str] = (),
) -> BaseTool:
    """Return a LangChain tool that runs a program in the sandbox (default: a `Sandbox()` of its own), for `invoke` and
    `ainvoke`.

    It answers in text: how the program ended, its exit code, standard output and standard error, each of these two cut in
    the middle to `max_output_characters`, with secrets that are recognised, and the values in `secrets`, taken out.
    Whatever goes wrong (arguments that are none, no sandbox on this machine) is an answer, too, never an exception.
    `limits` replace the sandbox's own.
    """
    from langchain_core.tools import StructuredTool  # imported here: the sandbox needs no LangChain

    box = Sandbox() if sandbox is None else sandbox
    answer = _Answer(max_output_characters, tuple(secrets))

    def run(code: str, stdin: str = "", files: Mapping[str, str] | None = None) -> str:
        try:
            sent = stdin.encode("utf-8", "replace")
            return answer.of(box.run_program(code, stdin=sent, files=files or {}, limits=limits))
        except (GenloomError, OSError) as error:
            return answer.of_error(error)

    async def arun(code: str, stdin: str = "", files: Mapping[str, str] | None = None) -> str:
        try:
            sent = stdin.encode("utf-8", "replace")
            return answer.of(await box.arun_program(code, stdin=sent, files=files or {}, limits=limits))
        except (GenloomError, OSError) as error:
            return answer.of_error(error)

    return StructuredTool.from_function(
        func=run,
        coroutine=arun,
        name=name,
        description=_DESCRIPTION.format(limits=(limits or box.limits).text),
        args_schema=RunPythonArguments,
        handle_validation_error=_of_bad_arguments,
    )


class _Answer:
    """How a run is told to a model."""

    def __init__(self, most: int, secrets: tuple[str, ...]) -> None:
        self._most = most
        self._secrets = secrets

    def of(self, report: ProgramReport) -> str:
        if report.not_run:
            tell_failure(UsageError(report.not_run, hint=report.hint))
            return self._told(f"not run: {report.not_run} {report.hint}")
        lines = [f"ended: {_ENDED[report.ended]} ({report.limits})" if report.ended != "normal" else "ended: normally"]
        if report.exit_code is not None:
            lines.append(f"exit code: {report.exit_code}")
        for title, text in (("stdout", report.stdout), ("stderr", report.stderr)):
            lines.append(present(title, self._safe(text)) if text else f"{title}: nothing")
        return "\n".join(lines)

    def of_error(self, error: GenloomError | OSError) -> str:
        tell_failure(error)
        why = f"{error.message} {error.hint}" if isinstance(error, GenloomError) else str(error)
        return self._told(f"not run: {why}")

    def _told(self, text: str) -> str:
        return clean(self._safe(text.rstrip())).text

    def _safe(self, text: str) -> str:
        # secrets first: a cut could leave a half of one that nothing recognises
        text = redact(text, secrets=self._secrets)
        if len(text) <= self._most:
            return text
        head = self._most * 2 // 3
        cut = len(text) - self._most
        return f"{text[:head]}\n… {cut:,} characters left out …\n{text[len(text) - (self._most - head) :]}"


def _of_bad_arguments(error: ValidationError | object) -> str:
    if not isinstance(error, ValidationError):
        return "not run: the arguments cannot be used"
    problems = [
        f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
        for each in error.errors(include_url=False, include_input=False)[:5]
    ]
    return f"not run: the arguments cannot be used: {'; '.join(problems)}"
