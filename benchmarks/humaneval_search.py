"""HumanEval by search: how many of its 164 problems genloom solves with no model, and how sure it rightly is.

Command (the data beside tests/humaneval.py's):

    GENLOOM_DATA=../shared/data python benchmarks/humaneval_search.py [--limit N] [--only HumanEval/0 …] [--seconds 5] \
        [--candidates N] [--cores 1] [--from-tests N] [--json FILE]

The `>>>` lines of a problem's docstring are the examples, the rest of the docstring is the prompt, the function's head the
signature. The problem's own tests are hidden: what was found is verified by them in the sandbox, as a pytest file with
negative controls and by value where they compare a call with a literal. A problem without `>>>` lines has no examples, and
the search abstains; it counts. Problems are searched for one after the other. `--from-tests` gives the search the first N
comparisons of the tests instead: no measure of how much is solved, but more answers to see how honest `passed` is.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from searching import Result, add_options, by_cost, chosen, limits_line, limits_of, searched, table, told, totals

from genloom.errors import ExampleError
from genloom.state import parse_example
from genloom.state.example import Example
from genloom.tools.sandbox import Sandbox
from genloom.tools.synthesis import SearchTask

# the tests verify the same problems
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from humaneval import Problem, read_problems, verify_solution


def task_of(problem: Problem, options: argparse.Namespace) -> SearchTask:
    """A problem as a person would ask genloom for it."""
    return SearchTask(
        name=problem.entry_point,
        prompt=prose(problem),
        examples=examples_of(problem, options),
        signature=signature(problem),
        **limits_of(options),
    )


def examples_of(problem: Problem, options: argparse.Namespace) -> tuple[Example, ...]:
    """The examples that a run gives to the search."""
    if options.from_tests:
        return tuple(map(parse_example, problem.examples[: options.from_tests]))
    return tuple(doc_examples(problem))


def doc_examples(problem: Problem) -> Iterator[Example]:
    """The examples that the docstring's `>>>` lines make with what follows each, up to an empty line."""
    text = asked_function(problem)
    for block in re.findall(r">>> *(.+)\n((?:(?!\s*(?:>>>|\"\"\"|'''|$)).+\n)*)", text):
        call = re.sub(r"\s+#.*", "", block[0]).strip()
        wanted = [line.strip() for line in block[1].splitlines()] or ["None" if call.endswith(")") else ""]
        # some lines are comparisons themselves; after some results prose goes on
        for text in (call, f"{call} == {' '.join(wanted)}", f"{call} == {wanted[0]}"):
            try:
                yield parse_example(text)
                break
            except ExampleError:
                continue


def asked_function(problem: Problem) -> str:
    """The head and docstring of the asked function, as they stand in the prompt."""
    return problem.prompt[problem.prompt.index(f"def {problem.entry_point}(") :]


def signature(problem: Problem) -> str:
    """The function's head."""
    node = ast.parse(problem.solution)
    found = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == problem.entry_point]
    returns = f" -> {ast.unparse(found[-1].returns)}" if found[-1].returns else ""
    return f"{problem.entry_point}({ast.unparse(found[-1].args)}){returns}"


def prose(problem: Problem) -> str:
    """The docstring without its examples."""
    text = asked_function(problem).partition("\n")[2]
    lines = [line.strip().strip("\"'") for line in re.split(r">>>", text)[0].splitlines()]
    return "\n".join(line for line in lines if line)


async def solve(problem: Problem, options: argparse.Namespace, sandbox: Sandbox) -> Result:
    """Search for one problem's program and verify it by the hidden tests."""
    result, source = await searched(task_of(problem, options), sandbox)
    if source:
        verdict = await verify_solution(problem, helpers(problem) + source, sandbox)
        result = replace(result, right={"passed": True, "failed": False}.get(verdict.result))
    return replace(result, name=problem.task_id)


def helpers(problem: Problem) -> str:
    """What stands before the asked function: imports and functions that some tests use."""
    before = problem.prompt[: problem.prompt.index(f"def {problem.entry_point}(")]
    return before if "def " in before else ""


async def run(problems: list[Problem], options: argparse.Namespace) -> list[Result]:
    """Solve the problems one after the other."""
    sandbox = Sandbox()
    return [told(await solve(problem, options, sandbox)) for problem in problems]


def main() -> int:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add_options(parser)
    parser.add_argument("--from-tests", type=int, metavar="N", help="take the first N of the tests as examples")
    options = parser.parse_args()
    problems = read_problems()
    if problems is None:
        sys.stderr.write("No problems: set GENLOOM_DATA to the folder that holds humaneval.jsonl.gz.\n")
        return 2
    problems = [problems[place] for place in chosen([problem.task_id for problem in problems], options)]
    results = asyncio.run(run(problems, options))
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1), encoding="utf-8")
    counted = {"with examples": sum(bool(examples_of(each, options)) for each in problems), **totals(results)}
    sys.stdout.write(limits_line(options) + table(list(counted), [list(counted.values())]) + "\n")
    sys.stdout.write(table(("cost up to", "right", "answers", "passed and wrong"), by_cost(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
