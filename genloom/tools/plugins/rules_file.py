"""House rules in words: a repository's `.genloom/rules.md` is shown to whoever writes. Named `rules-file`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genloom.errors import StorageError
from genloom.state import GenerationRequest, GraphContext
from genloom.tools.plugins.plugin import ContributedText, Plugin

__all__ = ["RulesFile"]

PLACE = ".genloom/rules.md"
MAX_BYTES = 100_000


class RulesFile(Plugin):
    """Contributes the text of `.genloom/rules.md` as context. It stays data: a repository may be anybody's."""

    name = "rules-file"
    version = "1"

    def contribute_context(self, request: GenerationRequest, context: GraphContext) -> Sequence[ContributedText]:
        """Return the repository's rules, if it has some. A file that cannot be read is an error."""
        from genloom.tools.codebase.files.source import read_inside  # here: that package loads parsers

        if context.repository is None or not (Path(context.repository) / PLACE).is_file():
            return ()
        data = read_inside(Path(context.repository).resolve(), PLACE, MAX_BYTES)
        if isinstance(data, str):
            raise StorageError(f"{PLACE} cannot be read: {data}.", hint="Make it a text file of 100,000 bytes at most.")
        return (ContributedText("house rules", data.decode("utf-8-sig")),)
