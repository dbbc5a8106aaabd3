"""genloom's own tests script models and serve APIs with the kit that users get, and with no second one."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from genloom.testing import RealModelError, forbid_real_models

TESTS = Path(__file__).resolve().parents[1]

MODELS = {"BaseChatModel", "SimpleChatModel", "BaseLLM", "LLM", "LanguageModelLike"}
SERVERS = {"HTTPServer", "ThreadingHTTPServer", "BaseHTTPRequestHandler", "start_server"}

MAY_BUILD_THEIR_OWN = {
    "testing/test_real_models.py": "a user's own class of a provider's, and LangChain's fakes, under the switch",
    "sandbox/test_sandbox_grants.py": "a server in code that runs inside the sandbox, where the kit is not",
    "testing/test_the_kit_is_used.py": "the samples below",
    "mcp/test_mcp_sessions.py": "an MCP server whose answers come packed",
    "server/webhooks/flaky_receiver.py": "a receiver of webhooks: the kit serves models and Codegen's API",
}
"""Files that build what looks like a second model or server, with the reason."""


def second_ones(source: str) -> Iterator[str]:
    """Yield the fakes and servers that a file builds on its own: by a class, an import, a call or a program in a text."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ClassDef(name=name, bases=bases):
                if {part for base in bases for part in ast.unparse(base).split(".")} & (MODELS | SERVERS):
                    yield f"class {name}"
            case ast.ImportFrom(names=names):
                yield from (alias.name for alias in names if "Fake" in alias.name and "Model" in alias.name)
            case ast.Call(func=function):
                if ast.unparse(function).split(".")[-1] in SERVERS:
                    yield ast.unparse(function)
            case ast.Constant(value=str(text)) if (
                "langchain" in text or "http.server" in text or "start_server" in text
            ):
                yield from _in_a_program(text)


def _in_a_program(text: str) -> list[str]:
    try:
        return list(second_ones(textwrap.dedent(text)))
    except SyntaxError:  # a text that only looks like a program
        return []


def test_no_test_builds_a_second_scripted_model_or_server() -> None:
    """What is scripted or served is so by `genloom.testing`, but for the few that say why."""
    found = {
        str(path.relative_to(TESTS)): things
        for path in sorted(TESTS.rglob("*.py"))
        if (things := sorted(second_ones(path.read_text())))
    }
    assert {name: things for name, things in found.items() if name not in MAY_BUILD_THEIR_OWN} == {}
    assert set(MAY_BUILD_THEIR_OWN) <= set(found)


@pytest.mark.parametrize(
    "source",
    [
        "class Own(language_models.BaseChatModel): ...",
        "from langchain_core.language_models import FakeListChatModel",
        "http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)",
        'RUN = """\nfrom langchain_core.language_models import FakeListChatModel\n"""',
    ],
)
def test_a_second_one_would_be_seen(source: str) -> None:
    """The watch is able to fail."""
    assert list(second_ones(source))


def test_no_test_of_genloom_asks_a_real_model() -> None:
    """The switch is on in the whole run: one more that is left does not lift it."""
    from langchain_openai import ChatOpenAI

    with forbid_real_models():
        pass
    with pytest.raises(RealModelError):
        ChatOpenAI(model="gpt-x", api_key="any").invoke("hello")  # type: ignore[arg-type]
