"""Chat models: found by name, their failures classified, their replies parsed strictly."""

from genloom.tools.chat.failures import model_failure
from genloom.tools.chat.models import chat_model, registered_models, split_model_name
from genloom.tools.chat.options import model_with_options
from genloom.tools.chat.reply import message_text, module_in_reply
from genloom.tools.chat.usage import usage_of

__all__ = [
    "chat_model",
    "message_text",
    "model_failure",
    "model_with_options",
    "module_in_reply",
    "registered_models",
    "split_model_name",
    "usage_of",
]
