"""Organisations."""

from __future__ import annotations

from genloom.tools.codegen.wire.page import Page
from genloom.tools.codegen.wire.shape import WireModel, promised

__all__ = ["OrganizationPage", "OrganizationResponse", "OrganizationSettings"]


class OrganizationSettings(WireModel):
    """What an organisation lets the agent do."""

    enable_pr_creation: bool = True
    enable_rules_detection: bool = True


class OrganizationResponse(WireModel):
    """An organisation that the token's owner belongs to."""

    id: int
    name: str = promised("")
    settings: OrganizationSettings = promised(OrganizationSettings())


class OrganizationPage(Page[OrganizationResponse]):
    """One page of organisations."""
