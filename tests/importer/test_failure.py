"""What a traceback tells of a failure in generated code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from genloom.interfaces.importer.failures.failure import Failure, find_failure

SOURCE = """
def inner(value):
    return value.strip()


def tidy(text, /, count=1, *more, sep="-", **rest):
    return inner(text)


def each(items):
    for item in items:
        yield item.upper()


async def later(text):
    return text.strip()


def hidden(secret):
    return secret.missing


def calling(function):
    return function()


class Box:
    def open(self, key):
        return self.missing
"""


@pytest.fixture
def gen() -> ModuleType:
    module = ModuleType("gen.text")
    exec(compile(SOURCE, "/nowhere/gen/text.py", "exec"), module.__dict__)
    return module


def failure_of(call: Callable[[], Any]) -> Failure | None:
    try:
        call()
    except BaseException:
        error = sys.exception()
        assert error is not None
        return find_failure(error, error.__traceback__, lambda name: name.startswith("gen."))
    raise AssertionError("nothing was raised")


def test_the_call_is_told_as_it_was_made(gen: ModuleType) -> None:
    """Positional, further and named arguments; the function that the caller called, and the line that raised."""
    found = failure_of(lambda: gen.tidy(None, 2, 3, sep="+", extra=[1]))
    assert found is not None
    assert (found.module, found.function, found.error) == ("gen.text", "tidy", "AttributeError")
    assert found.call == "tidy(None, 2, 3, sep='+', extra=[1])"
    assert found.line == 3
    assert found.kind == "function"


def test_generators_and_coroutines_are_told_as_such(gen: ModuleType) -> None:
    """They fail when they are run, not when they are called."""
    import asyncio

    generator = failure_of(lambda: list(gen.each([1])))
    assert generator is not None
    assert (generator.call, generator.kind) == ("each([1])", "generator")
    coroutine = failure_of(lambda: asyncio.run(gen.later(None)))
    assert coroutine is not None
    assert (coroutine.call, coroutine.kind) == ("later(None)", "coroutine")


def test_what_is_no_literal_is_not_told_as_a_call(gen: ModuleType) -> None:
    """No foreign `__repr__` runs, no method is called out of its object."""

    class Loud:
        def __repr__(self) -> str:
            raise AssertionError("a repr of somebody's own was run")

    for call in (lambda: gen.hidden(Loud()), lambda: gen.Box().open(1), lambda: gen.hidden("x" * 10_000)):
        found = failure_of(call)
        assert found is not None
        assert found.call == ""


def test_an_exception_that_passes_through_counts_and_others_do_not(gen: ModuleType) -> None:
    """The generated function nearest to the raising code is named; code that is not generated is nobody's business."""
    assert failure_of(lambda: int("x")) is None
    found = failure_of(lambda: gen.calling(lambda: int("x")))
    assert found is not None
    assert (found.function, found.error) == ("calling", "ValueError")


def test_in_a_group_the_first_that_fits_counts(gen: ModuleType) -> None:
    """Task groups raise groups."""

    def both() -> None:
        errors: list[Exception] = []
        for call in (lambda: int("x"), lambda: gen.tidy(None)):
            try:
                call()
            except Exception as error:
                errors.append(error)
        raise ExceptionGroup("both", errors)

    found = failure_of(both)
    assert found is not None
    assert found.call == "tidy(None, 1, sep='-')"
