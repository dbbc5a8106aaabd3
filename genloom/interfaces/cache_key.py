"""The key of a cached result: a hash over everything that changes the answer."""

from __future__ import annotations

import hashlib
import json
import platform

from genloom.config import Settings
from genloom.interfaces.result import RESULT_FORMAT
from genloom.prompts import prompt_fingerprint
from genloom.state import CodeContext, GenerationRequest, GraphContext
from genloom.version import VERSION

__all__ = ["cache_key"]


def cache_key(request: GenerationRequest, code: CodeContext, context: GraphContext, settings: Settings) -> str:
    """Return a sha256 over the request, the hashes of its context, the checks, models, prompts, sandbox tier, review
    policy, interpreter and version. `context` must be completed. Two requests with the same key have the same answer."""
    answer = {
        "format": RESULT_FORMAT,
        "version": VERSION,
        "request": request.model_dump(mode="json"),
        "code": code.fingerprint,
        "context": context.model_dump(mode="json", exclude={"organisation", "repository", "approval"}),
        "servers": [settings.openai_base_url, settings.codegen_base_url],
        "sandbox": settings.sandbox,
        "prompts": prompt_fingerprint(),
        "python": [platform.python_implementation(), platform.python_version(), platform.machine()],
    }
    return hashlib.sha256(json.dumps(answer, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
