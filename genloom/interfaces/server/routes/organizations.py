"""Organisations, their rules, and the models that this server offers them."""

from __future__ import annotations

from itertools import groupby

from fastapi import APIRouter, Response

from genloom.interfaces.server.errors import ApiError
from genloom.interfaces.server.routes.access import Owner, Server, Viewer
from genloom.interfaces.server.routes.answers import Asked, paged, shown
from genloom.interfaces.server.routes.documented import ADDITION, errors
from genloom.interfaces.server.security.principal import Principal
from genloom.interfaces.server.serving import Serving
from genloom.interfaces.server.storage import OrganizationRecord
from genloom.tools.codegen.wire import (
    CLIRulesResponse,
    ModelOption,
    ModelsResponse,
    OrganizationPage,
    OrganizationResponse,
    OrganizationSettings,
    PermissionsErrorResponse,
    ProviderModels,
)

__all__ = ["router"]

router = APIRouter(prefix="/v1/organizations")

RULES = "rules"
"""The setting that holds an organisation's rules, a text."""


@router.get("", response_model=OrganizationPage, responses=errors(), tags=["organizations"])
async def list_organizations(server: Server, principal: Owner, window: Asked) -> Response:
    """Return a page of the organisations of the key: a key belongs to one."""
    mine = await _own(server, principal)
    settings = OrganizationSettings(enable_pr_creation=False, enable_rules_detection=False)
    told = OrganizationResponse(id=mine.id, name=mine.name, settings=settings)
    return paged(OrganizationPage, [told][window.skip :], 1, window)


@router.get("/{org_id}/cli/rules", response_model=CLIRulesResponse, responses=errors(), tags=["cli-rules"])
async def get_rules(server: Server, principal: Viewer) -> Response:
    """Return the organisation's rules; users have no prompts of their own here."""
    rules = (await _own(server, principal)).settings.get(RULES)
    return shown(CLIRulesResponse(organization_rules=rules, user_custom_prompt=None))


@router.get("/{org_id}/models", response_model=ModelsResponse, responses=errors(), tags=["models", ADDITION])
async def get_models(server: Server, principal: Viewer) -> Response:
    """Return the models that runs may name, by provider; without a model runs search, and none can be named."""
    options = [(*_split(name), name) for name in server.settings.offered_models]
    providers = tuple(
        ProviderModels(name=provider, models=tuple(ModelOption(label=label, value=value) for _, label, value in group))
        for provider, group in groupby(sorted(options), key=lambda option: option[0])
    )
    return shown(ModelsResponse(providers=providers, default_model=server.settings.model or ""))


async def _own(server: Serving, principal: Principal) -> OrganizationRecord:
    found = await server.storage.organizations.get(principal.organization_id)
    if found is None:
        raise ApiError(403, PermissionsErrorResponse())
    return found


def _split(name: str) -> tuple[str, str]:
    provider, colon, label = name.partition(":")
    return (provider, label) if colon and label else ("default", name)
