"""Canaries on disk: a secret of each kind, planted in each place of a repository, is nowhere after indexing, after showing a
context and after a whole generation: not in a prompt, an event, an answer, a trace, a cache, an index, a log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from scenarios import fenced

from genloom.testing import OpenAIServer
from genloom.testing.loopback import Answer, LoopbackServer, RecordedRequest
from genloom.tools.codebase import Codebase, codebase_tools

pytestmark = pytest.mark.slow

ENVIRONMENT_VALUE = "zanzibar-harvest-quintet"
"""A key that no pattern knows."""
PATH_TOKEN = "gh" + "p_" + "Pp4Th" * 8
"""In a file's name."""


def _token(place: str) -> str:
    return "gh" + "p_" + (place.title() + "Zq9X" * 10)[:36]


PEM_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7" + "Zk3q" * 3
PEM = "-----BEGIN PRIVATE" + f" KEY-----\n{PEM_LINE}\n{PEM_LINE[::-1]}\n-----END PRIVATE" + " KEY-----"
PASSWORD = "kV9#mQ2$xL7p-Tr"
URL_PASSWORD = "hunter4-Pw9xQz"
JS_PASSWORD = "Jsm0d-Qw8zRt"
TOKENS = {place: _token(place) for place in ("text", "symbol", "docstring", "subject", "export", "rules", "comment")}
CANARIES = {
    **TOKENS,
    "pem": PEM_LINE,
    "pem, second line": PEM_LINE[::-1],
    "assignment": PASSWORD,
    "URL": URL_PASSWORD,
    "import's URL": JS_PASSWORD,
    "environment": ENVIRONMENT_VALUE,
}

WIDGETS = f'''"""Widgets are parsed here. {TOKENS["docstring"]}"""

__all__ = ["parse_widget", "{TOKENS["export"]}"]

PEM = """{PEM}"""
password = "{PASSWORD}"
ADDRESS = "https://bot:{URL_PASSWORD}@widgets.example/api"
TOKEN = "{TOKENS["text"]}"
KEY = "{ENVIRONMENT_VALUE}"


def parse_widget(text):
    """Parse a widget. {"long " * 395} {TOKENS["docstring"]}"""
    # widget {TOKENS["comment"]} {ENVIRONMENT_VALUE}
    return "{TOKENS["text"]}", ADDRESS


def test_widget_{TOKENS["symbol"]}():
    assert parse_widget("widget")
'''
SCRIPT = f"""import {{ widget }} from "https://bot:{JS_PASSWORD}@widgets.example/widget.js";
export const parseWidget = widget;
"""
WRONG = 'def count_widgets(text: str) -> int:\n    raise ValueError("not yet")\n'
RIGHT = 'def count_widgets(text: str) -> int:\n    """Count widgets."""\n    return text.count("w")\n'
APPROVAL = json.dumps({"decision": "approve", "summary": "Good.", "findings": []})


class Ingest(LoopbackServer):
    """LangSmith's endpoint: it takes every trace."""

    def answer(self, request: RecordedRequest) -> Answer:
        if request.path.endswith("/info"):
            return Answer.of_json({"version": "1", "instance_flags": {"zstd_compression_enabled": False}})
        return Answer.of_json({}, status=202)


