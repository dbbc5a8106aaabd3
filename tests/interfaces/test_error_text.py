"""What a person reads of an error that a program did not catch."""

from __future__ import annotations

import pickle
import traceback

import pytest

from genloom.errors import GeneratedImportError, GenloomError, UsageError


@pytest.mark.parametrize("kind", [UsageError, GeneratedImportError])
def test_a_traceback_says_once_what_to_do_next(kind: type[GenloomError]) -> None:
    """Also of an error that came from another process; the message alone stays the error's text where it was."""
    error = kind("It cannot be done.", hint="Do something else.")
    for each in (error, pickle.loads(pickle.dumps(error))):
        text = "".join(traceback.format_exception(each))
        assert text.count("Do something else.") == 1
    assert str(UsageError("It cannot be done.", hint="Do something else.")) == "It cannot be done."
