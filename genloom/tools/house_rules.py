"""House rules: the review policy as a TOML file, named by the user or lying in a repository.

A file that the user names says what it likes. A repository's own (`.genloom/policy.toml`, or `[tool.genloom.review]` in
its `pyproject.toml`) may be anybody's: it only tightens what holds already.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from genloom.errors import UsageError
from genloom.state import GraphContext, ReviewPolicy

__all__ = ["find_house_rules", "house_rules", "policy_for", "read_policy"]

MAX_BYTES = 200_000

_HINT = "docs/review.md shows the keys of a policy."
_OWN_FILE = Path(".genloom", "policy.toml")
_PROJECT_FILE = "pyproject.toml"


def read_policy(path: str | Path) -> ReviewPolicy:
    """Return the policy of a TOML file, or of the table `[tool.genloom.review]` in a `pyproject.toml`.

    Raises `UsageError` that names the file and the key where something is wrong, also where a `pyproject.toml` has no
    such table.
    """
    path = Path(path).expanduser()
    data = _parsed(path, _text(path))
    if path.name == _PROJECT_FILE:
        data = _table(data)
        if data is None:
            raise UsageError(f"{path} has no table [tool.genloom.review].", hint=_HINT)
    return _validated(path, data)


def policy_for(context: GraphContext) -> tuple[ReviewPolicy, tuple[str, ...]]:
    """Return the policy of a run, the context's own tightened by its repository's, and the remarks of `house_rules`.

    Raises `UsageError`. It reads the disk: in an event loop, call it in a thread.
    """
    if context.repository is None:
        return context.policy, ()
    return house_rules(Path(context.repository), context.policy, shown=Path())


def house_rules(
    repository: Path, policy: ReviewPolicy, *, shown: Path | None = None
) -> tuple[ReviewPolicy, tuple[str, ...]]:
    """Return the policy tightened by what a repository says, and a remark on each file that would have loosened it.

    Errors and remarks name the repository as `shown`. Links are followed inside the repository only: a `pyproject.toml`
    that leads out of it is left alone. Raises `UsageError` for a file that is none: rules that cannot be read are not taken
    for none.
    """
    remarks: list[str] = []
    given = policy
    for name in (_OWN_FILE, Path(_PROJECT_FILE)):
        path = (repository if shown is None else shown) / name
        found = _repository_s(repository, name, path)
        if found is None or found == given:
            continue
        looser = found.looser_than(given)
        if looser:
            remarks.append(
                f"{path} cannot loosen the review ({', '.join(looser)}); name the file yourself to let it: --policy {path}"
            )
        policy = policy.tightened_by(found)
    return policy, tuple(remarks)


def find_house_rules(folder: Path) -> Path:
    """Return the folder whose rules hold in `folder`: the nearest above it, or itself, that is a repository's root."""
    folder = folder.absolute()
    marks = (".git", ".genloom", _PROJECT_FILE)
    return next((each for each in (folder, *folder.parents) if any((each / mark).exists() for mark in marks)), folder)


def _repository_s(repository: Path, name: Path, path: Path) -> ReviewPolicy | None:
    text = _text_inside(repository, name, path)
    if text is None:
        return None
    if path.name != _PROJECT_FILE:
        return _validated(path, _parsed(path, text))
    if "genloom" not in text:  # whatever else is wrong with it is no affair of ours
        return None
    data = _table(_parsed(path, text))
    return None if data is None else _validated(path, data)


def _text_inside(repository: Path, name: Path, path: Path) -> str | None:
    """Return the text of a repository's own file, shown as `path`; `None` when there is none."""
    from genloom.tools.codebase.files.source import read_inside  # here: what else is in that package loads parsers

    try:
        root = repository.resolve()
        real = (root / name).resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        raise UsageError(f"The policy {path} cannot be read: its links lead nowhere.", hint=_HINT) from error
    if not real.is_relative_to(root):
        if name.name == _PROJECT_FILE:
            return None
        raise UsageError(f"The policy {path} leads out of the repository, where nothing is read.", hint=_HINT)
    if not real.exists() and not real.is_symlink():
        return None
    data = read_inside(root, str(real.relative_to(root)), MAX_BYTES)
    if data == "large":
        raise UsageError(f"The policy {path} is larger than {MAX_BYTES:,} bytes.", hint=_HINT)
    if isinstance(data, str):
        raise UsageError(f"The policy {path} cannot be read, or is no file.", hint=_HINT)
    try:
        return data.decode("utf-8-sig")
    except ValueError as error:
        raise UsageError(f"The policy {path} cannot be read: {error}.", hint=_HINT) from error


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise UsageError(f"The policy {path} {'is no file' if path.exists() else 'does not exist'}.", hint=_HINT)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise UsageError(f"The policy {path} is larger than {MAX_BYTES:,} bytes.", hint=_HINT)
        return data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise UsageError(f"The policy {path} cannot be read: {error}.", hint=_HINT) from error


def _parsed(path: Path, text: str) -> dict[str, Any]:  # Any: TOML
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"The policy {path} is not TOML: {error}.", hint=_HINT) from error


def _table(data: dict[str, Any]) -> Any:  # Any: TOML
    tool = data.get("tool")
    genloom = tool.get("genloom") if isinstance(tool, dict) else None
    return genloom.get("review") if isinstance(genloom, dict) else None


def _validated(path: Path, data: Any) -> ReviewPolicy:  # Any: TOML
    try:
        return ReviewPolicy.model_validate(data)
    except ValidationError as error:
        problems = "; ".join(map(_problem, error.errors(include_url=False, include_input=False)[:5]))
        raise UsageError(f"The policy {path} cannot be used: {problems}.", hint=_HINT) from error


def _problem(problem: Any) -> str:  # Any: pydantic's own dictionary
    key = ".".join(str(part) for part in problem["loc"] if part != "[key]") or "the table"
    if problem["type"] == "extra_forbidden":
        known = ", ".join(ReviewPolicy.model_fields)
        return f"`{key}` is no key of a policy; there are {known}"
    return f"`{key}`: {problem['msg'].removeprefix('Value error, ')}"
