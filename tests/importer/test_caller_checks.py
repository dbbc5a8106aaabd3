"""What a caller asserts of a module's names: examples, tests with what they need, and what is no check."""

import pytest
from caller_text import MODULE, checks

from genloom.interfaces.importer.caller.assertions import CallerChecks


def test_assertions_that_stand_alone_are_examples_by_the_modules_own_names() -> None:
    found = checks(
        """
        from myapp.gen.text import slugify as s
        assert s("A b") == "a-b"
        assert s("") == "" and s("x", max_len=1) == "x"
        try:
            s(None)
        except TypeError:
            pass
        else:
            raise AssertionError
        """
    )
    assert found.examples == (
        "slugify('A b') == 'a-b'",
        "slugify('') == ''",
        "slugify('x', max_len=1) == 'x'",
        "raises(TypeError, slugify(None))",
    )
    assert found.tests == ""


def test_pytest_raises_is_an_example() -> None:
    found = checks(
        """
        import pytest
        from myapp.gen.text import slugify
        def test_it():
            with pytest.raises(TypeError):
                slugify(None)
        """
    )
    assert found.examples == ("raises(TypeError, slugify(None))",)


def test_an_assertion_takes_along_the_statements_that_it_needs() -> None:
    found = checks(
        """
        import json
        from pathlib import Path
        from myapp.gen.text import slugify
        unused = Path(".")
        titles = json.loads('["A b"]')
        titles.append("C d")
        found = [slugify(each) for each in titles]
        print(found)
        assert found == ["a-b", "c-d"]
        """
    )
    assert found.examples == ()
    assert "unused" not in found.tests
    assert "print" not in found.tests
    run(found.tests, slugify=lambda text: text.lower().replace(" ", "-"))


def test_what_a_function_declares_global_is_a_variable_of_the_test() -> None:
    found = checks(
        """
        from myapp.gen.text import slugify
        calls = 0
        def count(text):
            global calls
            calls += 1
            return text
        slugify("A", fold=count)
        assert calls == 1
        """
    )
    run(found.tests, slugify=lambda text, fold: fold(text))
    with pytest.raises(AssertionError):
        run(found.tests, slugify=lambda text, fold: text)


def test_texts_over_several_lines_stay_as_they_are() -> None:
    found = checks(
        '''
        from myapp.gen.text import slugify
        text = """A
          b"""
        assert slugify(text) == text.lower()
        '''
    )
    run(found.tests, slugify=str.lower)


def test_of_tests_that_build_on_each_other_the_last_one_tells_all() -> None:
    found = checks(
        """
        from myapp.gen.text import slugify
        data = ["A"]
        assert slugify(data) == data
        assert slugify(data[0]) == data[0]
        """
    )
    assert found.tests.count("def test_") == 1
    assert found.tests.count("assert ") == 2


@pytest.mark.parametrize(
    "text",
    [
        "assert slugify(open('x').read()) == 'a'",
        "import myapp.main\nassert 1 + 1 == 2",
        "def helper(x):\n    assert slugify(x) == 'a'",
        "async def test_it():\n    assert slugify('A') == await other()",
        "assert other('A') == slugify('B')",
    ],
)
def test_what_a_sandbox_cannot_repeat_is_no_check(text: str) -> None:
    found = checks(f"from myapp.gen.text import slugify, other\n{text}\n")
    assert found == CallerChecks()


def test_names_that_the_module_has_already_may_be_needed() -> None:
    text = "from myapp.gen.text import slugify, other\nx = [1]\nassert other(x) == slugify(x)\n"
    assert checks(text).tests == ""
    assert "assert other(x) == slugify(x)" in checks(text, defined=("other",)).tests


def test_the_function_around_the_import_statement_is_looked_at() -> None:
    text = "def main():\n    from myapp.gen.text import slugify\n    assert slugify('A') == 'a'\n"
    assert checks(text).examples == ()
    assert checks(text, line=2).examples == ("slugify('A') == 'a'",)


def test_of_a_function_around_the_import_counts_what_needs_none_of_its_parameters() -> None:
    text = """
        x = 3
        limit = 2
        def work(x, len=None):
            from myapp.gen.text import slugify
            assert slugify("A b") == "a-b"
            assert slugify("q" * limit) == "qq"
            assert slugify(x) == "3"
            assert slugify("C" * len) == "c"
            return slugify(x)
    """
    told = checks(text, line=5)
    assert told == CallerChecks()  # `len` is not Python's own here
    told = checks(text.replace(", len=None", "").replace('"C" * len', '"C" * x'), line=5)
    assert told.examples == ("slugify('A b') == 'a-b'",)
    assert "limit = 2" in told.tests
    assert "x" not in told.tests.replace("myapp.gen.text", "")


