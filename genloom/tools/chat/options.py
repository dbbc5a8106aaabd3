"""Chat models by name with options of their own, such as a temperature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from genloom.errors import GraphDefinitionError
from genloom.tools.chat.models import initialised

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["model_with_options"]


def model_with_options(
    name: str,
    provider: str | None,
    options: Mapping[str, Any],  # Any: whatever the provider's class takes
) -> BaseChatModel:
    """Return the chat model of that name with these options.

    Raises `GraphDefinitionError` for an option that its class does not know, `ModelNameError` and `CredentialError` as
    `chat_model` does.
    """
    called = f"{provider}:{name}" if provider else name
    made = initialised(called, provider, name, options)
    fields = type(made).model_fields
    unknown = sorted(set(options) - set(fields) - {field.alias for field in fields.values()})
    if unknown:
        raise GraphDefinitionError(
            f"Neither an agent nor {called} knows {', '.join(unknown)}.",
            hint="An agent takes approval, memory, config and additional_tools; a model options such as temperature.",
        )
    return made
