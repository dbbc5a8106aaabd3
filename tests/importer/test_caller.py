"""The caller of an import: the names that it gives to a module's names, its remarks, and the excerpt of a long one."""

import ast

import pytest
from caller_text import MODULE, caller

from genloom.interfaces.importer.caller.caller import parse_caller
from genloom.interfaces.importer.caller.excerpt import excerpt_of
from genloom.interfaces.importer.caller.remarks import remark_examples


@pytest.mark.parametrize(
    "statement",
    [
        "from myapp.gen.text import slugify as local",
        "from .gen.text import slugify as local",
        "from myapp.gen.text import (\n    slugify as local,\n)",
        "try:\n    from myapp.gen.text import slugify as local\nexcept ImportError:\n    raise",
        "def f():\n    from .gen.text import slugify as local",
    ],
)
def test_a_name_is_known_in_every_form_of_the_import(statement: str) -> None:
    assert caller(statement).names == {"local": "slugify"}


@pytest.mark.parametrize(
    ("statement", "expression"),
    [
        ("import myapp.gen.text", "myapp.gen.text.slugify"),
        ("import myapp.gen.text as t", "t.slugify"),
        ("from myapp.gen import text", "text.slugify"),
        ("from .gen import text as t", "t.slugify"),
        ("import myapp.gen as gen", "gen.text.slugify"),
    ],
)
def test_an_attribute_of_the_module_is_one_of_its_names(statement: str, expression: str) -> None:
    node = ast.parse(expression, mode="eval").body
    assert caller(statement).original(node) == "slugify"


def test_names_of_other_modules_are_not_the_modules_own() -> None:
    found = caller("from myapp.other import slugify\nimport text\n")
    assert found.names == {}
    assert found.modules == frozenset()


def test_a_star_import_brings_the_names_that_are_asked_for() -> None:
    assert caller("from myapp.gen.text import *", names=("a", "b")).names == {"a": "a", "b": "b"}


@pytest.mark.parametrize("text", ["", "  \n", "def f(:\n", "x = '\0'", "x" * 1_000_001])
def test_a_text_that_says_nothing_is_no_caller(text: str) -> None:
    assert parse_caller(text, MODULE) is None


def test_comments_and_docstrings_give_examples() -> None:
    found = caller(
        '''
        """A program.

        >>> slug("A b")
        'a-b'
        """
        from myapp.gen.text import slugify as slug
        # slug("C d") == "c-d", and slug("E") -> "e" is too much for a line
        # slug("F g") -> "f-g"
        slug("H")  # -> "h"
        print(slug("I"))  # => "i"
        slug("J")  # a slug
        '''
    )
    assert set(remark_examples(found)) == {
        "slugify('A b') == 'a-b'",
        "slugify('C d') == 'c-d'",
        "slugify('F g') == 'f-g'",
        "slugify('H') == 'h'",
        "slugify('I') == 'i'",
    }


@pytest.mark.parametrize(
    "comment",
    [
        "# never slugify('B') == 'B'",
        "# wrong once: slugify('B') == 'B'",
        "# TODO: slugify('B') -> 'B'",
        "# slugify('B') == 'B' was the old way",
        '"""It is not slugify(\'B\') == \'B\'."""',
    ],
)
def test_a_remark_that_denies_what_it_shows_is_no_example(comment: str) -> None:
    assert remark_examples(caller(f"{comment}\nfrom myapp.gen.text import slugify\n")) == ()


def test_words_in_an_examples_own_texts_deny_nothing() -> None:
    found = caller("from myapp.gen.text import slugify\n# slugify('Not old') -> 'not-old'\n")
    assert remark_examples(found) == ("slugify('Not old') == 'not-old'",)


def test_an_excerpt_of_a_long_file_holds_what_matters() -> None:
    filler = "\n".join(f"def filler_{n}():\n    return {n}\n" for n in range(400))
    text = f'from myapp.gen.text import slugify\n{filler}\n# Titles are short.\nTITLE = "A b"\nslugify(TITLE)\n'
    shown = excerpt_of(caller(text), ["slugify"])
    assert "from myapp.gen.text import slugify" in shown
    assert "# Titles are short." in shown
    assert 'TITLE = "A b"' in shown
    assert "filler_" not in shown
    assert len(shown) < 500


def test_an_excerpt_of_a_short_file_is_the_file() -> None:
    text = "from myapp.gen.text import slugify\nx = 1\n"
    assert excerpt_of(caller(text), ["slugify"]) == text


def test_a_file_that_does_not_speak_of_the_names_has_no_excerpt() -> None:
    assert excerpt_of(caller("x = 1\n"), ["slugify"]) == ""
