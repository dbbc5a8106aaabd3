"""Which checks a draft has, and what each can prove."""

from __future__ import annotations

import ast

from genloom.state import Draft, FileChange, GenerationRequest
from genloom.tools.checks import CheckPlan, plan_checks
from genloom.tools.checks.doctests import docstring_examples


def draft(source: str = "def area(r): ...\n", **fields: object) -> Draft:
    base = {"changes": (FileChange(path="area.py", content=source),), "generator": "model", "name": "area"}
    return Draft.model_validate(base | fields)


def request(**fields: object) -> GenerationRequest:
    return GenerationRequest.model_validate({"prompt": "the area of a square", "name": "area"} | fields)


def sources(plan: CheckPlan) -> dict[str, str]:
    return {check.example.text: check.source for check in plan.examples}


def test_examples_of_the_request_come_first_and_are_not_fitted_for_a_model() -> None:
    """A model's draft is proven by the caller's examples, those in the prompt included."""
    plan = plan_checks(draft(), request(prompt="the area, such as `area(2) == 4`", examples=("area(3) == 9",)))
    assert sources(plan) == {"area(3) == 9": "example", "area(2) == 4": "example"}
    assert not any(check.fitted or check.hidden for check in plan.examples)


def test_held_out_examples_are_hidden_and_all_others_fitted_for_a_search() -> None:
    """What a search did not hold back it was fitted to, whether the draft says so or not."""
    asked = request(examples=("area(2) == 4", "area(3) == 9", "area(4)==16"))
    plan = plan_checks(draft(generator="search", fitted_to=("area(2) == 4",), held_out=("area(4) == 16",)), asked)
    by_text = {check.example.text: check for check in plan.examples}
    assert by_text["area(2) == 4"].fitted
    assert by_text["area(3) == 9"].fitted
    assert by_text["area(4) == 16"].hidden
    assert by_text["area(4) == 16"].source == "held_out"
    assert [check.example.text for check in plan.hidden] == ["area(4) == 16"]


def test_an_example_that_is_fitted_and_held_out_counts_as_fitted() -> None:
    """A draft cannot have been fitted to what it never saw; when it claims both, the weaker reading holds."""
    both = draft(generator="search", fitted_to=("area(2) == 4",), held_out=("area(2) == 4",))
    (check,) = plan_checks(both, request(examples=("area(2) == 4",))).examples
    assert check.fitted
    assert not check.hidden


def test_a_draft_cannot_hold_out_what_the_request_never_asked() -> None:
    """Held-out examples are the caller's; a draft that names others adds no check."""
    assert plan_checks(draft(held_out=("area(1) == 1",)), request()).examples == ()


def test_the_draft_s_own_doctests_are_claims() -> None:
    """A doctest that the generator wrote is proposed; one that repeats the caller's example is the caller's."""
    source = (
        'def area(r):\n    """Area.\n\n    >>> area(2)\n    4\n    >>> area(5)\n    25\n    """\n    return r * r\n'
    )
    plan = plan_checks(draft(source), request(examples=("area(2) == 4",)))
    assert sources(plan) == {"area(2) == 4": "example", "area(5) == 25": "proposed"}
    assert plan_checks(draft(source), request()).from_caller is False


def test_a_claim_that_contradicts_the_caller_is_left_out() -> None:
    """What the generator proposes about a call that the caller asked about is not run."""
    plan = plan_checks(draft(proposed_checks=("area(2) == 5", "not an example")), request(examples=("area(2) == 4",)))
    assert sources(plan) == {"area(2) == 4": "example"}


def test_plain_assertions_of_the_context_are_checks() -> None:
    """`assert call == literal` on the asked name counts; what needs names of its own or asks of others does not."""
    context = (
        "def test_it():\n    side = 3\n    assert area(2) == 4\n    assert area(side) == 9\n    assert other(1) == 1\n"
    )
    assert sources(plan_checks(draft(), request(codebase_context={"tests": context}))) == {"area(2) == 4": "assertion"}


def test_assertions_are_found_in_prose_and_other_code_is_never_a_check() -> None:
    """A context that is no module still gives its whole lines; doctests and prints of it give nothing."""
    context = "We expect that:\n  assert area(2) == 4\n>>> area(9)\n81\nprint(area(1) == 1)"
    assert sources(plan_checks(draft(), request(codebase_context={"notes": context}))) == {"area(2) == 4": "assertion"}


def test_blank_tests_are_no_tests() -> None:
    """A test file of white space asks for nothing."""
    assert plan_checks(draft(), request(tests=" \n")).from_caller is False
    assert plan_checks(draft(), request(tests="def test(): ...")).from_caller is True


def doctests(docstring: str) -> list[str]:
    return [example.text for example in docstring_examples(ast.parse(f"def f(x):\n    '''{docstring}'''\n"))]


def test_doctests_with_values_and_tracebacks_become_examples() -> None:
    """Values, several lines of a value, and errors are understood."""
    text = """
    >>> f(1)
    2
    >>> f([1,
    ...    2])
    [1,
     2]
    >>> f(None)
    Traceback (most recent call last):
        ...
    ValueError: no
    """
    assert doctests(text) == ["f(1) == 2", "f([1, 2]) == [1, 2]", "raises(ValueError, f(None))"]


def test_doctests_that_depend_on_others_are_left_out() -> None:
    """After a line that sets something up, or prints, the rest of the docstring is not a stand-alone check."""
    assert doctests("\n>>> f(1)\n2\n>>> y = 3\n>>> f(y)\n4\n") == ["f(1) == 2"]
    assert doctests("\n>>> print(f(1))\nhello there\n>>> f(2)\n3\n") == []
    assert doctests("\n>>> f(1)  # doctest: +SKIP\n2\n") == []
    assert doctests("\n>>> f(1)\n[1, ..., 9]\n") == []


def test_a_doctest_may_import_what_the_module_defines() -> None:
    """An import line that binds the module's own names changes nothing."""
    assert doctests("\n>>> from m import f\n>>> f(1)\n2\n") == ["f(1) == 2"]
    assert doctests("\n>>> import math\n>>> f(1)\n2\n") == []
