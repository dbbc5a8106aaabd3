"""Forbidding calls of real models."""

from genloom.testing.real_models.forbidding import RealModelError, forbid_real_models

__all__ = ["RealModelError", "forbid_real_models"]
