"""Full names of what relative imports take from."""

from __future__ import annotations

from importlib.util import resolve_name

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.interfaces.importer.absolute import absolute
from genloom.interfaces.importer.modules.loader import compile_module

_PACKAGES = st.lists(st.sampled_from(["a", "bc", "d"]), max_size=4).map(".".join)


@given(name=_PACKAGES, level=st.integers(0, 6), package=_PACKAGES)
def test_names_are_those_of_python(name: str, level: int, package: str) -> None:
    try:
        expected = resolve_name(f"{'.' * level}{name}", package).rstrip(".") if level else name
    except ImportError:
        expected = ""
    assert absolute(name, level, package) == expected


def test_a_module_that_leads_above_its_package_fails_as_python_has_it() -> None:
    """However many dots: nothing else may be imported in its place."""
    code = compile_module("from ....os import path\n", "m.py", "a.b.m", is_package=False)
    with pytest.raises(ImportError, match="beyond top-level package"):
        exec(code, {"__package__": "json", "__name__": "json.m"})
