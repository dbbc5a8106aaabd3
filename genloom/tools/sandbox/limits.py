"""How much a run may use."""

from __future__ import annotations

from dataclasses import dataclass, fields

from genloom.errors import UsageError

__all__ = ["Limits"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on one run.

    `wall_seconds` counts from the start of the interpreter, `cpu_seconds` for each process. `memory_megabytes` is what
    the whole tree may hold; one process may map 128 MiB more than that. `processes` counts threads too.
    `file_megabytes` is the largest file, and all of the scratch folder where that is private memory.
    `output_kilobytes` bounds standard output, standard error and the records, each.
    """

    wall_seconds: float = 30.0
    cpu_seconds: float = 30.0
    memory_megabytes: int = 1024
    processes: int = 64
    file_megabytes: int = 32
    output_kilobytes: int = 512

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < 10**9:
                raise UsageError(f"The limit {field.name} is {value!r}.", hint="Give a positive number.")

    @property
    def text(self) -> str:
        """The limits in one line, as reports and verdicts show them."""
        return (
            f"{self.wall_seconds:g} s, {self.cpu_seconds:g} s CPU, {self.memory_megabytes} MiB, "
            f"{self.processes} processes, {self.file_megabytes} MiB files, {self.output_kilobytes} KiB output"
        )
