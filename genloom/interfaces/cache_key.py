"""The key of a cached result: a hash over everything that changes the answer."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from genloom.config import Settings
from genloom.interfaces.result import RESULT_FORMAT
from genloom.prompts import prompt_fingerprint
from genloom.state import CodeContext, GenerationRequest, GraphContext
from genloom.tools.codebase import open_codebase
from genloom.tools.house_rules import policy_for
from genloom.tools.plugins import active_plugins
from genloom.tools.sandbox import interpreter_for
from genloom.version import VERSION

__all__ = ["cache_key"]


def cache_key(request: GenerationRequest, code: CodeContext, context: GraphContext, settings: Settings) -> str:
    """Return a sha256 over the request, the hashes of its context, the checks, models, prompts, sandbox tier, review
    policy, plugins, interpreter and version. `context` and `settings` must be resolved. Two requests with the
    same key have the same answer: what changes none, such as the cores of a search, is not part of it."""
    answer = {
        "format": RESULT_FORMAT,
        "version": VERSION,
        "request": request.model_dump(mode="json"),
        "code": code.fingerprint,
        "repository": _repository(context, settings),
        "context": context.model_dump(mode="json", exclude={"organisation", "repository", "approval", "search_cores"}),
        "servers": [settings.openai_base_url, settings.codegen_base_url],
        "sandbox": settings.sandbox,
        "policy": policy_for(context)[0].model_dump(mode="json"),
        "scanners": [_version("ruff"), _version("bandit")],
        "prompts": prompt_fingerprint(),
        "interpreter": _interpreter(context),
        "plugins": active_plugins(context).versions,
    }
    return hashlib.sha256(json.dumps(answer, sort_keys=True).encode()).hexdigest()


def _repository(context: GraphContext, settings: Settings) -> str:
    """A hash of what code under check could import or read; never the same twice for a repository too large for one."""
    if context.repository is None:
        return ""
    codebase = open_codebase(context.repository, settings)
    return codebase.tree_fingerprint(leave_out=(settings.home, settings.cache))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _interpreter(context: GraphContext) -> list[object]:
    """What tells one interpreter with its packages from another, without starting it."""
    python = interpreter_for(context)
    packages = sorted(str(folder) for folder in python.parent.parent.glob("lib*/python*/*-packages"))  # Debian's, too
    times = [Path(place).stat().st_mtime_ns for place in [str(python), *packages] if Path(place).exists()]
    return [platform.python_version(), platform.machine(), str(python), *packages, *times]
