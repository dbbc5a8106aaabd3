"""What no text file of the project may say."""

from __future__ import annotations

import re

import pytest
from source_tree import ROOT, text_files

REGISTRIES = re.compile("|".join(map(re.escape, ("pypi" + ".org", "pythonhosted" + ".org", "index" + "-url ="))))
HOME = re.compile(r"(?<![\w.~-])/" + r"(?:root|work|home/\w+)/" + r"[\w.-]+")
MAY_NAME_FOREIGN_HOMES = ("tests/", "genloom/tools/sandbox/")
"""Where paths of other people's homes are the subject: the sandbox hides them, and tests attack them."""


def test_the_text_files_are_found() -> None:
    """The tests below read the project's own files, not the links' and not an environment's."""
    found = {path.relative_to(ROOT).as_posix() for path in text_files()}
    assert {"pyproject.toml", "constraints.txt", "genloom/errors.py", "tests/architecture/test_texts.py"} <= found
    assert not [name for name in found if name.startswith(("graphs/", "nodes/", ".venv", ".git/"))]


@pytest.mark.parametrize("what", ["registries", "homes"])
def test_no_file_names_a_registry_or_a_path_of_one_machine(what: str) -> None:
    """Neither the address of a package registry nor an absolute path under somebody's home is committed."""
    pattern = REGISTRIES if what == "registries" else HOME
    wrong = []
    for path in text_files():
        name = path.relative_to(ROOT).as_posix()
        if what == "homes" and name.startswith(MAY_NAME_FOREIGN_HOMES):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if found := pattern.search(line):
                wrong.append(f"{name}:{number}: {found.group()}")
    assert wrong == []


def test_no_lock_file_is_committed() -> None:
    """Versions are pinned in constraints.txt, which names no registry; a lock file would."""
    assert not [path for path in text_files() if path.name in {"uv.lock", "poetry.lock", "Pipfile.lock"}]


def test_constraints_pin_every_requirement_exactly() -> None:
    """Each line of constraints.txt is `name==version`, perhaps with a marker, and each direct dependency is there."""
    import tomllib

    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.-]*==[\w.+!]+( ; .+)?", line) for line in lines)
    pinned = {line.partition("==")[0] for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    names = {re.split(r"[\[<>=~! ;]", text)[0].lower().replace("_", "-") for text in asked} - {"genloom"}
    assert names - pinned == set()
