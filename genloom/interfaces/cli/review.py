"""`genloom review`: what reading code shows; files without a model, changes and pull requests with one, too."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from genloom.interfaces.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from genloom.interfaces.cli.late_progress import Tell
    from genloom.interfaces.cli.review_output import ReviewForm
    from genloom.state import Review, ReviewPolicy

__all__ = ["command"]

AT_ONCE = 4
NO_MODEL = "none"


@click.command(
    short_help="Review files, a change, or a pull request.",
    epilog="""\b
Examples:
  genloom review src/pairs.py
  genloom review . --json
  genloom review src --policy house.toml
  genloom review src --sarif > findings.sarif
  genloom review --diff HEAD~1
  genloom review --diff main... --model openai:gpt-5 --markdown
  genloom review --pr 17 --post

\b
Exit codes: 0 approve; 1 revise or reject; 2 bad input; 3 a key or token is missing or refused;
4 the code host failed.""",
)
@click.argument("paths", nargs=-1)
@click.option(
    "--diff",
    "revision",
    metavar="REV",
    help="What the work tree changes since this commit; with ... behind a branch's name, since this one began.",
)
@click.option(
    "--pr", "number", type=click.IntRange(min=1), metavar="N", help="What this pull or merge request changes."
)
@click.option("--post", is_flag=True, help="With --pr: post the review there, once, with comments on its lines.")
@click.option(
    "--model", metavar="NAME", help="Models review, too: provider:model, or none [default for changes: GENLOOM_MODEL]."
)
@options.policy
@options.as_json
@options.sarif
@click.option("--markdown", is_flag=True, help="Print the review as Markdown.")
def command(
    paths: tuple[str, ...],
    revision: str | None,
    number: int | None,
    post: bool,
    model: str | None,
    policy: str | None,
    as_json: bool,
    sarif: bool,
    markdown: bool,
) -> int:
    """Review Python files, and those in folders, with ruff, the capability pass, bandit where it is installed, and house
    rules. PATHS default to this folder.

    With --diff or --pr what a change causes is reviewed, and models take part where one is configured: one looks for each
    of correctness, security, performance, tests and style.

    A repository's own rules (.genloom/policy.toml, [tool.genloom.review] in pyproject.toml) only tighten the review; the
    file that --policy names may also loosen it.
    """
    form = _form(as_json=as_json, sarif=sarif, markdown=markdown)
    _demand_one(paths, revision, number, post=post)
    if number is not None:
        # imported here, as below: each way of reviewing needs other packages
        from genloom.interfaces.cli.review_pull_request import review_pull_request

        return review_pull_request(
            number, post=post, model=model, policy=policy, as_json=as_json, sarif=sarif, markdown=markdown
        )
    if revision is not None or model not in (None, NO_MODEL):
        from genloom.interfaces.cli.review_change import review_change

        return review_change(revision=revision, paths=paths or (".",), model=model, policy=policy, form=form)
    return _review_files(paths or (".",), policy, form)


def _form(*, as_json: bool, sarif: bool, markdown: bool) -> ReviewForm:
    from genloom.errors import UsageError

    chosen: list[ReviewForm] = []
    chosen += ["json"] if as_json else []
    chosen += ["sarif"] if sarif else []
    chosen += ["markdown"] if markdown else []
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} go not together.", hint="Choose one form of the output.")
    return chosen[0] if chosen else "text"


def _demand_one(paths: Sequence[str], revision: str | None, number: int | None, *, post: bool) -> None:
    from genloom.errors import UsageError

    given = [name for name, value in (("PATHS", paths), ("--diff", revision), ("--pr", number)) if value]
    if len(given) > 1:
        raise UsageError(
            f"{given[0]} and {given[1]} go not together.", hint="Review files, a change, or a pull request."
        )
    if revision == "":
        raise UsageError("--diff names no revision.", hint="Name a commit, such as HEAD~1 or main.")
    if post and number is None:
        raise UsageError("--post needs a pull request.", hint="Name it with --pr.")


def _review_files(paths: Sequence[str], policy: str | None, form: ReviewForm) -> int:
    from genloom.interfaces.cli.event_text import plural
    from genloom.interfaces.cli.late_progress import showing_late_progress
    from genloom.interfaces.cli.review_output import put_review
    from genloom.portal import run_sync

    files = _files(paths, policy)
    with showing_late_progress(f"reviewing {plural(len(files), 'file')}") as tell:
        review, sources = run_sync(_review(files, tell))
    return put_review(review, form, files=len(files), sources=sources)


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
