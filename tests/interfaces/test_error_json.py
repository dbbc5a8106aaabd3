"""The contract's object for a request that ended in an error."""

from __future__ import annotations

import json

import pytest

from genloom.errors import GenerationError
from genloom.interfaces.result import error_json


def test_causes_are_told_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a library's error repeats of a key does not reach the JSON."""
    monkeypatch.setenv("OPENAI_API_KEY", "plain-words-as-a-key-7f3a")
    error = GenerationError("All failed.", causes=(ValueError("refused plain-words-as-a-key-7f3a"),))
    told = json.dumps(error_json(error))
    assert "refused" in told
    assert "7f3a" not in told