@dataclass(frozen=True)
class Left:
    """What the commands left: texts by the place where they stood."""

    places: dict[str, bytes]
    prompts: int

    def holding(self, canary: str) -> list[str]:
        return [place for place, data in self.places.items() if canary.encode() in data]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository full of canaries."""
    root = tmp_path_factory.mktemp("canaries") / "repository"
    root.mkdir()
    (root / "AGENTS.md").write_text(f"Widgets are counted by letters. {TOKENS['rules']}\n")
    (root / "widgets.py").write_text(WIDGETS)
    (root / "widget.js").write_text(SCRIPT)
    (root / f"widgets_{PATH_TOKEN}.py").write_text("def count_widget_parts(text):\n    return 1\n")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", f"Count widgets with {TOKENS['subject']}")):
        subprocess.run(["git", *who, *command], cwd=root, check=True, capture_output=True)
    return root


@pytest.fixture(scope="module")
def left(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Index, context, summary and generation, each a process of its own, on one empty home."""
    home, here = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("here")
    places: dict[str, bytes] = {}
    replies = [fenced(WRONG), fenced(RIGHT), APPROVAL]
    with OpenAIServer(replies) as model, Ingest() as traces:
        variables = {
            "GENLOOM_HOME": str(home),
            "OPENAI_BASE_URL": model.base_url,
            "OPENAI_API_KEY": ENVIRONMENT_VALUE,
            "LANGSMITH_TRACING": "true",
            "LANGSMITH_ENDPOINT": traces.base_url,
            "LANGSMITH_API_KEY": "lsv2-none",
        }
        repo = ("--repo", str(repository))
        asked = (
            "Count widgets like parse_widget",
            "-e",
            "count_widgets('www') == 3",
            "-e",
            "count_widgets('a w') == 1",
        )
        commands = (
            ("index", *repo),
            ("context", "count and parse widgets, test_widget", "--json", *repo),
            ("context", "count widgets", "--explain", *repo),
            ("summary", "widgets.py", *repo),
            ("generate", *asked, "--model", "openai:test-model", "--generators", "model", "--json", *repo),
        )
        for command in commands:
            done = subprocess.run(
                [sys.executable, "-m", "genloom", *command],
                env={**os.environ, **variables, "PYTHONPATH": str(Path(__file__).parents[2])},
                capture_output=True,
                cwd=here,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stderr.decode()
            places[f"{' '.join(command[:2])}: output"] = done.stdout
            places[f"{' '.join(command[:2])}: progress"] = done.stderr
        places["prompts"] = b"\n".join(request.body for request in model.requests)
        places["traces"] = b"\n".join(request.body for request in traces.requests)
        prompts = len(model.chats)
    for path in (path for path in home.rglob("*") if path.is_file()):
        places[str(path.relative_to(home))] = path.read_bytes()
    return Left(places, prompts)


def test_the_commands_left_what_is_looked_through(left: Left) -> None:
    """A canary that is not found proves nothing where nothing was written."""
    assert left.prompts == 3
    assert b"parse_widget" in left.places["prompts"]
    assert b"redacted: github-token" in left.places["prompts"]
    for part in ("index", "results", "checkpoints"):
        assert any(part in place for place in left.places), sorted(left.places)
    assert left.places["traces"]


@pytest.mark.parametrize("canary", CANARIES)
def test_a_canary_is_nowhere(left: Left, canary: str) -> None:
    """Prompts, output, progress, traces, and every byte below the home folder."""
    assert left.holding(CANARIES[canary]) == [], canary


def test_a_secret_in_a_files_name_stays_on_this_machine(left: Left) -> None:
    """Index, checkpoints and the caller's own answer name files as the disk does; prompts, traces and progress do not."""
    places = left.holding(PATH_TOKEN)
    assert all(place.endswith(": output") or "index" in place or "checkpoints" in place for place in places), places


@pytest.fixture(scope="module")
def told(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """All that the tools for agents answer."""
    codebase = Codebase(repository, cache=tmp_path_factory.mktemp("cache"))
    tools = {tool.name: tool for tool in codebase_tools(codebase, secrets=(ENVIRONMENT_VALUE,))}
    calls = {
        "search_code": [{"query": "count and parse widgets"}],
        "read_symbol": [{"symbol": "widgets.py::parse_widget"}],
        "reveal_symbol": [{"symbol": "widgets.py::parse_widget"}],
        "list_directory": [{"path": "."}],
        "view_file": [{"path": name} for name in ("widgets.py", "AGENTS.md", "widget.js", "../widgets.py")],
    }
    assert calls.keys() == tools.keys()
    yield "\n".join(tools[name].invoke(arguments) for name, given in calls.items() for arguments in given)
    codebase.close()


@pytest.mark.parametrize("canary", [*CANARIES, "path"])
def test_a_canary_is_in_no_answer_of_a_tool(told: str, canary: str) -> None:
    """Whatever the tool."""
    assert "parse_widget" in told
    assert {**CANARIES, "path": PATH_TOKEN}[canary] not in told
