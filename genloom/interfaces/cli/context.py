"""`genloom context`: what a model would see of a codebase, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from genloom.interfaces.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genloom.state import CodeContext
    from genloom.tools.codebase import Ranking

__all__ = ["command"]

SHOWN_FILES = 10


@click.command(
    short_help="What a model would see of a codebase.",
    epilog="""\b
Examples:
  genloom context "where are pairs parsed" --repo .
  genloom context "retry after a rate limit" --repo ../service --budget 4000 --json
  genloom context "Invoice.total_due rounds wrongly" --explain
  genloom context "parse_pair" --files | head -5
  pytest 2>&1 | genloom context - --repo .

\b
A QUERY may be words, names, paths, a whole issue, a log, a stack trace or test ids, of any length (of a long one the two
ends count); `-` reads it from standard input.""",
)
@click.argument("query")
@options.repository_needed
@click.option(
    "--budget",
    type=click.IntRange(0, 1_000_000),
    default=6000,
    show_default=True,
    metavar="TOKENS",
    help="Estimated tokens.",
)
@click.option("--files", "files_only", is_flag=True, help="Print only the paths, one a line, best first.")
@click.option("--explain", is_flag=True, help="Print what was ranked and chosen, each with its score and reasons.")
@options.as_json
@options.quiet
def command(
    query: str, repository: str, budget: int, files_only: bool, explain: bool, as_json: bool, quiet: bool
) -> int:
    """Show the files, symbols and text of a codebase that matter to QUERY, best first."""
    import time

    from genloom.config import load_settings
    from genloom.interfaces.asked import as_request  # not the whole job: a warm answer takes a third of a second
    from genloom.interfaces.cli.inputs import find_repository, read_query
    from genloom.interfaces.cli.progress import showing_progress
    from genloom.interfaces.cli.terminal import put_json, put_text, tell
    from genloom.tools.codebase import Query, choose_context, open_codebase, render_context

    began = time.perf_counter()
    settings = load_settings()
    text, dropped = read_query(query)
    request, asked = as_request(text, {}), Query.from_text(text, dropped=dropped)
    codebase = open_codebase(find_repository(repository) or "", settings)
    with showing_progress(as_json=as_json, quiet=quiet) as emit:
        ranking, chosen = choose_context(
            codebase, request, budget_tokens=budget, query=asked, emit=emit, secrets=settings.secrets
        )
    text = render_context(request, chosen, settings)
    no_room = f"A budget of {budget:,} tokens has no room for anything of what was found."
    if as_json:
        found = _found(ranking, chosen, text, round(time.perf_counter() - began, 4))
        put_json({**found, "left_out": [*ranking.left_out, *([] if text or not ranking.files else [no_room])]})
        return 0
    if files_only:
        put_text("\n".join(file.path for file in ranking.files)) if ranking.files else None
    elif explain:
        put_text("\n".join(_explained(ranking, chosen)))
    else:
        put_text(text or (no_room if ranking.files else "Nothing in the repository matches."))
    if not quiet:
        tell(f"{chosen.tokens:,} tokens, relevance {chosen.relevance:.2f}, {time.perf_counter() - began:.2f} s")
        if not (files_only or explain) and ranking.files:
            tell("best files:")
            tell(f"  {file.path}  ({'; '.join(file.reasons)})" for file in ranking.files[:SHOWN_FILES])
    return 0


def _found(ranking: Ranking, chosen: CodeContext, text: str, seconds: float) -> dict[str, Any]:  # Any: JSON values
    return {
        "files": [file.path for file in ranking.files],
        "symbols": [symbol.address for symbol in ranking.symbols],
        "text": text,
        "tokens": chosen.tokens,
        "relevance": round(chosen.relevance, 4),
        "items": [
            {
                "path": ref.path,
                "symbol": ref.symbol,
                "lines": [ref.start_line, ref.end_line],
                "score": round(ref.score, 4),
                "reasons": list(ref.reasons),
                "form": ref.form,
                "tokens": ref.tokens,
            }
            for ref in chosen.references
        ],
        "seconds": seconds,
    }


def _explained(ranking: Ranking, chosen: CodeContext) -> Iterator[str]:
    """Yield what was ranked, and what of it fits the budget, in lines."""
    if not ranking.files:
        yield "Nothing in the repository matches."
        return
    yield f"files ({len(ranking.files)}, best first)"
    for file in ranking.files[: 2 * SHOWN_FILES]:
        yield f"  {file.score:6.3f}  {file.path}"
        yield from (f"          {reason}" for reason in file.reasons)
    yield f"symbols ({len(ranking.symbols)}, best first)"
    for symbol in ranking.symbols[: 2 * SHOWN_FILES]:
        yield f"  {symbol.score:6.3f}  {symbol.address}"
        yield from (f"          {reason}" for reason in symbol.reasons)
    yield f"chosen for the prompt ({len(chosen.references)} items, {chosen.tokens:,} tokens with what stands around them)"
    for ref in chosen.references:
        place = f"{ref.path}:{ref.start_line}-{ref.end_line} {ref.symbol or ''}".rstrip()
        yield f"  {ref.tokens:6,}  {ref.form:<9}  {ref.path if ref.form == 'path' else place}"
