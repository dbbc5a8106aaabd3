"""What the imitations of GitHub and GitLab share: accounts, pages, and which lines a patch shows. Read from the hosts'
documentation; nothing here was tried against the hosts themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from genloom.testing.exchange import Answer, RecordedRequest

__all__ = ["HEAD", "Account", "ImitatedFile", "RefusalError", "page", "shown_lines"]

HEAD = "a" * 40
BASE = "b" * 40
START = "c" * 40


@dataclass(frozen=True)
class Account:
    """Whose token it is. An app's token has no user behind it; `writes` is whether it may change anything."""

    id: int
    login: str
    app: bool = False
    writes: bool = True


@dataclass
class ImitatedFile:
    """A file of a pull request, as the hosts tell of it, and its text at the head."""

    path: str
    patch: str | None
    text: str = ""
    status: str = "modified"
    old_path: str = ""

    @property
    def before(self) -> str:
        return self.old_path or self.path


@dataclass
class RefusalError(Exception):
    """An answer that is no success."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def answer(self) -> Answer:
        content = json.dumps(self.body).encode()
        return Answer(status=self.status, pieces=(content,), headers=dict(self.headers))


def page(request: RecordedRequest, items: Iterable[Any], base_url: str) -> Answer:
    """One page of a list, 30 items unless told, 100 at most, with the `Link` header that both hosts send."""
    all_of_them = list(items)
    size = min(int(request.query.get("per_page", 30)), 100)
    number = int(request.query.get("page", 1))
    shown = all_of_them[(number - 1) * size : number * size]
    headers = {}
    if number * size < len(all_of_them):
        query = urlencode({**request.query, "page": number + 1})
        first = urlencode({**request.query, "page": 1})
        path = request.target.partition("?")[0]
        headers["Link"] = f'<{base_url}{path}?{query}>; rel="next", <{base_url}{path}?{first}>; rel="first"'
    return Answer(pieces=(json.dumps(shown).encode(),), headers=headers)


def shown_lines(patch: str | None) -> dict[int, int | None]:
    """The lines of the new file that a patch shows: their numbers, and those in the old file where they stayed."""
    lines: dict[int, int | None] = {}
    old = new = 0
    for line in (patch or "").split("\n"):
        head = re.match(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@", line)
        if head:
            old, new = int(head[1]), int(head[2])
        elif line.startswith("+"):
            lines[new] = None
            new += 1
        elif line.startswith("-"):
            old += 1
        elif line.startswith(" "):
            lines[new] = old
            old, new = old + 1, new + 1
    return lines
