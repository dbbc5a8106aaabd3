"""Security of what goes into prompts, events, traces and caches: redaction of secrets, delimiting of retrieved text."""

from genloom.tools.security.delimiting import delimit
from genloom.tools.security.detection import SecretSpan, find_secrets
from genloom.tools.security.redaction import Redactor, holds_secret, redact

__all__ = ["Redactor", "SecretSpan", "delimit", "find_secrets", "holds_secret", "redact"]
