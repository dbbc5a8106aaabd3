"""`genloom review`: what reading code shows, without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from genloom.interfaces.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from genloom.state import Review

__all__ = ["command"]

AT_ONCE = 4


@click.command(
    short_help="Review files without a model.",
    epilog="""\b
Examples:
  genloom review src/pairs.py
  genloom review . --json
  genloom review src --sarif > findings.sarif

\b
Exit codes: 0 approve; 1 revise or reject; 2 bad input.""",
)
@click.argument("paths", nargs=-1)
@options.as_json
@click.option("--sarif", is_flag=True, help="Print the findings as SARIF 2.1.0.")
def command(paths: tuple[str, ...], as_json: bool, sarif: bool) -> int:
    """Review Python files, and those in folders, with ruff and the capability pass. PATHS default to this folder."""
    from genloom.interfaces.cli.event_text import plural
    from genloom.interfaces.cli.report import finding_lines
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.portal import run_sync
    from genloom.tools.checks import to_sarif

    files = _files(paths or (".",))
    review = run_sync(_review(files))
    if sarif:
        put_json(to_sarif(review.findings))
    elif as_json:
        put_json({**review.model_dump(mode="json"), "files": len(files)})
    else:
        head = f"{review.decision}: {plural(len(files), 'file')}, {plural(len(review.findings), 'finding')}"
        put_text("\n".join([head, *finding_lines(review)]))
    return 0 if review.decision == "approve" else 1


def _files(paths: Sequence[str]) -> list[Path]:
    """Return the files that the paths name, and the Python files of folders, those that git ignores left out."""
    from pathlib import Path

    from genloom.errors import StorageError
    from genloom.tools.codebase.tree import SourceTree

    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name)
        if path.is_dir():
            found.update({path / file.path: None for file in SourceTree(path).files()})
        elif path.exists():
            found[path] = None
        else:
            raise StorageError(f"There is no file {name!r}.", hint="Give files or folders that are there.")
    return list(found)


async def _review(files: Sequence[Path]) -> Review:
    import asyncio

    from genloom.state import Finding, Review
    from genloom.tools.checks import CheckedFile, merge_reviews, read_checked_file, review_source

    turn = asyncio.Semaphore(AT_ONCE)

    async def review(path: Path) -> Review:
        async with turn:
            source = await asyncio.to_thread(read_checked_file, path)
            if isinstance(source, CheckedFile):
                return await review_source(source.text, str(path))
            finding = Finding(rule="unreadable", severity="error", message=source.reason, path=str(path))
            return Review(decision="revise", findings=(finding,))

    return merge_reviews(*await asyncio.gather(*map(review, files)))
