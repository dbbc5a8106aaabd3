"""A fix that is looked for: which failures are repeated at all."""

import hashlib
from pathlib import Path

import pytest

from genloom.interfaces.importer.failures.explanation import KnownFailure
from genloom.interfaces.importer.failures.failure import Failure
from genloom.interfaces.importer.failures.fixing import look_for_fix
from genloom.interfaces.importer.options import ImportOptions
from genloom.interfaces.importer.pins.lock_file import PinEntry

SOURCE = "def use(key):\n    return int(key)\n"
KEY = "sk-proj-" + "a1B2c3D4e5F6" * 4


@pytest.mark.parametrize("call", [f"use({KEY!r})", "use('postgres://me:Tr0ub4dor@host/db')"])
def test_a_call_that_holds_a_secret_is_not_repeated(tmp_path: Path, call: str) -> None:
    """It would be a test that the lock file keeps, and that the model reads."""
    failure = Failure(
        module="myapp.gen.keys",
        filename="keys.py",
        function="use",
        line=2,
        error="ValueError",
        message="no number",
        call=call,
        kind="function",
    )
    entry = PinEntry(sha256=hashlib.sha256(SOURCE.encode()).hexdigest(), names=("use",))
    options = ImportOptions(namespace="myapp.gen", directory=tmp_path, mode="review", model="openai:test-model")
    known = KnownFailure(failure=failure, source=SOURCE, entry=entry, options=options)
    told: list[str] = []
    (said,) = look_for_fix(known, told.append)
    assert "holds a secret" in said
    assert told == []
