"""A recording: what a chat model answered, kept in a file, request by request."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from genloom.config import RecordingMode, load_recording_mode, load_settings
from genloom.errors import UsageError
from genloom.testing.recording.answer import answer_data, answer_message
from genloom.testing.recording.beginning import Beginning, lock_of
from genloom.testing.recording.missing import exhausted, never_recorded
from genloom.testing.recording.recording_file import RecordedCalls, read_calls, refuse_foreign
from genloom.testing.recording.request import Json, ModelRequest, model_request
from genloom.testing.recording.written import WrittenCalls
from genloom.tools.security import Redactor

__all__ = ["ModelRecording"]


class ModelRecording:
    """The answers of chat models in a file, found by their requests.

    `mode` is `replay` (no model is asked; the default), `record` (all is asked, the file made anew with the first answer)
    or `missing` (what is not there is asked and added). Recordings that are in use at the same time, in one process or in
    several, make a file anew once, and together. Not given, it is what `GENLOOM_MODEL_RECORDING` says.

    A request asked again and again gets its answers in the order in which they were recorded. Each answer is written as it
    comes, whole or not at all; threads share a recording, and processes may share a file. Secrets are redacted, from the
    answers too: what comes back while recording is what replaying gives. `secrets` are further values to remove;
    `replace` maps texts, or compiled patterns, of requests to what stands for them, such as a temporary folder or a date.

    Raises `UsageError` when the file is no recording (another file is never replaced), and `RecordingMissError` for what
    was never recorded.
    """

    def __init__(
        self,
        path: str | Path,
        mode: RecordingMode | None = None,
        *,
        secrets: Sequence[str] = (),
        replace: Mapping[str | re.Pattern[str], str] | None = None,
    ) -> None:
        self.path = Path(path)
        self.mode: RecordingMode = mode or load_recording_mode() or "replay"
        if self.mode not in ("replay", "record", "missing"):
            raise UsageError(f"{self.mode!r} is no mode of a recording.", hint="Write replay, record or missing.")
        settings = load_settings()
        self._redactor = Redactor(secrets=(*secrets, *settings.secrets))
        self._replace = dict(replace or {})
        self._locks = settings.cache / "recordings"
        self._file = self.path.absolute()  # wherever the process goes meanwhile
        if self.mode == "record":
            refuse_foreign(self._file)
        self._recorded: RecordedCalls = {} if self.mode == "record" else read_calls(self.path)
        self._asked: Counter[str] = Counter()
        self._beginning = Beginning(self._file, self._locks) if self.mode == "record" else None
        self._written = WrittenCalls()
        self._lock = threading.Lock()

    @property
    def unused(self) -> tuple[ModelRequest, ...]:
        """The recorded requests that nobody made: of a suite that has run, what can go."""
        with self._lock:
            return tuple(request for key, (request, _) in self._recorded.items() if not self._asked[key])

    def request(
        self, messages: Sequence[BaseMessage], options: Mapping[str, Any], *, model: str, secrets: Sequence[str] = ()
    ) -> ModelRequest:
        """Return the canonical form of a request, as it is looked for and written."""
        redactor = self._with(secrets)
        return model_request(messages, options, model=model, redactor=redactor, replace=self._replaced)

    def answer(self, request: ModelRequest) -> AIMessage | None:
        """Return the next recorded answer to a request; `None` when the model is to be asked.

        Raises `RecordingMissError` when replaying and there is none, or none any more.
        """
        with self._lock:
            answers = self._recorded.get(request.key, (request, []))[1]
            number = self._asked[request.key]
            self._asked[request.key] += 1
            if number < len(answers):
                return self._message(answers[number])
            if self.mode != "replay":
                return None
            if answers:
                raise exhausted(request, len(answers), str(self.path))
            raise never_recorded(request, (known for known, _ in self._recorded.values()), str(self.path))

    def record(self, request: ModelRequest, answer: AIMessage, *, secrets: Sequence[str] = ()) -> AIMessage:
        """Write an answer down and return it as replaying will give it. Raises `StorageError` when it cannot be written,
        and `UsageError` when it is too long to be kept."""
        with self._lock, lock_of(self._file, self._locks):
            if self._beginning.begin() if self._beginning else False:
                self._written.clear()
            else:
                self._written.refresh(self._file)
            answers = self._written.answers(request)
            prefix = f"call_{request.key[:12]}_{len(answers)}"
            data = answer_data(answer, prefix=prefix, redactor=self._with(secrets))
            answers.append(data)
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._written.write(self._file)
        return self._message(data)

    def _message(self, data: Mapping[str, Json]) -> AIMessage:
        try:
            return answer_message(data)
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"{self.path} holds an answer that is none: {error}", hint="Record it anew.") from error

    def _with(self, secrets: Sequence[str]) -> Redactor:
        return Redactor(secrets=(*self._redactor.secrets, *secrets))

    def _replaced(self, text: str) -> str:
        for old, new in self._replace.items():
            text = text.replace(old, new) if isinstance(old, str) else old.sub(new, text)
        return text
