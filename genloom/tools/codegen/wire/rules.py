"""The rules that an organisation and a user give their agents."""

from __future__ import annotations

from genloom.tools.codegen.wire.shape import WireModel

__all__ = ["CLIRulesResponse"]


class CLIRulesResponse(WireModel):
    """Free text, as it is put before the agent."""

    organization_rules: str | None
    user_custom_prompt: str | None
