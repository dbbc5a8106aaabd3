"""Localisation: from a commit's subject to the files and symbols that it touched, side by side on the same commits.

Command:

    GENLOOM_DATA=… python benchmarks/localise.py --clones FOLDER [--keep FOLDER] [--ablation] [--predictions FOLDER]
                                                 [--repositories a,b] [--tasks FILE] [--json]

`--clones` holds a git clone with its history for each repository of the tasks, under the task's name for it. Tasks:
`$GENLOOM_DATA/localise.jsonl`. Each checkout is moved to the commit before the task's, so that neither the code nor the
history knows the answer. Compared are file BM25 with tests demoted, the recipe that the engine has to beat (both written for
this benchmark, in `localise_baselines.py`), and genloom, with and without the history. Scores follow the tasks' evaluator
(`--predictions` writes what it reads): F@k, MRR, hit@1, S@k, and the share of touched files and symbols whose code stands
whole in a context of 4,000 and 8,000 tokens. A difference comes with its 95 % interval (paired bootstrap over the tasks).
`--ablation` switches one signal off at a time besides, with the interval of what it gains. Every weight that the engine has
is shared by all repositories; one table gives each repository apart, and the gain on all others.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from conditions import conditions, data_folder, progress
from localise_baselines import FileBm25, Recipe, Repository, Text
from localise_material import Checkouts, read_tasks
from localise_scores import BUDGETS, Prediction, Task, intervals, scores

from genloom.state import CodeContext, GenerationRequest
from genloom.tools.codebase import Codebase, RankingWeights
from genloom.tools.codebase.codebase import CONTEXT_LIMIT

OURS, HISTORY_OFF = "genloom", "genloom without history"
COLUMNS = ("F@1", "F@5", "F@10", "MRR", "hit@1", "S@10", "S@30", "F 4k", "F 8k", "S 4k", "S 8k", "ms")

Rows = dict[str, list[dict[str, float]]]


def signals_off() -> dict[str, RankingWeights]:
    """Return the weights with one signal switched off, by what is missing then."""
    no_roles = RankingWeights(tests=1.0, documentation=1.0, packages=1.0)
    fields = {
        "the files' own text": "text",
        "their best symbols": "symbols",
        "names written in the query": "verbatim",
        "the file's share in a symbol": "file_share",
        "history": "history",
        "files and lines that the query names": "place",
        "files whose tests it names": "tested",
    }
    off = {name: replace(RankingWeights(), **{field: 0.0}) for name, field in fields.items()}
    return off | {"demotion by role": no_roles}


def predict(codebase: Codebase, query: str, weights: RankingWeights, *, packed: bool) -> Prediction:
    """Let genloom rank and pack."""
    started = time.process_time()
    ranking = codebase.rank(query, limit=CONTEXT_LIMIT, weights=weights)
    seconds = time.process_time() - started
    contexts: dict[str, CodeContext] = {}
    if packed:
        request = GenerationRequest(prompt=query)
        contexts = {
            name: codebase.context(request, budget_tokens=budget, ranking=ranking) for name, budget in BUDGETS.items()
        }
    return Prediction(
        files=[file.path for file in ranking.files],
        symbols=[symbol.address for symbol in ranking.symbols],
        context_files={name: [r.path for r in found.references] for name, found in contexts.items()},
        context_symbols={name: held_symbols(codebase, context) for name, context in contexts.items()},
        seconds=seconds,
    )


def held_symbols(codebase: Codebase, context: CodeContext) -> list[str]:
    """Return the symbols whose whole code stands in a context."""
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for reference in context.references:
        if reference.form == "body":
            spans[reference.path].append((reference.start_line, reference.end_line))
    return [
        f"{path}::{symbol.qualified}"
        for path, held in spans.items()
        for symbol in codebase.symbols(path)
        if any(start <= symbol.start_line and symbol.end_line <= end for start, end in held)
    ]


def run(
    tasks: Sequence[Task], checkouts: Checkouts, keep: Callable[[str, Task, Prediction], None], *, ablation: bool
) -> None:
    """Predict every task by every method."""
    variants = {OURS: RankingWeights(), HISTORY_OFF: replace(RankingWeights(), history=0.0)}
    off = signals_off() if ablation else {}
    known: dict[str, Text] = {}
    for number, task in enumerate(tasks):
        progress(f"{number} of {len(tasks)}: {task.id}")
        if number and tasks[number - 1].repo != task.repo:
            known.clear()
        root = checkouts.at_parent(task)
        codebase = Codebase(root, cache=checkouts.cache)
        codebase.refresh()
        codebase.rank(task.query, limit=1)  # what is read once for each state of the index is no part of a warm query
        for name, weights in (variants | off).items():
            keep(name, task, predict(codebase, task.query, weights, packed=name in variants))
        repository = Repository.read(root, (file.path for file in codebase.files() if file.path.endswith(".py")), known)
        codebase.close()
        for method in (FileBm25(), Recipe()):
            keep(method.name, task, method(repository, task.query))


def means(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Return each score's mean over the tasks that have it."""
    values: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            values[name].append(value)
    return {name: fmean(found) for name, found in values.items()}


