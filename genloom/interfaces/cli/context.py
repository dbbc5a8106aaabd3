"""`genloom context`: what a model would see of a codebase."""

from __future__ import annotations

import click

from genloom.interfaces.cli import options

__all__ = ["command"]


@click.command(
    short_help="What a model would see of a codebase.",
    epilog="""\b
Examples:
  genloom context "where are pairs parsed" --repo .
  genloom context "retry after a rate limit" --repo ../service --budget 4000 --json""",
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
@options.as_json
@options.quiet
def command(query: str, repository: str, budget: int, as_json: bool, quiet: bool) -> int:
    """Show the files, symbols and text of a codebase that matter to QUERY, best first."""
    import time

    from genloom.interfaces.cli.inputs import find_repository, read_prompt
    from genloom.interfaces.cli.progress import showing_progress
    from genloom.interfaces.cli.terminal import put_json, put_text, tell
    from genloom.interfaces.job import prepare_job
    from genloom.tools.codebase import Query, build_context, open_codebase, render_context

    began = time.perf_counter()
    root = find_repository(repository) or ""
    job = prepare_job(read_prompt(query), {"repository": root, "context_tokens": budget})
    with showing_progress(as_json=as_json, quiet=quiet) as emit:
        chosen = build_context(job.request, job.context, job.settings, emit)
    ranking = open_codebase(root, job.settings).rank(Query.from_request(job.request))
    text = render_context(job.request, chosen, job.settings)
    found = {
        "files": [file.path for file in ranking.files],
        "symbols": [symbol.address for symbol in ranking.symbols],
        "text": text,
        "tokens": chosen.tokens,
        "relevance": round(chosen.relevance, 4),
        "items": [
            {"path": r.path, "symbol": r.symbol, "score": round(r.score, 4), "reasons": list(r.reasons), "form": r.form}
            for r in chosen.references
        ],
        "seconds": round(time.perf_counter() - began, 4),
    }
    if as_json:
        put_json(found)
        return 0
    put_text(text or "Nothing in the repository matches.")
    if not quiet:
        tell(f"{chosen.tokens:,} tokens, relevance {chosen.relevance:.2f}, {found['seconds']} s; best files:")
        tell(f"  {file.path}  ({'; '.join(file.reasons)})" for file in ranking.files[:10])
    return 0
