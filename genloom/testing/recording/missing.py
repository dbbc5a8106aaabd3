"""What is told of a request that was never recorded: how it differs from the one that is most like it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import SequenceMatcher, unified_diff

from genloom.errors import UsageError
from genloom.testing.recording.recording_file import readable
from genloom.testing.recording.request import ModelRequest

__all__ = ["RecordingMissError", "exhausted", "never_recorded"]

MOST_CANDIDATES = 300
MOST_LINES_COMPARED = 2_000
MOST_LINES_SHOWN = 40
LONGEST_LINE = 200
_RECORD = "Record it: GENLOOM_MODEL_RECORDING=missing adds what is not there yet, =record makes the file anew."


class RecordingMissError(UsageError):
    """A model was asked what its recording has no answer to."""


def never_recorded(asked: ModelRequest, recorded: Iterable[ModelRequest], source: str) -> RecordingMissError:
    """Return the error of a request that is not among the recorded ones, with the difference to the nearest."""
    said = f"{source} has no answer to this request"
    nearest = _nearest(asked, recorded)
    if nearest is None:
        return RecordingMissError(f"{said}: nothing was recorded there.", hint=_RECORD)
    lines = list(unified_diff(_shown(nearest), _shown(asked), "recorded", "asked", n=1, lineterm=""))
    shown = [line[:LONGEST_LINE] for line in lines[:MOST_LINES_SHOWN]]
    if len(lines) > MOST_LINES_SHOWN:
        shown.append(f"… and {len(lines) - MOST_LINES_SHOWN} more lines")
    return RecordingMissError("\n".join((f"{said}. The nearest one that was recorded differs:", *shown)), hint=_RECORD)


def exhausted(request: ModelRequest, answers: int, source: str) -> RecordingMissError:
    """Return the error of a request that is made more often than it was recorded."""
    times = "once" if answers == 1 else f"{answers} times"
    last = _shown(request)[-3:]
    return RecordingMissError(
        f"{source} recorded the request {request.key} {times}, and it is made once more. It ends:\n" + "\n".join(last),
        hint=_RECORD,
    )


def _shown(request: ModelRequest) -> list[str]:
    text = json.dumps(readable(request), indent=1, ensure_ascii=False, sort_keys=True)
    return text.split("\n")[:MOST_LINES_COMPARED]


def _nearest(asked: ModelRequest, recorded: Iterable[ModelRequest]) -> ModelRequest | None:
    candidates = list(recorded)[:MOST_CANDIDATES]
    matcher: SequenceMatcher[str] = SequenceMatcher(autojunk=False)
    matcher.set_seq2(_shown(asked))
    best, likeness = None, -1.0
    for candidate in candidates:
        matcher.set_seq1(_shown(candidate))
        if matcher.real_quick_ratio() > likeness and (found := matcher.quick_ratio()) > likeness:
            best, likeness = candidate, found
    return best
