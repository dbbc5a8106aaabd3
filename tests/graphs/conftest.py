"""Servers that the graph tests share."""

import pytest

from genloom.testing import CodegenServer, OpenAIServer, RunPlan


@pytest.fixture
def use_model(monkeypatch: pytest.MonkeyPatch):
    """Point the environment at an OpenAI-compatible server with these replies."""
    servers: list[OpenAIServer] = []

    def start(replies, **options) -> OpenAIServer:
        server = OpenAIServer(replies, **options)
        server.__enter__()
        servers.append(server)
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef0123456789abcdef")
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def use_agent(monkeypatch: pytest.MonkeyPatch):
    """Point the environment at a Codegen server whose runs go by these plans."""
    servers: list[CodegenServer] = []

    def start(plans: RunPlan | list[RunPlan], **options) -> CodegenServer:
        server = CodegenServer(plans, **options)
        server.__enter__()
        servers.append(server)
        monkeypatch.setenv("CODEGEN_API_BASE_URL", server.base_url)
        monkeypatch.setenv("CODEGEN_API_TOKEN", server.token)
        monkeypatch.setenv("CODEGEN_ORG_ID", "1")
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture
def model_context() -> dict:
    """A context in which only the chat model writes."""
    return {"model": "openai:test-model", "generators": ["model"]}
