"""HumanEval's problems as genloom verifies them: the tests as a pytest file, and plain comparisons as examples too."""

from __future__ import annotations

import ast
import gzip
import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from genloom.errors import ExampleError
from genloom.state import GenerationRequest, Verdict, module_draft, parse_example
from genloom.state.request import MAX_EXAMPLES
from genloom.tools.checks import CheckRunner, verify_draft

__all__ = ["MODULE", "Problem", "read_problems", "verify_solution"]

MODULE = "solution"


@dataclass(frozen=True)
class Problem:
    """One problem: the prompt with signature and docstring, the body of the right solution, and `check(candidate)`."""

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    test: str

    @property
    def solution(self) -> str:
        """The module that is right."""
        return self.prompt + self.canonical_solution

    @property
    def tests(self) -> str:
        """The tests as a pytest file. They call the function by its name, so that negative controls find the calls."""
        called = re.sub(r"\bcandidate\b", self.entry_point, self.test)
        named = called.replace(f"def check({self.entry_point}):", "def test_check():")
        # some tests use other functions of the module, too
        return f"from {MODULE} import {self.entry_point}\nfrom {MODULE} import *\n{named}"

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """Every `assert candidate(x) == y` of the tests that is an example as it stands: x and y are literals."""
        asserts = [node.test for node in ast.walk(ast.parse(self.test)) if isinstance(node, ast.Assert)]
        found = (self._example(each) for each in asserts if isinstance(each, ast.Compare))
        return tuple(dict.fromkeys(filter(None, found)))[:MAX_EXAMPLES]

    @cached_property
    def arguments(self) -> tuple[tuple[object, ...], ...]:
        """The arguments of each call in the tests that has only literals as arguments."""
        calls = [node for node in ast.walk(ast.parse(self.test)) if isinstance(node, ast.Call)]
        found = [_literals(call.args) for call in calls if _is_candidate(call) and not call.keywords]
        return tuple({repr(arguments): arguments for arguments in found if arguments}.values())

    def _example(self, comparison: ast.Compare) -> str:
        if not _is_candidate(comparison.left) or _literals(comparison.left.args) is None:
            return ""
        text = re.sub(r"^candidate\b", self.entry_point, ast.unparse(comparison))
        try:
            return parse_example(text).text
        except ExampleError:
            return ""


def _is_candidate(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "candidate"


def _literals(arguments: list[ast.expr]) -> tuple[object, ...] | None:
    try:
        return tuple(ast.literal_eval(argument) for argument in arguments)
    except (ValueError, TypeError):
        return None


def read_problems() -> list[Problem] | None:
    """Read the problems from the folder `GENLOOM_DATA`; `None` without it."""
    path = Path(os.environ.get("GENLOOM_DATA") or "/nonexistent", "humaneval.jsonl.gz")
    if not path.is_file():
        return None
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [Problem(**json.loads(line)) for line in file]


async def verify_solution(problem: Problem, source: str, sandbox: CheckRunner) -> Verdict:
    """Verify a module as a draft for a problem, by its examples and its tests."""
    request = GenerationRequest(
        prompt=problem.task_id, name=problem.entry_point, examples=problem.examples, tests=problem.tests
    )
    draft = module_draft(source, path=f"{MODULE}.py", name=problem.entry_point, generator="model")
    return await verify_draft(draft, request, sandbox)
