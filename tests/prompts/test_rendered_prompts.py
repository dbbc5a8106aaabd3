"""Rendered prompts: a change of what a model sees shows in a diff that people can read."""

from pathlib import Path

from rendered_prompts import FOLDER, NAMES, snapshots

import genloom.prompts


def test_every_prompt_reads_as_it_was_reviewed():
    """Refresh by `python tests/prompts/rendered_prompts.py`, and read the diff."""
    stored = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    assert snapshots() == stored


def test_every_shipped_prompt_is_rendered_here():
    """A new template gets a snapshot."""
    shipped = {path.stem for path in Path(genloom.prompts.__file__).parent.glob("*.md")}
    assert shipped == set(NAMES)
