"""Roles: what a file is for, told from its path."""

from __future__ import annotations

import re
from typing import Literal

from genloom.tools.codebase.ranking.weights import RankingWeights

__all__ = ["Role", "file_role", "role_weight", "tested_stem"]

Role = Literal["source", "test", "documentation", "package"]

_TEST = re.compile(
    r"(?:^|/)(?:tests?|testing|__tests__|[^/]*\.(?:Tests?|UnitTests|IntegrationTests|Specs))/|(?:^|/)spec/.*\.rb$"
    r"|(?:^|/)(?:test[_-][^/]*|[^/]*[_-](?:tests?|spec|unittest)|conftest|tests?)\.\w+$"
    r"|(?:^|/)[^/]*(?:\.(?:test|spec)\.\w+|[a-z0-9](?:Tests?|TestCase|Specs)\.(?:java|cs|php))$|(?:^|/)Test[A-Z][^/]*\.java$"
)
_DOCUMENTATION = re.compile(r"(?:^|/)(?:docs?|documentation|examples?|samples?|demos?|benchmarks?|tutorials?)/")
_TEST_NAME = re.compile(
    r"(?:^|/)(?:test[_-]([^/]+)|([^/]+)[_-](?:tests?|spec|unittest)|([^/]+)\.(?:test|spec)|([^/]+?)Tests?)\.\w+$"
)


def file_role(path: str) -> Role:
    """Tell `test`, `documentation` (and examples, benchmarks), `package` (`__init__.py`) or `source` from a path."""
    if _TEST.search(path):
        return "test"
    if _DOCUMENTATION.search(path):
        return "documentation"
    return "package" if path.endswith("__init__.py") else "source"


def role_weight(role: Role, weights: RankingWeights, *, about_tests: bool) -> float:
    """Return what a file's scores are multiplied by."""
    if role == "test":
        return 1.0 if about_tests else weights.tests
    if role == "documentation":
        return weights.documentation
    return weights.packages if role == "package" else 1.0


def tested_stem(path: str) -> str:
    """Return the name of the file that a test is about: `billing` for `tests/test_billing.py`; empty for no test's name."""
    found = _TEST_NAME.search(path)
    return next((group for group in found.groups() if group), "") if found else ""
