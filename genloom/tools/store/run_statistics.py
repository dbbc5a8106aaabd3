"""Statistics over the record of runs: what `genloom stats` shows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from genloom.tools.store.run_records import RunRecords
from genloom.tools.store.run_summary import RunSummary

__all__ = ["Durations", "Statistics", "statistics", "summarise"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Durations(_Frozen):
    """How long something took, in seconds: the median, the 95th percentile (nearest rank) and how often it was seen."""

    count: int
    p50: float
    p95: float


class Statistics(_Frozen):
    """What the runs of an organisation came to. A run that was resumed is one request.

    `outcomes` counts runs by generator (`none` where no draft was made) and outcome. `attempts` are drafts. Tokens and
    cost are sums over those runs that told them, `None` when none did; `runs_with_tokens` and `runs_with_cost` say how
    many that were. `nodes` are durations by node, failed visits included; `node_failures` counts those.
    """

    requests: int
    outcomes: dict[str, dict[str, int]]
    models: dict[str, int]
    cache_hits: int
    attempts: int
    input_tokens: int | None
    output_tokens: int | None
    runs_with_tokens: int
    cost_usd: float | None
    runs_with_cost: int
    total: Durations | None
    nodes: dict[str, Durations]
    node_failures: dict[str, int]

    def to_json(self) -> dict[str, Any]:  # Any: text, numbers and tables of them
        """Return plain JSON data."""
        return self.model_dump(mode="json")


def statistics(records: RunRecords, *, since: float = 0.0) -> Statistics:
    """Sum up the runs that began at or after a Unix time. Raises `StorageError`."""
    return summarise(records.runs(since))


def summarise(runs: Sequence[RunSummary]) -> Statistics:
    """Sum up these runs."""
    with_tokens = [run for run in runs if run.input_tokens is not None]
    costs = [run.cost_usd for run in runs if run.cost_usd is not None]
    visits = [visit for run in runs for visit in run.nodes]
    return Statistics(
        requests=len(runs),
        outcomes=_outcomes(runs),
        models=dict(Counter(run.model for run in runs if run.model)),
        cache_hits=sum(run.cached for run in runs),
        attempts=sum(run.attempts for run in runs),
        input_tokens=sum(run.input_tokens or 0 for run in with_tokens) if with_tokens else None,
        output_tokens=sum(run.output_tokens or 0 for run in with_tokens) if with_tokens else None,
        runs_with_tokens=len(with_tokens),
        cost_usd=math.fsum(costs) if costs else None,
        runs_with_cost=len(costs),
        total=_durations(run.seconds for run in runs),
        nodes=_by_node(visits),
        node_failures=dict(Counter(node for node, _, failed in visits if failed)),
    )


def _outcomes(runs: Iterable[RunSummary]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for run in runs:
        found.setdefault(run.generator or "none", Counter())[run.outcome] += 1
    return {generator: dict(counts) for generator, counts in sorted(found.items())}


def _by_node(visits: Iterable[tuple[str, float, bool]]) -> dict[str, Durations]:
    seconds: dict[str, list[float]] = {}
    for node, taken, _ in visits:
        seconds.setdefault(node, []).append(taken)
    return {node: found for node, taken in sorted(seconds.items()) if (found := _durations(taken)) is not None}


def _durations(seconds: Iterable[float]) -> Durations | None:
    ordered = sorted(seconds)
    if not ordered:
        return None
    return Durations(count=len(ordered), p50=_percentile(ordered, 0.50), p95=_percentile(ordered, 0.95))


def _percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed (nearest rank)."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
