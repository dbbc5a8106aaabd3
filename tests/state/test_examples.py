"""Examples: what counts as one, what it means, and where it is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import ExampleError
from genloom.state import Example, GenerationRequest, examples_in_text, find_contradiction, parse_example

LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3) | st.tuples(inner)
    ),
    max_leaves=10,
)


@given(argument=LITERALS, expected=LITERALS)
def test_an_example_of_any_literals_is_read_back_as_the_same_values(argument, expected):
    """Whatever plain value stands on the right comes back as that value."""
    example = parse_example(f"f({argument!r}) == {expected!r}")
    assert example.function == "f"
    assert example.expected_value() == expected
    assert parse_example(example.text) == example


@given(st.text())
def test_any_text_is_an_example_or_an_example_error(text):
    """Junk never raises anything but `ExampleError`."""
    try:
        function = parse_example(text).function
    except ExampleError as error:
        function = error.hint
    assert function


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("double(2) == 4", Example(call="double(2)", expected="4")),
        ("4 == double(2)", Example(call="double(2)", expected="4")),
        ("assert double(2) == 4", Example(call="double(2)", expected="4")),
        ("is_even(3) is False", Example(call="is_even(3)", expected="False")),
        ("raises(ValueError, double(None))", Example(call="double(None)", error="ValueError")),
        ("unique([1, 1]) == set()", Example(call="unique([1, 1])", expected="set()")),
        ("Stack().push(1).size == 1", Example(call="Stack().push(1).size", expected="1")),
        ("ratio(1, 0) == float('inf')", Example(call="ratio(1, 0)", expected="float('inf')")),
    ],
)
def test_the_accepted_forms(text, expected):
    """Calls compared to literals, either way round, and `raises`."""
    assert parse_example(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "double(2)", "double(2) == x", "2 == 2", "double(2) != 4", "f(", "f(1) == 2 == 2", "raises(ValueError)"],
)
def test_what_is_no_example_is_refused_with_the_accepted_forms(text):
    """The error shows how to write one."""
    with pytest.raises(ExampleError) as caught:
        parse_example(text)
    assert "call == literal" in caught.value.hint


def test_examples_inside_a_prompt_are_found_wherever_people_put_them():
    """Doctest lines, back-quotes, list items and "such as" all count; prose does not."""
    prompt = """Make a slug, such as slug('A b') == 'a-b'.
    - slug('x') == 'x'
    Also `slug('') == ''` holds, whatever == means here.
    >>> slug('C D')
    'c-d'

    Return None when `len(items) == 0`, and keep `slug(items[0]) == 'x'` in mind. `other(1) == 2` is not asked.
    """
    assert {e.text for e in examples_in_text(prompt)} == {
        "slug('A b') == 'a-b'",
        "slug('x') == 'x'",
        "slug('') == ''",
        "slug('C D') == 'c-d'",
    }


def test_a_contradiction_is_found_by_value_not_by_text():
    """`1.0` and `1` agree, `1` and `2` do not, an error and a value do not."""
    one, same, other = (parse_example(f"f(1) == {v}") for v in ("1", "1.0", "2"))
    assert find_contradiction([one, same]) is None
    assert find_contradiction([one, same, other]) == (one, other)
    assert find_contradiction([one, parse_example("raises(ValueError, f(1))")]) is not None


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"prompt": "x", "name": "given"}, "given"),
        ({"prompt": "x", "signature": "def from_signature(a: int) -> int"}, "from_signature"),
        ({"prompt": "x", "examples": ["of_example(1) == 2"]}, "of_example"),
        ({"prompt": "Write a function that turns a title into a slug"}, "turns_title_into_slug"),
        ({"prompt": "123 go"}, "generated_123_go"),
        ({"prompt": "§"}, "generated"),
    ],
)
def test_the_target_name_comes_from_the_most_explicit_source(fields, name):
    """Name, then signature, then examples, then the prompt's words; always an identifier."""
    assert GenerationRequest(**fields).target_name == name
    assert name.isidentifier()


def test_a_doctest_with_several_lines_of_output_is_no_value():
    """`1`, `2`, `3` printed one under the other do not mean that the call gives 1."""
    assert examples_in_text(">>> show(3)\n1\n2\n3\n") == ()
    assert [e.text for e in examples_in_text(">>> double(\n...     2)\n4\n")] == ["double(2) == 4"]


def test_a_prompts_conditions_are_not_its_examples():
    """The right draft must not fail on a sentence of the prompt."""
    request = GenerationRequest(prompt="Return None when `len(items) == 0`", examples=["first([1]) == 1"])
    assert [e.text for e in request.all_examples] == ["first([1]) == 1"]
    assert GenerationRequest(prompt="Return None when `len(items) == 0`").target_name != "len"


def test_a_changed_copy_of_a_request_works_its_examples_out_anew():
    """Nothing that was kept for the first one shows in the second."""
    request = GenerationRequest(prompt="x", examples=["f(1) == 1"])
    assert request.target_name == "f"
    copy = request.model_copy(update={"examples": ("g(1) == 1",)})
    assert (copy.target_name, [e.text for e in copy.all_examples]) == ("g", ["g(1) == 1"])
    assert request == GenerationRequest(prompt="x", examples=["f(1) == 1"])


@pytest.mark.parametrize(
    ("call", "function"),
    [
        ("list(squares(3))", "squares"),
        ("sorted(squares(3), key=abs)", "squares"),
        ("asyncio.run(fetch(1))", "fetch"),
        ("Stack().push(1).size", "Stack"),
        ("len([1])", "len"),
    ],
)
def test_an_example_is_about_the_function_inside_what_wraps_it(call, function):
    """A builtin around the call is only how its result is looked at."""
    assert parse_example(f"{call} == 1").function == function


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("Keep evens: evens([1, 2]) == [2], evens([3]) == [].", ["evens([1, 2]) == [2]", "evens([3]) == []"]),
        (
            "initials('Ada Lovelace') == 'AL' and initials('x') == 'X'",
            ["initials('Ada Lovelace') == 'AL'", "initials('x') == 'X'"],
        ),
        ("It holds that join(['a', 'b']) == 'a, b'; join([]) == ''", ["join(['a', 'b']) == 'a, b'", "join([]) == ''"]),
        ("Refuse None: raises(TypeError, f(None)), and f(1) == 2", ["raises(TypeError, f(None))", "f(1) == 2"]),
        ("Given `4 == double(2)` it doubles", ["double(2) == 4"]),
        ("Call print(x) first, then 1 == 1.", []),
    ],
)
def test_examples_side_by_side_in_a_sentence_are_all_found(prompt, found):
    """Commas, semicolons and "and" separate them; those inside a literal do not."""
    assert [example.text for example in GenerationRequest(prompt=prompt).prompt_examples] == found


@given(st.text(alphabet="f(1,)=[] '`\n.;a", max_size=200))
def test_any_prompt_is_read_without_error(text):
    """Whatever stands in it."""
    assert all(example.function for example in examples_in_text(text))