def table(title: str, lines: Mapping[str, Mapping[str, float]], columns: Sequence[str] = COLUMNS) -> str:
    """Return a Markdown table."""
    text = [f"| {title} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for name, found in lines.items():
        cells = (f"{found[c]:.1f}" if c == "ms" else f"{found[c]:.3f}" if c in found else "" for c in columns)
        text.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(text)


def differences(rows: Rows) -> str:
    """Return genloom's gain over the others with its interval."""
    text = ["| genloom, less | " + " | ".join(COLUMNS[:-1]) + " |", "|---" * len(COLUMNS) + "|"]
    for other in (FileBm25.name, Recipe.name, HISTORY_OFF):
        found = intervals(rows[OURS], rows[other])
        cells = ["{:+.3f} [{:+.3f}, {:+.3f}]".format(*found[name]) if name in found else "" for name in COLUMNS[:-1]]
        text.append(f"| {other} | {' | '.join(cells)} |")
    return "\n".join(text)


def by_repository(tasks: Sequence[Task], rows: Rows) -> str:
    """Return each repository's scores beside the recipe's, and the gain on all the others."""
    columns = ("F@5", "MRR", "S@10", "S 8k")
    lines: dict[str, dict[str, float]] = {}
    for repo in sorted({task.repo for task in tasks}):
        for name in (Recipe.name, OURS):
            own = [row for task, row in zip(tasks, rows[name], strict=True) if task.repo == repo]
            lines[f"{repo}: {name}"] = means(own)
        rest = [index for index, task in enumerate(tasks) if task.repo != repo]
        if rest:
            ours, other = (means(rows[name][index] for index in rest) for name in (OURS, Recipe.name))
            lines[f"gain without {repo}"] = {name: ours[name] - other[name] for name in columns}
    return table("repository", lines, columns)


def ablation(rows: Rows) -> str:
    """Return genloom's scores with one signal switched off at a time, and what each gains with its interval."""
    columns = COLUMNS[:7]
    off = [name for name in signals_off() if name in rows]
    lines = {name: means(rows[name]) for name in (OURS, *off)}
    text = ["| gain of | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in off:
        found = intervals(rows[OURS], rows[name])
        text.append(f"| {name} | " + " | ".join("{:+.3f} [{:+.3f}, {:+.3f}]".format(*found[c]) for c in columns) + " |")
    return "\n\n".join([table("genloom without", lines, columns), "\n".join(text)])


def report(tasks: Sequence[Task], rows: Rows) -> str:
    """Return all tables."""
    main = (FileBm25.name, Recipe.name, HISTORY_OFF, OURS)
    compared = table("method", {name: means(rows[name]) for name in main})
    parts = [compared, differences(rows), by_repository(tasks, rows)]
    return "\n\n".join([*parts, ablation(rows)] if len(rows) > len(main) else parts)


def main() -> None:
    """Run what the arguments ask for and print it."""
    parser = argparse.ArgumentParser(description="Localisation on real commits.")
    parser.add_argument("--clones", type=Path, required=True)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--tasks", type=Path)
    parser.add_argument("--repositories", type=lambda text: text.split(","))
    parser.add_argument("--predictions", type=Path)
    parser.add_argument("--ablation", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    tasks = read_tasks(chosen.tasks or data_folder() / "localise.jsonl")
    rows: Rows = defaultdict(list)
    lines: dict[str, list[str]] = defaultdict(list)

    def keep(name: str, task: Task, predicted: Prediction) -> None:
        rows[name].append(scores(task, predicted))
        lines[name].append(json.dumps(predicted.as_json(task)))

    with Checkouts.below(chosen.clones.resolve(), chosen.keep) as checkouts:
        tasks = checkouts.ordered(t for t in tasks if not chosen.repositories or t.repo in chosen.repositories)
        run(tasks, checkouts, keep, ablation=chosen.ablation)
    if chosen.predictions:
        chosen.predictions.mkdir(parents=True, exist_ok=True)
        for name, found in lines.items():
            chosen.predictions.joinpath(f"{name.replace(' ', '-')}.jsonl").write_text("\n".join(found) + "\n")
    if chosen.json:
        sys.stdout.write(json.dumps({"conditions": conditions(tasks=len(tasks)), "scores": rows}) + "\n")
    else:
        sys.stdout.write(f"{conditions(tasks=len(tasks))}\n\n{report(tasks, rows)}\n")


if __name__ == "__main__":
    main()
