"""What pydantic found wrong with somebody's input, as one sentence."""

from __future__ import annotations

from pydantic import ValidationError

__all__ = ["problems_of"]

MOST = 5


def problems_of(error: ValidationError) -> str:
    """Return up to five problems as one sentence; values do not show, they may be secrets."""
    problems = [
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg'].removeprefix('Value error, ')}".removeprefix(
            ": "
        )
        for problem in error.errors(include_url=False, include_input=False)[:MOST]
    ]
    return f"{'; '.join(problems).rstrip('.')}."