def test_the_class_around_the_import_statement_is_looked_at() -> None:
    text = """
        class Work:
            from myapp.gen.text import slugify
            size = 2
            assert slugify("A b") == "a-b"
            assert slugify("q" * size) == "qq"
    """
    told = checks(text, line=3)
    assert told.examples == ("slugify('A b') == 'a-b'",)
    assert "size = 2" in told.tests
    assert checks(text, line=9).examples == ()


def test_a_coroutine_around_the_import_statement_is_looked_at() -> None:
    body = (
        "    from myapp.gen.text import slugify\n    assert slugify('A') == 'a'\n    assert slugify(await x()) == 'b'\n"
    )
    assert checks(f"async def main():\n{body}", line=2) == CallerChecks(examples=("slugify('A') == 'a'",))


def test_the_main_block_counts() -> None:
    text = "from myapp.gen.text import slugify\nif __name__ == '__main__':\n    assert slugify('A') == 'a'\n"
    assert checks(text).examples == ("slugify('A') == 'a'",)


def run(tests: str, **names: object) -> None:
    """Run the test functions of a text with the names in place of those that it imports from the module."""
    body = "\n".join(line for line in tests.splitlines() if not line.startswith(f"from {MODULE}"))
    space = dict(names)
    exec(compile(body, "<tests>", "exec"), space)
    functions = [each for name, each in space.items() if name.startswith("test_")]
    assert functions
    for function in functions:
        assert callable(function)
        function()


STORE = "from myapp.gen.text import put, get\nput('a', 1)\nassert get('a') == 1\n"
TICK = "from myapp.gen.text import tick\nassert tick() == 1\nassert tick() == 2\n"


def test_a_call_for_its_effect_belongs_to_the_assertion_behind_it() -> None:
    found = checks(STORE, asked=("put", "get"))
    assert found.examples == ()
    kept: dict[str, int] = {}
    run(found.tests, put=kept.__setitem__, get=kept.__getitem__)


def test_an_effect_may_be_a_helpers() -> None:
    text = "from myapp.gen.text import put, get\ndef fill():\n    put('a', 1)\nfill()\nassert get('a') == 1\n"
    found = checks(text, asked=("put", "get"))
    assert found.examples == ()
    kept: dict[str, int] = {}
    run(found.tests, put=kept.__setitem__, get=kept.__getitem__)


def test_a_function_that_gives_this_and_then_that_is_checked_in_order() -> None:
    found = checks(TICK, asked=("tick",))
    assert found.examples == ()
    run(found.tests, tick=iter([1, 2]).__next__)
    with pytest.raises(AssertionError):
        run(found.tests, tick=lambda: 1)


def test_a_call_whose_value_is_used_elsewhere_has_no_effect() -> None:
    text = "from myapp.gen.text import slugify\nslugify('B')\nassert slugify('A') == 'a'\n"
    assert checks(text).examples == ("slugify('A') == 'a'",)


@pytest.mark.parametrize(
    "text",
    [
        "assert slugify(title_of_an_earlier_cell) == 'a'",
        "assert slugify(__name__) == 'main'",
        "assert slugify(__file__) == 'main'",
        "import sys\nassert slugify(sys.argv[1]) == 'a'",
        "from sys import argv\nassert slugify(argv[1]) == 'a'",
        "import os\nassert slugify(os.environ['USER']) == 'a'",
        "import os\nassert slugify(os.getenv('USER')) == 'a'",
        "from pathlib import Path\nassert slugify(Path('a').read_text()) == 'a'",
        "if sys.platform == 'linux':\n    assert slugify('A') == 'a'",
        "from functools import partial\nslugify = partial(slugify, sep='_')\nassert slugify('a b') == 'a_b'",
        "def test_it():\n    slugify = str.upper\n    assert slugify('a') == 'A'",
        "def slugify(text):\n    return text\ndef test_it():\n    assert slugify('a') == 'A'",
    ],
)
def test_what_only_the_program_itself_can_tell_is_no_check(text: str) -> None:
    assert checks(f"from myapp.gen.text import slugify\n{text}\n") == CallerChecks()


def test_an_import_with_a_fallback_is_still_the_modules_name() -> None:
    text = "try:\n    from myapp.gen.text import slugify\nexcept ImportError:\n    def slugify(text):\n        return text\n"
    assert checks(f"{text}assert slugify('A') == 'a'\n").examples == ("slugify('A') == 'a'",)


def test_files_of_the_checks_own_can_be_repeated() -> None:
    text = """\
import tempfile
from pathlib import Path
from myapp.gen.text import slugify
path = Path(tempfile.mkdtemp()) / "a"
path.write_text("A")
assert slugify(path.read_text()) == "a"
"""
    run(checks(text).tests, slugify=str.lower)


def test_functions_named_like_those_that_reach_outside_are_checked() -> None:
    text = "from myapp.gen.text import run, compile\nx = 1\nassert run('A') == 'a'\nassert compile(x) == x\n"
    found = checks(text, asked=("run", "compile"))
    assert found.examples == ("run('A') == 'a'",)
    assert "compile(x) == x" in found.tests


