"""A small repository for the feature tests, and agents that follow a script in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, SystemMessage

from genloom.testing import Reply, ScriptedChatModel, ToolCall

PRICES = "def total(prices: list[int]) -> int:\n    return sum(prices)\n"
TESTS = "from prices import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"
DOUBLED = PRICES + "\n\ndef doubled(prices: list[int]) -> list[int]:\n    return [2 * price for price in prices]\n"
DOUBLED_TESTS = "from prices import doubled\n\n\ndef test_doubled():\n    assert doubled([1, 4]) == [2, 8]\n"
SPECIFICATION = "Add a function `doubled` to prices.py that doubles every price."


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it prints."""
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@localhost", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.rstrip("\n")


def make_repository(folder: Path, files: Mapping[str, str] | None = None) -> Path:
    """Make a repository with one commit."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for path, text in {
        "prices.py": PRICES,
        "test_prices.py": TESTS,
        "README.md": "# Prices\n",
        **(files or {}),
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


def standing(folder: Path) -> dict[str, Any]:
    """Return all that a feature must leave alone: HEAD, branches, what git says of the files, and the files."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        "head": git(folder, "rev-parse", "HEAD"),
        "refs": git(folder, "for-each-ref"),
        "worktrees": git(folder, "worktree", "list"),
        "status": git(folder, "--no-optional-locks", "status", "--porcelain"),
        "files": {str(path.relative_to(folder)): path.read_bytes() for path in files},
    }


def call(name: str, **arguments: Any) -> Reply:
    """A reply that calls one tool."""
    return Reply(tool_calls=(ToolCall(name=name, arguments=arguments),))


PLAN = call("submit_plan", tasks=["add doubled"], files=["prices.py"], tests=["doubles every price"])
CODE = call("edit_file", path="prices.py", old=PRICES, new=DOUBLED)
TEST = call("create_file", path="test_doubled.py", text=DOUBLED_TESTS)
DOCS = call("edit_file", path="README.md", old="# Prices\n", new="# Prices\n\n`doubled` doubles every price.\n")

Part = list[Any]  # Any: replies


def scripted(**parts: Part) -> ScriptedChatModel:
    """A model that plays every step's agent: by the system prompt it knows which, and gives that step's replies in order."""
    replies: dict[str, Part] = {
        "plan": [PLAN, "Planned."],
        "code": [CODE, "Written."],
        "tests": [TEST, "Tested."],
        "docs": [DOCS, "Documented."],
        **{step: list(part) for step, part in parts.items()},
    }

    def rule(messages: list[BaseMessage]) -> Any:
        step = step_of(messages)
        said = replies[step].pop(0)
        return said() if isinstance(said, Callable) else said  # type: ignore[arg-type]

    return ScriptedChatModel(rule=rule)


def step_of(messages: list[BaseMessage]) -> str:
    """Return the step whose agent is asked."""
    system = next(str(message.content) for message in messages if isinstance(message, SystemMessage))
    starts = {"You plan": "plan", "You write the code": "code", "You write the tests": "tests"}
    return next((step for start, step in starts.items() if system.startswith(start)), "docs")
