"""Security of what goes into prompts, events, traces and caches: secrets are redacted, hidden text is blocked, and
retrieved text is labelled and delimited."""

from genloom.tools.security.delimiting import delimit
from genloom.tools.security.detection import SecretSpan, find_secrets
from genloom.tools.security.findings import Finding, Screened
from genloom.tools.security.presenting import clean, present
from genloom.tools.security.redaction import Redactor, holds_secret, redact
from genloom.tools.security.screening import screen

__all__ = [
    "Finding",
    "Redactor",
    "Screened",
    "SecretSpan",
    "clean",
    "delimit",
    "find_secrets",
    "holds_secret",
    "present",
    "redact",
    "screen",
]
