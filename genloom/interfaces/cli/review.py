"""`genloom review`: what reading code shows, without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from genloom.interfaces.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from genloom.interfaces.cli.late_progress import Tell
    from genloom.state import Review, ReviewPolicy

__all__ = ["command"]

AT_ONCE = 4


@click.command(
    short_help="Review files without a model.",
    epilog="""\b
Examples:
  genloom review src/pairs.py
  genloom review . --json
  genloom review src --policy house.toml
  genloom review src --sarif > findings.sarif

\b
Exit codes: 0 approve; 1 revise or reject; 2 bad input.""",
)
@click.argument("paths", nargs=-1)
@options.policy
@options.as_json
@options.sarif
def command(paths: tuple[str, ...], policy: str | None, as_json: bool, sarif: bool) -> int:
    """Review Python files, and those in folders, with ruff, the capability pass, bandit where it is installed, and house
    rules. PATHS default to this folder.

    A repository's own rules (.genloom/policy.toml, [tool.genloom.review] in pyproject.toml) only tighten the review; the
    file that --policy names may also loosen it.
    """
    from genloom.interfaces.cli.event_text import plural
    from genloom.interfaces.cli.late_progress import showing_late_progress
    from genloom.interfaces.cli.report import finding_lines
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.portal import run_sync
    from genloom.tools.checks import to_sarif

    files = _files(paths or (".",), policy)
    with showing_late_progress(f"reviewing {plural(len(files), 'file')}") as tell:
        review, sources = run_sync(_review(files, tell))
    if sarif:
        complete = not any(finding.rule.endswith(":not-run") for finding in review.findings)
        put_json(to_sarif(review.findings, sources, complete=complete))
    elif as_json:
        put_json({**review.model_dump(mode="json"), "files": len(files)})
    else:
        head = f"{review.decision}: {plural(len(files), 'file')}, {plural(len(review.findings), 'finding')}"
        put_text("\n".join([head, *finding_lines(review)]))
    return 0 if review.decision == "approve" else 1


class _File(NamedTuple):
    path: Path
    policy: ReviewPolicy


def _files(paths: Sequence[str], policy_file: str | None) -> list[_File]:
    """Return the files that the paths name, and the Python files of folders, those that git ignores left out, each with
    the policy that holds where it lies."""
    from pathlib import Path

    from genloom.errors import StorageError
    from genloom.interfaces.cli.terminal import tell
    from genloom.state import ReviewPolicy
    from genloom.tools.house_rules import find_house_rules, house_rules, read_policy

    given = ReviewPolicy() if policy_file is None else read_policy(policy_file)
    found: dict[Path, _File] = {}
    told: set[str] = set()
    for name in paths:
        path = Path(name)
        try:
            there = path.exists()
        except (OSError, ValueError) as error:
            raise StorageError(f"{name!r} cannot be looked at: {error}.", hint="Check the path.") from error
        if not there:
            raise StorageError(f"There is no file {name!r}.", hint="Give files or folders that are there.")
        policy, remarks = house_rules(find_house_rules(path), given)
        for remark in remarks:
            if remark not in told:
                told.add(remark)
                tell(f"warning: {remark}")
        found.update({each: _File(each, policy) for each in _python_files(path)})
    return list(found.values())


def _python_files(path: Path) -> Iterator[Path]:
    from genloom.tools.codebase.files.tree import SourceTree

    if path.is_dir():
        yield from (path / file.path for file in SourceTree(path).files())
    else:
        yield path


async def _review(files: Sequence[_File], tell: Tell) -> tuple[Review, dict[str, str]]:
    """Return the review of all files, and the texts of those with findings by path."""
    import asyncio

    from genloom.interfaces.cli.event_text import plural
    from genloom.state import Finding, Review
    from genloom.tools.checks import CheckedFile, merge_reviews, read_checked_file, review_source

    turn = asyncio.Semaphore(AT_ONCE)
    sources: dict[str, str] = {}
    done = 0

    async def review(file: _File) -> Review:
        nonlocal done
        async with turn:
            name = _shown(file.path)
            source = await asyncio.to_thread(read_checked_file, file.path)
            if isinstance(source, CheckedFile):
                found = await review_source(source.text, name, policy=file.policy)
                sources.update({name: source.text} if found.findings else {})
            else:
                finding = Finding(rule="unreadable", severity="error", message=source.reason, path=name)
                found = Review(decision="revise", findings=(finding,))
            done += 1
            tell(f"reviewed {done:,} of {plural(len(files), 'file')}: {name}")
            return found

    return merge_reviews(*await asyncio.gather(*map(review, files))), sources


def _shown(path: Path) -> str:
    """The path as text that can be stored and sent, also where its name is not UTF-8."""
    import os

    return os.fsencode(path).decode("utf-8", "backslashreplace")
