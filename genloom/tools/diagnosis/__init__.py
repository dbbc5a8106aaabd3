"""Diagnosis: what is configured, reachable and missing, and how to fix it."""

from genloom.tools.diagnosis.diagnosis import Diagnosis, DiagnosisState
from genloom.tools.diagnosis.examination import examine, is_able

__all__ = ["Diagnosis", "DiagnosisState", "examine", "is_able"]
