"""An agent's type: its name, prompt, tools, backend, model and policy, as code or as a table of a TOML file."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from genloom.state.part import StatePart, Text

__all__ = ["AgentPolicy", "AgentSpec"]

MAX_PROMPT = 100_000
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,50}\Z")


def _demand_name(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError("an agent's name is a letter, then up to 50 letters, digits, `_` or `-`")
    return name


class AgentPolicy(StatePart):
    """What an agent may do unasked, and for how long.

    With `approval` a tool that changes something waits for a person. `turns` bounds the model's answers in one run, `tries`
    the calls of the model's server for one answer, `tool_seconds` one call of a tool, `run_seconds` a run of a Codegen
    agent.
    """

    approval: bool = True
    turns: Annotated[int, Field(ge=1, le=1_000)] = 60
    tries: Annotated[int, Field(ge=1, le=20)] = 4
    tool_seconds: Annotated[float, Field(gt=0, le=7_200)] = 600.0
    run_seconds: Annotated[float, Field(gt=0, le=7_200)] = 1_800.0


class AgentSpec(StatePart):
    """An agent's type.

    `description` says to a supervisor what the agent is for. The system prompt is given as text, or as a file beside the
    one that holds the spec (`prompt_file`). `tools` are names of tools or of sets of them. The backend `codegen` is a
    Codegen agent, whose runs may cost; it has tools and a model of its own.
    """

    name: Annotated[str, AfterValidator(_demand_name)]
    description: Annotated[Text, Field(max_length=2_000)] = ""
    system_prompt: Annotated[Text, Field(max_length=MAX_PROMPT)] = ""
    prompt_file: str | None = None
    tools: tuple[str, ...] = ()
    backend: Literal["model", "codegen"] = "model"
    model: str | None = None
    policy: AgentPolicy = AgentPolicy()

    @model_validator(mode="after")
    def _demand_one_meaning(self) -> AgentSpec:
        if self.system_prompt and self.prompt_file:
            raise ValueError("give system_prompt or prompt_file, not both")
        if self.backend == "codegen" and (self.tools or self.model):
            raise ValueError("a Codegen agent has tools and a model of its own: give neither")
        return self
