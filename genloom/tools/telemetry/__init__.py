"""Telemetry: traces of a run, only where the user's environment asks for them, and never with a secret in them."""

from __future__ import annotations

from genloom.tools.telemetry.langsmith_tracing import atracing, tracing

__all__ = ["atracing", "tracing"]
