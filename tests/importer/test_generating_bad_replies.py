"""Replies that are of no use: each a clear error, nothing accepted, and the next generation right."""

from collections.abc import Callable

import pytest
from generation import SLUGIFY, Project, fenced

from genloom.errors import GeneratedImportError
from genloom.interfaces.importer.generation.generating import generate_module
from genloom.testing import OpenAIServer

Serve = Callable[..., OpenAIServer]

BAD = {
    "a syntax error": (fenced("def slugify(text:\n    return text\n"), "not valid Python"),
    "prose": ("I cannot write that module for you, sorry.", "not valid Python"),
    "two modules": (f"{fenced(SLUGIFY)}\n\nand\n\n{fenced(SLUGIFY)}", "2 code blocks"),
    "a missing name": (fenced("def slug(text):\n    return text\n"), "does not define `slugify`"),
    "raises at import": (fenced(f"{SLUGIFY}\n\nraise RuntimeError('no')\n"), "RuntimeError: no"),
    "leaves at import": (fenced(f"import os\n\n{SLUGIFY}\n\nos._exit(0)\n"), "gen.text"),
    "cut off": (f"```python\n{SLUGIFY}", "not closed"),
    "over-long": ("x = 1\n" * 100_000, "longer than"),
    "empty": ("", "empty"),
    "nested too deep": (fenced(f"X = {'(' * 5000}1{')' * 5000}\n"), "gen.text"),
    "a missing package": (fenced(f"import genloom_has_no_such_package\n\n\n{SLUGIFY}"), "genloom_has_no_such_package"),
    "an endless loop": (fenced(f"{SLUGIFY}\n\nwhile True:\n    pass\n"), "time limit"),
}


@pytest.mark.parametrize(("reply", "told"), BAD.values(), ids=BAD)
def test_a_bad_reply_is_a_clear_error(project: Project, serve: Serve, reply: str, told: str) -> None:
    serve(reply, fenced(SLUGIFY))
    limits = {"generators": ("model",), "max_attempts": 1, "check_seconds": 3.0}
    with pytest.raises(GeneratedImportError) as caught:
        generate_module(project.asked(context=limits))
    assert told in str(caught.value)
    assert not (project.directory / "text.py").exists()
    assert generate_module(project.asked()).source == SLUGIFY


@pytest.mark.parametrize("accept_unverified", [False, True])
def test_a_missing_package_is_never_accepted(project: Project, serve: Serve, accept_unverified: bool) -> None:
    serve(lambda request: fenced(f"import genloom_has_no_such_package\n\n\n{SLUGIFY}"))
    with pytest.raises(GeneratedImportError, match="genloom_has_no_such_package"):
        generate_module(project.asked(accept_unverified=accept_unverified))
