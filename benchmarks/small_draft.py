"""The small draft that is verified again and again, with its examples and its tests. It is right, and harmless."""

from __future__ import annotations

from genloom.state import GenerationRequest, module_draft
from genloom.tools.checks import verify_draft
from genloom.tools.sandbox import Sandbox

__all__ = ["CALLS", "EXAMPLES", "PLAIN", "SOURCE", "TESTS", "WITH_EXAMPLES", "WITH_TESTS", "verify"]

SOURCE = "def double(x):\n    return x + x\n"
EXAMPLES = ("double(2) == 4", "double('ab') == 'abab'", "double([1]) == [1, 1]")
CALLS = tuple(example.partition(" == ")[0] for example in EXAMPLES)
TESTS = "from double import double\n\n\n" + "\n\n\n".join(
    f"def test_{number}():\n    assert {example}" for number, example in enumerate(EXAMPLES)
)
PLAIN = f"{SOURCE}for call in {CALLS!r}:\n    print(repr(eval(call)))\n"

DRAFT = module_draft(SOURCE, path="double.py", name="double", generator="model")
WITH_EXAMPLES = GenerationRequest(prompt="double it", name="double", examples=EXAMPLES)
WITH_TESTS = GenerationRequest(prompt="double it", name="double", tests=TESTS)


async def verify(sandbox: Sandbox, request: GenerationRequest) -> None:
    """Verify the draft with all that belongs to it; it passes."""
    verdict = await verify_draft(DRAFT, request, sandbox)
    assert verdict.result == "passed", verdict
