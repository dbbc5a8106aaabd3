"""What secrets look like: one row for each issuer whose tokens can be told from their text.

The shapes are the issuers' documented ones. Every pattern is linear in the text: where a match can still fail after its
literal start, the part before the failure has a fixed bound.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

__all__ = ["PATTERNS", "SecretPattern", "compiled"]


@dataclass(frozen=True)
class SecretPattern:
    """A kind of secret. `starts` are literal texts, one of which stands in every match: without them the expression is
    not even compiled. The secret is group 1 where the expression has a group, else the whole match."""

    kind: str
    starts: tuple[str, ...]
    expression: str


PATTERNS: tuple[SecretPattern, ...] = (
    SecretPattern(
        "private-key",
        ("PRIVATE KEY",),
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:(?>(?:[A-Za-z0-9+/=\s\\\"',:.()-](?<!-----)){40,16384})-{0,5}END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"|(?>(?:\s|\\[nr]){0,8})[A-Za-z0-9+/=]{40}[A-Za-z0-9+/=\s\\]{0,16384}+)",
    ),
    SecretPattern("aws-access-key", ("AKIA", "ASIA"), r"(?<![A-Za-z0-9])A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])"),
    SecretPattern("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{36,255}"),
    SecretPattern("github-token", ("github_pat_",), r"github_pat_[A-Za-z0-9_]{50,255}"),
    SecretPattern(
        "gitlab-token",
        ("glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "glft-", "glsoat-", "glagent-", "gloas-"),
        r"gl(?:pat|ptt|dt|rt|cbt|ft|soat|agent|oas)-[A-Za-z0-9_.-]{20,255}",
    ),
    SecretPattern("genloom-key", ("gl_",), r"(?<![A-Za-z0-9])gl_[0-9a-z]{8}_[A-Za-z0-9_-]{43}"),
    SecretPattern("slack-token", ("xox",), r"xox[abeoprs][.-][A-Za-z0-9.-]{10,255}"),
    SecretPattern("slack-token", ("xapp-",), r"xapp-\d-[A-Za-z0-9-]{10,255}"),
    SecretPattern(
        "slack-webhook",
        ("hooks.slack.com",),
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9/_-]{20,255})",
    ),
    SecretPattern("anthropic-key", ("sk-ant-",), r"sk-ant-[A-Za-z0-9_-]{16,255}"),
    SecretPattern(
        "openai-key",
        ("sk-",),
        r"(?<![A-Za-z0-9])sk-(?:(?:proj|svcacct|admin|or-v1)-[A-Za-z0-9_-]{20,255}|[A-Za-z0-9]{32,255})",
    ),
    SecretPattern("google-key", ("AIza",), r"AIza[0-9A-Za-z_-]{35}"),
    SecretPattern("google-key", ("GOCSPX-",), r"GOCSPX-[A-Za-z0-9_-]{20,64}"),
    SecretPattern("google-key", ("ya29.",), r"ya29\.[A-Za-z0-9_-]{20,512}"),
    SecretPattern("stripe-key", ("k_live_", "k_test_"), r"(?<![A-Za-z0-9])[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}"),
    SecretPattern("stripe-key", ("whsec_",), r"whsec_[A-Za-z0-9+/=]{24,255}"),
    SecretPattern("npm-token", ("npm_",), r"npm_[A-Za-z0-9]{36,255}"),
    SecretPattern("pypi-token", ("pypi-AgE",), r"pypi-AgE[A-Za-z0-9_-]{50,1024}"),
    SecretPattern("huggingface-token", ("hf_",), r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,255}"),
    SecretPattern(
        "jwt",
        ("eyJ",),
        r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,1024}\.eyJ[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]{8,2048})?",
    ),
    SecretPattern("sendgrid-key", ("SG.",), r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_-]{20,24}\.[A-Za-z0-9_-]{39,50}"),
    SecretPattern("twilio-key", ("SK", "AC"), r"(?<![A-Za-z0-9])(?:SK|AC)[0-9a-f]{32}(?![A-Za-z0-9])"),
    SecretPattern("telegram-token", (":AA",), r"(?<![A-Za-z0-9])\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9])"),
    SecretPattern("digitalocean-token", ("_v1_",), r"do[opr]_v1_[a-f0-9]{64}"),
    SecretPattern("databricks-token", ("dapi",), r"(?<![A-Za-z0-9])dapi[a-f0-9]{32}"),
    SecretPattern("vault-token", ("hvs.", "hvb."), r"(?<![A-Za-z0-9])hv[sb]\.[A-Za-z0-9_-]{24,255}"),
    SecretPattern("shopify-token", ("shp",), r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    SecretPattern("groq-key", ("gsk_",), r"gsk_[A-Za-z0-9]{40,255}"),
    SecretPattern("xai-key", ("xai-",), r"(?<![A-Za-z0-9])xai-[A-Za-z0-9]{60,255}"),
    SecretPattern("replicate-token", ("r8_",), r"(?<![A-Za-z0-9])r8_[A-Za-z0-9]{37}"),
    SecretPattern("langsmith-key", ("lsv2_",), r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}"),
    SecretPattern("linear-key", ("lin_",), r"lin_(?:api|oauth)_[A-Za-z0-9]{32,255}"),
    SecretPattern("age-key", ("AGE-SECRET-KEY-",), r"AGE-SECRET-KEY-1[0-9A-Z]{50,64}"),
)


@cache
def compiled(pattern: SecretPattern) -> re.Pattern[str]:
    """Return the pattern's expression, compiled once."""
    return re.compile(pattern.expression, re.ASCII)
