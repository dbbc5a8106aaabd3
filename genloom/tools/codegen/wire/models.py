"""The models that runs can name: an addition of the unconfirmed document of 2026-02."""

from __future__ import annotations

from genloom.tools.codegen.wire.shape import WireModel

__all__ = ["ModelOption", "ModelsResponse", "ProviderModels"]


class ModelOption(WireModel):
    """`value` is what a run names, `label` what people read."""

    label: str
    value: str


class ProviderModels(WireModel):
    """The models of one provider."""

    name: str
    models: tuple[ModelOption, ...]


class ModelsResponse(WireModel):
    """All models, and the one that a run gets that names none."""

    providers: tuple[ProviderModels, ...]
    default_model: str
