"""The caller's own context: counted, rendered, and put together with the repository's references for the state."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from genloom.state import CodeContext, ContextReference
from genloom.tools.codebase.context.tokens import TokenCounter, estimate_tokens, fence_tokens
from genloom.tools.security import present

__all__ = ["assemble", "caller_tokens", "render_caller_context"]


def assemble(
    caller: Mapping[str, str],
    *,
    references: Iterable[ContextReference] = (),
    relevance: float = 0.0,
    repository: str = "",
    count: TokenCounter = estimate_tokens,
    secrets: Sequence[str] = (),
) -> CodeContext:
    """Return the state's context. Its fingerprint covers each reference's path, span, form, file hash and reasons, and the
    caller's titles and texts; not the repository's place on this machine, so equal input has equal fingerprints."""
    references = tuple(references)
    seen = [
        (ref.path, ref.start_line, ref.end_line, ref.form, ref.sha256, ref.symbol, ref.reasons) for ref in references
    ]
    fence = fence_tokens(count) if any(ref.form != "rules" for ref in references) else 0
    text = json.dumps([seen, list(caller.items())], ensure_ascii=True, separators=(",", ":"))
    return CodeContext(
        repository=repository,
        references=references,
        relevance=round(relevance, 4),
        tokens=sum(ref.tokens for ref in references) + fence + caller_tokens(caller, count, secrets=secrets),
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
    )


def caller_tokens(
    caller: Mapping[str, str], count: TokenCounter = estimate_tokens, *, secrets: Sequence[str] = ()
) -> int:
    """Count the tokens of the caller's own context, without the secrets."""
    return count(render_caller_context(caller, secrets=secrets)) if caller else 0


def render_caller_context(caller: Mapping[str, str], *, secrets: Sequence[str] = ()) -> str:
    """Return the caller's own context as delimited data, redacted and screened, in the caller's order; blank texts are left
    out."""
    sections = [
        present(f"given by the caller: {title}", text, secrets=secrets)
        for title, text in caller.items()
        if text.strip()
    ]
    return "\n".join(sections)
