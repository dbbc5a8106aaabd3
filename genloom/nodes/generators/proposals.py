"""Checks that a model proposes where the caller gave none. They are shown and run as its own, never as proof."""

from __future__ import annotations

from langchain_core.messages import HumanMessage

from genloom.errors import ExampleError
from genloom.events import Note
from genloom.nodes.briefing import signature_section
from genloom.nodes.conversation import ask
from genloom.nodes.runtime import NodeRuntime
from genloom.state import Example, GenerationRequest, find_contradiction, parse_example
from genloom.tools.chat import message_text, module_in_reply

__all__ = ["MAX_PROPOSALS", "propose_checks"]

MAX_PROPOSALS = 6


async def propose_checks(request: GenerationRequest, model: str, runtime: NodeRuntime) -> tuple[str, ...]:
    """Ask the model for examples and return the texts of those that parse as one; none when the answer is of no use."""
    question = runtime.prompts.load("propose_checks").render(
        count=str(MAX_PROPOSALS),
        prompt=request.prompt,
        signature=signature_section(request),
        name=request.target_name,
    )
    answer = await ask(model, [HumanMessage(question)], runtime)
    examples = _examples(module_in_reply(message_text(answer.content))[0], request.target_name)
    if examples:
        runtime.emit(Note(message=f"The model proposed {len(examples)} checks of its own; they prove nothing."))
    return tuple(example.text for example in examples)


def _examples(text: str, name: str) -> list[Example]:
    found: dict[str, Example] = {}
    for line in text.splitlines():
        try:
            example = parse_example(line)
        except ExampleError:
            continue
        if example.function == name and find_contradiction([*found.values(), example]) is None:
            found.setdefault(example.text, example)
    return list(found.values())[:MAX_PROPOSALS]