def test_what_an_object_equals_is_told_by_its_class() -> None:
    text = "from myapp.gen.text import Vec\nassert Vec(1) == 1\nassert Vec(1) + Vec(2) == 3\nassert Vec(1).x == 1\n"
    found = checks(text, asked=("Vec",))
    assert found.examples == ("Vec(1).x == 1",)
    assert found.tests.count("assert ") == 2


def test_a_caller_of_many_assertions_is_read_once() -> None:
    lines = "".join(f"assert slugify('A{n}') == 'a{n}'\nx{n} = {n}\n" for n in range(3_000))
    assert len(checks(f"from myapp.gen.text import slugify\n{lines}").examples) == 3_000


PARAMETRIZED = """\
import pytest
from myapp.gen.text import slugify
LONG = "A" * 9

@pytest.mark.parametrize({names}, [("A", "a"), ("B c", "b-c"), (LONG, LONG.lower())])
def test_it(text, slug):
    assert slugify(text) == slug
"""


@pytest.mark.parametrize("names", ["'text, slug'", "('text', 'slug')", "['text', 'slug']"])
def test_each_row_of_a_parametrized_test_is_a_check(names: str) -> None:
    found = checks(PARAMETRIZED.format(names=names))
    assert found.examples == ("slugify('A') == 'a'", "slugify('B c') == 'b-c'")
    run(found.tests, slugify=str.lower)
    with pytest.raises(AssertionError):
        run(found.tests, slugify=str.upper)


@pytest.mark.parametrize(
    "head",
    [
        "def test_it(text, tmp_path):",
        "@pytest.mark.parametrize('text', ['A'])\ndef test_it(text, tmp_path):",
        "@pytest.mark.parametrize('text', TEXTS)\ndef test_it(text):",
        "@pytest.mark.parametrize('text', [*TEXTS])\ndef test_it(text):",
        "@pytest.mark.skip\ndef test_it():",
        "@pytest.mark.parametrize('text', ['A'])\n@pytest.mark.skip\ndef test_it(text):",
    ],
)
def test_what_needs_fixtures_or_is_marked_otherwise_is_no_check(head: str) -> None:
    text = f"import pytest\nfrom myapp.gen.text import slugify\n{head}\n    assert slugify('B') == 'b'\n"
    assert checks(text) == CallerChecks()


def test_a_method_of_a_test_class_is_looked_at() -> None:
    body = "    def test_it(self):\n        assert slugify('A') == 'a'\n        assert slugify(self.text) == 'b'\n"
    found = checks(f"from myapp.gen.text import slugify\nclass TestSlugs:\n{body}")
    assert found == CallerChecks(examples=("slugify('A') == 'a'",))


def test_two_assertions_on_a_line_are_two_tests() -> None:
    text = "from myapp.gen.text import slugify, words\nassert slugify('A').islower(); assert not words('')\n"
    found = checks(text, asked=("slugify", "words"))
    assert found.tests.count("def test_line_2") == 2
    assert "def test_line_2_2()" in found.tests


@pytest.mark.parametrize("error", ["Exception", "AssertionError", "(ValueError, AssertionError)"])
def test_an_assertion_whose_failure_is_swallowed_is_no_check(error: str) -> None:
    text = (
        f"import json\nfrom myapp.gen.text import slugify\ntry:\n    assert slugify('A') == 'a'\nexcept {error}:\n    "
    )
    assert checks(f"{text}print('no')\n") == CallerChecks()
    assert "slugify('A') == 'a'" in checks(f"{text}raise SystemExit\n").tests


def test_a_test_that_reaches_no_assertion_proves_nothing() -> None:
    found = checks("from myapp.gen.text import slugify\nfor a in []:\n    assert slugify(a) == 'a'\n")
    with pytest.raises(pytest.skip.Exception, match="no assertion was reached"):
        run(found.tests, slugify=str.lower)
    found = checks("from myapp.gen.text import slugify\nfor a in 'AB':\n    assert slugify(a) == a.lower()\n")
    run(found.tests, slugify=str.lower)


def test_a_branch_that_is_not_taken_does_not_spoil_what_others_prove() -> None:
    text = (
        "from myapp.gen.text import slugify\nx = ['A']\nassert slugify(x[0]) == 'a'\nif not x:\n    assert slugify(x)\n"
    )
    run(checks(text).tests, slugify=str.lower)


@pytest.mark.parametrize(
    "body",
    [
        "try:\n        slugify(a)\n    except TypeError:\n        pass\n    else:\n        raise AssertionError",
        "with pytest.raises(TypeError):\n        slugify(a)",
        "if isinstance(slugify, int):\n        raise AssertionError(a)",
    ],
)
def test_what_is_to_raise_in_a_loop_is_reached(body: str) -> None:
    def slugify(text: object) -> object:
        raise TypeError

    found = checks(f"import pytest\nfrom myapp.gen.text import slugify\nfor a in [None, 1]:\n    {body}\n")
    run(found.tests, slugify=slugify)
