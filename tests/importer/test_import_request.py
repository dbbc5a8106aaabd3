"""The request for an import: its place, names, checks and context."""

from pathlib import Path

import pytest
from generation import CALLER, MODULE, SLUGIFY, Project

from genloom.config import load_settings
from genloom.errors import RequestError
from genloom.interfaces.importer.asked import CallSite, ModuleRequest
from genloom.interfaces.importer.generation.place import place_of
from genloom.interfaces.importer.generation.request import ImportRequest, import_request
from genloom.interfaces.importer.options import ImportOptions
from genloom.state import module_draft
from genloom.tools.checks.plan import plan_checks


def built(asked: ModuleRequest) -> ImportRequest:
    return import_request(asked, load_settings())


def test_the_module_has_its_place_in_the_callers_repository(project: Project) -> None:
    place = built(project.asked()).place
    assert (place.repository, place.target, place.beside) == (project.folder.resolve(), "myapp/gen/text.py", True)


def test_a_folder_of_sources_is_an_import_root(tmp_path: Path) -> None:
    (tmp_path / "app" / ".git").mkdir(parents=True)
    directory = tmp_path / "app" / "src" / "myapp" / "gen"
    directory.mkdir(parents=True)
    place = place_of(MODULE, ImportOptions(namespace="myapp.gen", directory=directory, mode="auto"), None)
    assert (place.repository, place.target) == ((tmp_path / "app").resolve(), "src/myapp/gen/text.py")


def test_a_folder_of_another_name_is_no_import_root(tmp_path: Path) -> None:
    options = ImportOptions(namespace="autogenlib", directory=tmp_path / "cache", mode="auto")
    place = place_of("autogenlib.totp", options, None)
    assert (place.repository, place.target, place.beside) == (None, "autogenlib/totp.py", False)


def test_a_package_is_extended_in_its_own_file(project: Project) -> None:
    project.write("myapp/gen/text/__init__.py", "A = 1\n")
    assert built(project.asked(existing="A = 1\n")).place.target == "myapp/gen/text/__init__.py"


def test_names_examples_and_tests_are_demanded(project: Project) -> None:
    caller = CALLER.replace("import slugify", "import slugify, words") + "x = ['a']\nassert words('a') == x\n"
    request = built(project.asked(caller, names=("slugify", "words"))).request
    assert request.asked_names == ("slugify", "words")
    assert request.examples == ("slugify('A b') == 'a-b'", "slugify('C') == 'c'")
    assert "assert words('a') == x" in (request.tests or "")


def test_checks_that_are_demanded_besides_come_first(project: Project) -> None:
    asked = project.asked()
    more = ModuleRequest(
        module=asked.module,
        names=asked.names,
        options=asked.options,
        caller=asked.caller,
        examples=("slugify('') == ''",),
        tests="def test_more():\n    assert True\n",
    )
    request = built(more).request
    assert request.examples[0] == "slugify('') == ''"
    assert "test_more" in (request.tests or "")


def test_checks_of_what_is_there_already_are_left_out(project: Project) -> None:
    caller = "from myapp.gen.text import slugify, words\nassert words('a') == ['a']\nassert slugify('A') == 'a'\n"
    assert built(project.asked(caller)).request.examples == ("slugify('A') == 'a'",)


def test_an_assertion_that_needs_a_module_not_written_yet_is_left_out(project: Project) -> None:
    caller = "from .gen.text import slugify\nfrom .gen.other import join\nx = join(['A'])\nassert slugify(x) == 'a'\n"
    assert built(project.asked(caller)).request.tests is None
    project.write("myapp/gen/other.py", "def join(x):\n    return x[0]\n")
    assert built(project.asked(caller)).request.tests is not None


def test_what_is_asserted_wins_over_a_remark(project: Project) -> None:
    request = built(project.asked(CALLER + '# slugify("C") == "see"\n')).request
    assert request.examples == ("slugify('A b') == 'a-b'", "slugify('C') == 'c'")


def test_a_contradiction_is_the_callers_error(project: Project) -> None:
    with pytest.raises(RequestError, match="contradict"):
        built(project.asked(CALLER + 'assert slugify("C") == "d"\n'))


def test_relative_imports_of_a_program_start_from_its_package(project: Project) -> None:
    file = project.write("myapp/use.py", 'from .gen.text import slugify\nassert slugify("A") == "a"\n')
    site = CallSite(filename=str(file), lineno=1, module="__main__", package="myapp")
    asked = ModuleRequest(module=MODULE, names=("slugify",), options=project.options(), caller=site)
    assert built(asked).request.examples == ("slugify('A') == 'a'",)


def test_a_caller_without_a_text_is_no_obstacle(project: Project) -> None:
    site = CallSite(filename="<stdin>", lineno=1, module="__main__")
    asked = ModuleRequest(module=MODULE, names=("slugify",), options=project.options(), caller=site)
    request = built(asked).request
    assert request.examples == ()
    assert request.codebase_context == {}


def test_the_context_is_bounded(project: Project) -> None:
    for number in range(30):
        lines = "\n".join(f"slugify('{number} {line}')" for line in range(500))
        project.write(f"myapp/use_{number}.py", f"from .gen.text import slugify\n{lines}\n")
    caller = CALLER + "\n".join(f"slugify('{line}')" for line in range(5_000)) + "\n"
    context = built(project.asked(caller)).request.codebase_context
    assert len(context) <= 10
    assert sum(map(len, context.values())) < 40_000


def test_what_other_files_assert_plainly_is_a_check_of_calls_that_the_caller_leaves_open(project: Project) -> None:
    project.write(
        "tests/test_text.py",
        """\
        from myapp.gen.text import slugify

        class TestSlugs:
            def test_words(self):
                assert slugify("D e") == "d-e"
                assert slugify("A b") == "something else"

        def test_shadowed():
            slugify = str.upper
            assert slugify("x") == "X"
        """,
    )
    request = built(project.asked()).request
    assert request.examples == ("slugify('A b') == 'a-b'", "slugify('C') == 'c'", "slugify('D e') == 'd-e'")


def test_of_very_many_assertions_the_first_ones_count(project: Project) -> None:
    lines = "".join(f"assert slugify('A{n}') == 'a{n}'\n" for n in range(1_200))
    assert len(built(project.asked(f"from myapp.gen.text import slugify\n{lines}")).request.examples) == 1_000


def test_assertions_that_do_not_stand_alone_are_no_checks_in_the_context_either(project: Project) -> None:
    caller = "from myapp.gen.text import slugify\nDEBUG = False\nif DEBUG:\n    assert slugify('A') == 'loud'\n"
    request = built(project.asked(caller)).request
    draft = module_draft(SLUGIFY, path=request.draft_path, name="slugify", generator="model")
    assert plan_checks(draft, request).examples == ()
