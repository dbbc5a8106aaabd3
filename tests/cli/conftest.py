"""Fixtures of the command line's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from genloom_program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program, in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()
    return Program(folder)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small codebase with one function and one class."""
    folder = tmp_path / "repository"
    (folder / "pairs").mkdir(parents=True)
    (folder / "pairs" / "__init__.py").write_text("")
    (folder / "pairs" / "parsing.py").write_text(
        'import re\n\n\ndef parse_pairs(text: str) -> dict[str, str]:\n    """Parse pairs like a=1;b=2."""\n'
        '    return dict(re.findall(r"(\\w+)=(\\w+)", text))\n\n\nclass Writer:\n    """Writes pairs."""\n\n'
        '    def write(self, pairs: dict[str, str]) -> str:\n        """Join them."""\n'
        '        return ";".join(f"{key}={value}" for key, value in pairs.items())\n'
    )
    return folder
