"""`genloom stats`: what the recorded runs came to."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING

import click

from genloom.interfaces.cli import options

if TYPE_CHECKING:
    from genloom.tools.store.result_cache import CacheStatistics
    from genloom.tools.store.run_statistics import Statistics

__all__ = ["command"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def _unix_time(context: click.Context, parameter: click.Parameter, text: str | None) -> float:
    """Return when `7d`, `12h` or `2026-11-20` was."""
    if text is None:
        return 0.0
    span = re.fullmatch(r"(\d{1,9})([smhdw])", text.strip())
    if span:
        return time.time() - int(span[1]) * _UNITS[span[2]]
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise click.BadParameter(
            f"{text!r} is neither a span such as 7d or 12h nor a date such as 2026-11-20."
        ) from error


@click.command(
    short_help="What the recorded runs came to.",
    epilog="\b\nExamples:\n  genloom stats\n  genloom stats --since 7d --json",
)
@click.option("--since", callback=_unix_time, metavar="WHEN", help="A span (7d, 12h) or a date (2026-11-20).")
@options.as_json
def command(since: float, as_json: bool) -> int:
    """Show requests, outcomes, cache hits, tokens and durations of the recorded runs."""
    from contextlib import closing

    from genloom.config import load_settings
    from genloom.interfaces.cli.terminal import put_json, put_text
    from genloom.tools.store.result_cache import open_result_cache
    from genloom.tools.store.run_records import open_run_records
    from genloom.tools.store.run_statistics import statistics

    settings = load_settings()
    with closing(open_run_records(settings)) as journal, closing(open_result_cache(settings)) as cache:
        found, kept = statistics(journal, since=since), cache.stats()
    if as_json:
        put_json({**found.to_json(), "cache": kept.to_json()})
    else:
        put_text("\n".join(_lines(found, kept)))
    return 0


def _lines(found: Statistics, kept: CacheStatistics) -> list[str]:
    lines = [f"requests    {found.requests:,}, {found.cache_hits:,} answered from the cache; {found.attempts:,} drafts"]
    for generator, outcomes in found.outcomes.items():
        lines.append(f"{generator:<12}{', '.join(f'{count:,} {outcome}' for outcome, count in outcomes.items())}")
    lines += [f"model       {model}: {count:,} runs" for model, count in found.models.items()]
    if found.input_tokens is not None:
        lines.append(
            f"tokens      {found.input_tokens:,} in, {found.output_tokens or 0:,} out, in {found.runs_with_tokens:,} runs"
        )
    if found.cost_usd is not None:
        lines.append(f"cost        {found.cost_usd:.4f} USD, known of {found.runs_with_cost:,} runs")
    lines.append(f"cache       {kept.entries:,} answers, {kept.bytes / 1024:,.0f} KiB, {kept.evictions:,} evicted")
    for node, seconds in [("whole run", found.total), *found.nodes.items()]:
        if seconds is not None:
            failures = f", {found.node_failures[node]:,} failed" if node in found.node_failures else ""
            lines.append(
                f"{node:<16}p50 {seconds.p50:8.3f} s  p95 {seconds.p95:8.3f} s  {seconds.count:,} times{failures}"
            )
    return lines
