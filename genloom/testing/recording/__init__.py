"""Recording and replaying what chat models answer."""

from genloom.testing.recording.chat_model import RecordedChatModel
from genloom.testing.recording.missing import RecordingMissError
from genloom.testing.recording.recording import ModelRecording

__all__ = ["ModelRecording", "RecordedChatModel", "RecordingMissError"]
