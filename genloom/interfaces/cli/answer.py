"""The answer: a result shown, written and turned into an exit code."""

from __future__ import annotations

from dataclasses import dataclass

from genloom.errors import GenloomError, StorageError
from genloom.interfaces.cli.output_file import OutputFile
from genloom.interfaces.cli.report import headline, next_step, report_lines
from genloom.interfaces.cli.terminal import put_code, put_json, tell
from genloom.interfaces.result import GenerationResult

__all__ = ["Answer"]

_STYLES = {"passed": "bold green", "unverified": "bold yellow", "pending": "bold yellow"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How results leave: as JSON or for people, quietly or not, and into which file."""

    as_json: bool = False
    quiet: bool = False
    out: OutputFile | None = None

    def give(self, result: GenerationResult) -> int:
        """Write the file, show the result, and return the exit code.

        Only a usable result is written. Where that fails the answer is an error, but the code is still shown.
        """
        try:
            result = self._written(result)
        except GenloomError as error:
            self._show(result, error)
            return error.exit_code
        self._show(result, None)
        return result.exit_code

    def _written(self, result: GenerationResult) -> GenerationResult:
        if self.out is None or not result.usable or result.draft is None:
            return result
        if len(result.draft.changes) != 1:
            raise StorageError(
                f"{self.out.path} was not written: the draft changes {len(result.draft.changes)} files, not one.",
                hint="Take them from the JSON's `source`, or from the agent's pull request.",
            )
        return result.model_copy(update={"path": self.out.write(result.draft.source)})

    def _show(self, result: GenerationResult, error: GenloomError | None) -> None:
        if self.as_json:
            put_json(_as_json(result, error))
        else:
            _show_code(result)
        if not self.quiet:
            self._tell(result)
        if error is not None:
            tell([f"genloom: {error.message}", *([f"  {error.hint}"] if error.hint else [])], style="bold red")

    def _tell(self, result: GenerationResult) -> None:
        tell(headline(result), style=_STYLES.get(result.outcome, "bold red"))
        tell(report_lines(result))
        if result.path:
            tell(f"saved: {result.path}")
        elif self.out is not None and result.outcome == "pending":
            tell(f"not saved yet: give `--out {self.out.path}` again when you decide")
        elif self.out is not None and not result.usable:
            tell(f"not saved: {self.out.path} gets only what passed or was accepted")
        if result.thread_id:
            tell(f"thread: {result.thread_id}")
        if step := next_step(result):
            tell(step)


def _as_json(result: GenerationResult, error: GenloomError | None) -> dict[str, object]:
    shown = result.to_json()
    if error is None:
        return shown
    return {**shown, "outcome": "error", "reason": error.message, "errors": [*shown["errors"], error.to_json()]}


def _show_code(result: GenerationResult) -> None:
    """Code that is worth something goes to standard output, marked when nothing proves it; the rest is shown beside."""
    if result.source is None:
        return
    if result.usable:
        put_code(result.source)
    elif result.outcome == "unverified":
        put_code(f"# genloom: UNVERIFIED, nothing proves that this code is right\n{result.source}")
    else:
        tell(f"# genloom: {result.outcome.upper()}, not for use\n{result.source.rstrip()}\n")
