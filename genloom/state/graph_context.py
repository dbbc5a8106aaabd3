"""Where and with what a graph works: the run's context, JSON-serialisable throughout."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Field, ValidationError

from genloom.config import Settings
from genloom.errors import RequestError
from genloom.state.capability import Capability
from genloom.state.draft import OwnGenerator
from genloom.state.invalid import problems_of
from genloom.state.part import StatePart, Text
from genloom.state.review_policy import ReviewPolicy

__all__ = ["FurtherChecks", "GraphContext"]

FurtherChecks = Literal["advisory", "required", "off"]
"""What checks beyond the caller's may do: be shown, also fail a draft, or not be made at all."""

GENERATORS: tuple[OwnGenerator, ...] = get_args(OwnGenerator)


class GraphContext(StatePart):
    """Names, paths, budgets and policies of one run. Live objects (clients, models, indexes) come from a registry,
    under the names given here. Everything has a default: an omitted context means a repository-less run by search."""

    repository: Annotated[str | None, Field(title="Repository", description="Folder whose code is the context")] = None
    python: Annotated[
        str | None,
        Field(
            title="Interpreter",
            description="Python that runs the checks; default: the repository's .venv, else this one",
        ),
    ] = None
    model: Annotated[
        str | None, Field(title="Model", description="`provider:model`, such as `openai:gpt-5`; default: GENLOOM_MODEL")
    ] = None
    reviewer_model: Annotated[
        str | None, Field(title="Reviewer model", description="Model that reviews; default: the model that writes")
    ] = None
    generators: Annotated[tuple[OwnGenerator, ...], Field(title="Generators", description="Tried in this order")] = (
        GENERATORS
    )
    search_seconds: Annotated[
        float, Field(gt=0, le=300, title="Search time", description="Wall seconds of a search")
    ] = 5.0
    search_megabytes: Annotated[int, Field(ge=64, le=65536, title="Search memory", description="Megabytes")] = 512
    search_cores: Annotated[
        int, Field(ge=0, le=64, title="Search cores", description="Processes of a search; 0: one for each core")
    ] = 1
    check_seconds: Annotated[
        float, Field(gt=0, le=600, title="Check time", description="Wall seconds of a verification")
    ] = 30.0
    further_checks: Annotated[
        FurtherChecks,
        Field(
            title="Further checks", description="Whether checks derived from type hints and examples decide anything"
        ),
    ] = "advisory"
    hold_back: Annotated[
        bool,
        Field(title="Hold back", description="Whether some of four or more examples are kept from a model, as proof"),
    ] = True
    one_call: Annotated[
        bool,
        Field(
            title="One call a draft",
            description="No model reviews unless one is named, and a model's own checks are the doctests that it writes",
        ),
    ] = False
    max_attempts: Annotated[int, Field(ge=1, le=20, title="Attempts", description="Drafts made before giving up")] = 3
    context_tokens: Annotated[int, Field(ge=0, le=1_000_000, title="Context budget", description="Tokens")] = 6000
    agent_backend: Annotated[
        str | None, Field(title="Agent backend", description="Name of the configured Codegen backend")
    ] = None
    allow_fallback: Annotated[bool, Field(title="Allow fallback", description="May dispatch a (paid) agent")] = False
    agent_seconds: Annotated[
        float, Field(gt=0, le=7200, title="Agent time", description="Wall seconds for an agent's run")
    ] = 1800.0
    approval: Annotated[bool, Field(title="Approval", description="A person approves before the run is final")] = False
    accept_unverified: Annotated[
        bool, Field(title="Accept unverified", description="Accept code that nothing failed and nothing proves")
    ] = False
    granted: Annotated[
        tuple[Capability, ...], Field(title="Capabilities", description="What the code may do without a finding")
    ] = ()
    policy: Annotated[
        ReviewPolicy,
        Field(
            title="Review policy", description="What code may import, call and carry; a repository's own tightens it"
        ),
    ] = ReviewPolicy()
    allow_weak_sandbox: Annotated[
        bool, Field(title="Weak sandbox", description="Check with resource limits alone, which is not a sandbox")
    ] = False
    plugins: Annotated[
        tuple[str, ...] | None,
        Field(title="Plugins", description="Names of the plugins that take part; default: all that are installed"),
    ] = None
    prompts: Annotated[
        Mapping[str, Text],
        Field(
            max_length=64,
            title="Prompts",
            description="Templates in place of shipped ones, by name, with the same `{{ placeholders }}`",
        ),
    ] = {}
    organisation: Annotated[
        int | None, Field(ge=0, title="Organisation", description="Owner of every stored key; default: 1")
    ] = None

    if not TYPE_CHECKING:  # type checkers know the fields

        def __init__(self, **given):
            """LangGraph makes the context of a mapping so. Raises `RequestError` that names the field which is wrong."""
            try:
                super().__init__(**given)
            except ValidationError as error:
                raise _refused(error) from None

    def resolved(self, settings: Settings) -> tuple[Settings, GraphContext]:
        """Return settings and context that agree: what the context leaves open is taken from the environment, and its
        organisation owns what is stored. Explicit > environment > default. The repository's path is absolute then, so that
        who goes on with the run in another folder finds it again."""
        organisation = settings.organisation if self.organisation is None else self.organisation
        completed = self.model_copy(
            update={
                "repository": None if self.repository is None else _absolute(self.repository),
                "model": self.model or settings.model,
                "reviewer_model": self.reviewer_model or settings.reviewer_model,
                "python": self.python or settings.python,
                "agent_backend": self.agent_backend or settings.agent_backend,
                "organisation": organisation,
            }
        )
        return replace(settings, organisation=organisation), completed


def _refused(error: ValidationError) -> RequestError:
    return RequestError(
        f"The run's context cannot be used: {problems_of(error)}",
        hint="genloom.state.GraphContext says what its fields may be.",
    )


def _absolute(path: str) -> str:
    """Return the path from the root on, `~` replaced; links and `..` stay as they are."""
    return str(Path(os.path.expanduser(path)).absolute())  # noqa: PTH111 - Path's own raises for an unknown user
