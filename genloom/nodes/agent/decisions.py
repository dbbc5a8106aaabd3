"""A person's answer to calls that wait for approval, read as one decision for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import ToolCall

__all__ = ["AnswerError", "read_decisions"]

Decision = dict[str, Any]  # Any: a tool's arguments


class AnswerError(ValueError):
    """The answer decides nothing, or not all; the message says what it lacks."""


def read_decisions(answer: object, calls: Sequence[ToolCall], allowed: Sequence[Sequence[str]]) -> list[Decision]:
    """Return a decision for each of the calls, in their order, of which each has its allowed kinds.

    `True`, `False` and `{"approve": …}` decide all calls alike. Else it is `{"decisions": […]}` with one for each call:
    `{"type": "approve"}`, `{"type": "reject", "message": …}` (the message may be missing), `{"type": "respond", "message":
    …}`, `{"type": "edit", "edited_action": {"name": …, "args": {…}}}` of the same tool. Raises `AnswerError`.
    """
    if isinstance(answer, Mapping) and set(answer) == {"approve"}:
        answer = answer["approve"]
    if isinstance(answer, bool):
        decisions: object = [{"type": "approve" if answer else "reject"} for _ in calls]
    else:
        decisions = answer.get("decisions") if isinstance(answer, Mapping) else None
    if not isinstance(decisions, list | tuple):
        raise AnswerError(_shape(len(calls)))
    if len(decisions) != len(calls):
        raise AnswerError(f"It holds {len(decisions)} decisions. {_shape(len(calls))}")
    return [_decision(given, call, kinds) for given, call, kinds in zip(decisions, calls, allowed, strict=True)]


def _shape(count: int) -> str:
    each = '{"type": "approve"}'
    listed = ", ".join([each] * min(count, 3)) + (", …" if count > 3 else "")
    return f'Answer true or false, or {{"decisions": [{listed}]}}: one for each of {count}.'


def _decision(given: object, call: ToolCall, kinds: Sequence[str]) -> Decision:
    name, kind = call["name"], given.get("type") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or kind not in kinds:
        raise AnswerError(f"The decision on {name} has no type of {', '.join(kinds)}.")
    if kind == "edit" and not _is_edit(given.get("edited_action"), name):
        raise AnswerError(
            f'An edit of {name} needs "edited_action": {{"name": "{name}", "args": {{…}}}}: the same tool, other arguments.'
        )
    message = given.get("message")
    if not isinstance(message, str | None) or (kind == "respond" and message is None):
        raise AnswerError(f'The "message" to {name} is no text.')
    return {key: value for key, value in given.items() if value is not None}


def _is_edit(action: object, name: str) -> bool:
    return isinstance(action, Mapping) and action.get("name") == name and isinstance(action.get("args"), dict)
