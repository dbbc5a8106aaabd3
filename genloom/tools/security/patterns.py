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
    """A kind of secret. `starts` are literal texts, one of which stands in every match, in a run of at least 15 letters,
    digits and signs unless it has a space: without them the expression is not even compiled. The secret is group 1 where
    the expression has a group, else the whole match."""

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
    SecretPattern(
        "aws-access-key",
        ("AKIA", "ASIA", "ABIA", "ACCA"),
        r"(?<![A-Za-z0-9])A(?:KI|SI|BI|CC)A[A-Z2-7]{16}(?![A-Za-z0-9])",
    ),
    SecretPattern(
        "aws-bedrock-key",
        ("ABSK", "bedrock-api-key-"),
        r"(?:(?<![A-Za-z0-9])ABSK[A-Za-z0-9+/]{80}|bedrock-api-key-[A-Za-z0-9+/]{20})[A-Za-z0-9+/]{0,1024}={0,2}",
    ),
    SecretPattern("github-token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{36,255}"),
    SecretPattern("github-token", ("github_pat_",), r"github_pat_[A-Za-z0-9_]{50,255}"),
    SecretPattern(
        "gitlab-token",
        ("glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "glft-", "glsoat-", "glagent-", "gloas-", "glffct-", "glimt-"),
        r"gl(?:pat|ptt|dt|rt|cbt|ft|soat|agent|oas|ffct|imt)-[A-Za-z0-9_.-]{20,255}",
    ),
    SecretPattern("gitlab-token", ("GR1348941",), r"GR1348941[A-Za-z0-9_-]{20,64}"),
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
    SecretPattern(
        "stripe-key", ("k_live_", "k_test_", "k_prod_"), r"(?<![A-Za-z0-9])[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,255}"
    ),
    SecretPattern("stripe-key", ("whsec_",), r"whsec_[A-Za-z0-9+/=]{24,255}"),
    SecretPattern("npm-token", ("npm_",), r"npm_[A-Za-z0-9]{36,255}"),
    SecretPattern("pypi-token", ("pypi-AgE",), r"pypi-AgE[A-Za-z0-9_-]{50,1024}"),
    SecretPattern("huggingface-token", ("hf_",), r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,255}"),
    SecretPattern(
        "jwt",
        ("eyJ",),
        r"(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,1024}\.eyJ[A-Za-z0-9_-]{8,4096}(?:\.[A-Za-z0-9_-]{8,2048})?",
    ),
    SecretPattern("sendgrid-key", ("SG.",), r"(?<![A-Za-z0-9])SG\.[A-Za-z0-9_.=-]{60,80}"),
    SecretPattern("twilio-key", ("SK", "AC"), r"(?<![A-Za-z0-9])(?:SK|AC)[0-9a-fA-F]{32}(?![A-Za-z0-9])"),
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
    SecretPattern("onepassword-token", ("ops_eyJ",), r"ops_eyJ[A-Za-z0-9+/=_-]{64,2048}"),
    SecretPattern("airtable-token", ("pat",), r"(?<![A-Za-z0-9])pat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    SecretPattern("alibaba-key", ("LTAI",), r"(?<![A-Za-z0-9])LTAI[A-Za-z0-9]{16,26}(?![A-Za-z0-9])"),
    SecretPattern("artifactory-key", ("AKCp",), r"(?<![A-Za-z0-9])AKCp[A-Za-z0-9]{69,73}"),
    SecretPattern("atlassian-token", ("ATATT3",), r"ATATT3[A-Za-z0-9_=-]{100,512}"),
    SecretPattern(
        "azure-secret", ("Q~",), r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])"
    ),
    SecretPattern("docker-token", ("dckr_",), r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,255}"),
    SecretPattern("doppler-token", ("dp.",), r"(?<![A-Za-z0-9])dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,128}"),
    SecretPattern("dynatrace-token", ("dt0",), r"(?i:dt0[a-z]\d{2}\.[a-z0-9]{24}\.[a-z0-9]{64})"),
    SecretPattern("easypost-key", ("EZAK", "EZTK"), r"(?<![A-Za-z0-9])EZ[AT]K[A-Za-z0-9]{54}"),
    SecretPattern("facebook-token", ("EAA",), r"(?<![A-Za-z0-9])EAA[A-Za-z0-9]{60,512}(?![A-Za-z0-9+/=])"),
    SecretPattern(
        "fly-token",
        ("fo1_", "fm1", "fm2_"),
        r"(?<![A-Za-z0-9])(?:fo1_[A-Za-z0-9_-]{43}|fm(?:1[ar]|2)_[A-Za-z0-9+/]{100,1024}={0,3})",
    ),
    SecretPattern("grafana-token", ("glc_", "glsa_"), r"(?<![A-Za-z0-9])gl(?:c|sa)_[A-Za-z0-9+/_]{32,400}={0,3}"),
    SecretPattern("grafana-token", ("eyJrIjoi",), r"(?<![A-Za-z0-9])eyJrIjoi[A-Za-z0-9]{60,400}={0,3}"),
    SecretPattern("heroku-key", ("HRKU-",), r"HRKU-[A-Za-z0-9_-]{36,64}"),
    SecretPattern("mailgun-key", ("key-",), r"(?<![A-Za-z0-9])(?:pub)?key-[a-f0-9]{32}(?![A-Za-z0-9])"),
    SecretPattern("mailchimp-key", ("-us",), r"(?<![A-Za-z0-9])[a-f0-9]{32}-us\d{1,2}(?![A-Za-z0-9])"),
    SecretPattern("mapbox-token", ("k.eyJ",), r"(?<![A-Za-z0-9])[ps]k\.eyJ[A-Za-z0-9_-]{40,255}\.[A-Za-z0-9_-]{20,24}"),
    SecretPattern(
        "teams-webhook",
        ("webhook.office.com",),
        r"webhook\.office\.com/webhookb2/([A-Za-z0-9@-]{36,80}/IncomingWebhook/[A-Za-z0-9]{32}/[A-Za-z0-9-]{36})",
    ),
    SecretPattern(
        "discord-webhook", ("/api/webhooks/",), r"discord(?:app)?\.com/api/webhooks/\d{17,20}/([A-Za-z0-9_-]{60,80})"
    ),
    SecretPattern("netlify-token", ("nfp_",), r"(?<![A-Za-z0-9])nfp_[A-Za-z0-9]{36,64}"),
    SecretPattern(
        "newrelic-key", ("NRAK-", "NRII-", "NRJS-"), r"(?:NRAK-[A-Z0-9]{27}|NRII-[A-Za-z0-9-]{32}|NRJS-[a-f0-9]{19})"
    ),
    SecretPattern("notion-token", ("ntn_",), r"(?<![A-Za-z0-9])ntn_[A-Za-z0-9]{40,64}"),
    SecretPattern("octopus-key", ("API-",), r"(?<![A-Za-z0-9])API-[A-Z0-9]{26}(?![A-Za-z0-9])"),
    SecretPattern("openshift-token", ("sha256~",), r"sha256~[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"),
    SecretPattern("perplexity-key", ("pplx-",), r"(?<![A-Za-z0-9])pplx-[A-Za-z0-9]{48}"),
    SecretPattern("planetscale-token", ("pscale_",), r"(?i:pscale_(?:tkn|oauth|pw)_[a-z0-9_=.-]{32,64})"),
    SecretPattern("postman-key", ("PMAK-",), r"PMAK-[A-Fa-f0-9]{24}-[A-Fa-f0-9]{34}"),
    SecretPattern("pulumi-token", ("pul-",), r"(?<![A-Za-z0-9])pul-[a-f0-9]{40}"),
    SecretPattern("rubygems-key", ("rubygems_",), r"rubygems_[a-f0-9]{48}"),
    SecretPattern("sendinblue-key", ("xkeysib-",), r"xkeysib-[a-f0-9]{64}-[A-Za-z0-9]{16}"),
    SecretPattern("sentry-token", ("sntrys_", "sntryu_"), r"(?:sntrys_[A-Za-z0-9+/_=-]{60,512}|sntryu_[a-f0-9]{64})"),
    SecretPattern("shippo-token", ("shippo_",), r"shippo_(?:live|test)_[a-fA-F0-9]{40}"),
    SecretPattern("sonar-token", ("squ_", "sqp_", "sqa_"), r"(?<![A-Za-z0-9])sq[upa]_[A-Za-z0-9_=-]{40}"),
    SecretPattern(
        "sourcegraph-token", ("sgp_",), r"(?<![A-Za-z0-9])sgp_(?:(?:[a-fA-F0-9]{16}|local)_)?[a-fA-F0-9]{40}"
    ),
    SecretPattern(
        "square-token",
        ("EAAA", "sq0"),
        r"(?<![A-Za-z0-9])(?:EAAA[A-Za-z0-9_+=-]{22,60}|sq0[a-z]{3}-[A-Za-z0-9_=-]{22,60})(?![A-Za-z0-9+/=])",
    ),
    SecretPattern("terraform-token", (".atlasv1.",), r"[A-Za-z0-9]{14}\.(?i:atlasv1)\.[A-Za-z0-9_=-]{60,70}"),
    SecretPattern("typeform-token", ("tfp_",), r"(?<![A-Za-z0-9])tfp_[A-Za-z0-9_.=-]{59}"),
    SecretPattern("cloudflare-key", ("v1.0-",), r"(?<![A-Za-z0-9])v1\.0-[a-f0-9]{24}-[a-f0-9]{146}"),
    SecretPattern("prefect-key", ("pnu_",), r"(?<![A-Za-z0-9])pnu_[A-Za-z0-9]{36}"),
    SecretPattern("readme-key", ("rdme_",), r"rdme_[a-z0-9]{70}"),
    SecretPattern(
        "harness-key", ("pat.", "sat."), r"(?<![A-Za-z0-9])[ps]at\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}"
    ),
    SecretPattern("clojars-token", ("CLOJARS_",), r"CLOJARS_[A-Za-z0-9]{60}"),
    SecretPattern("definednet-key", ("dnkey-",), r"(?<![A-Za-z0-9])dnkey-[A-Za-z0-9=_-]{26}-[A-Za-z0-9=_-]{52}"),
    SecretPattern("dropbox-token", ("sl.",), r"(?<![A-Za-z0-9])sl\.(?:u\.)?[A-Za-z0-9_=-]{130,1400}"),
    SecretPattern("duffel-token", ("duffel_",), r"duffel_(?:test|live)_[A-Za-z0-9_=-]{43}"),
    SecretPattern("flutterwave-key", ("FLWSECK", "FLWPUBK"), r"FLW(?:SECK|PUBK)(?:_TEST)?-[A-Za-z0-9]{12,64}"),
    SecretPattern("frameio-token", ("fio-u-",), r"fio-u-[A-Za-z0-9_=-]{64}"),
    SecretPattern("infracost-key", ("ico-",), r"(?<![A-Za-z0-9])ico-[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
    SecretPattern("scalingo-token", ("tk-us-",), r"(?<![A-Za-z0-9])tk-us-[A-Za-z0-9_-]{48}"),
    SecretPattern("huggingface-token", ("api_org_",), r"(?<![A-Za-z0-9])api_org_[A-Za-z0-9]{34}"),
    SecretPattern(
        "onepassword-key", ("A3-",), r"(?<![A-Za-z0-9-])A3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,5}(?![A-Za-z0-9-])"
    ),
    SecretPattern("settlemint-token", ("sm_",), r"(?<![A-Za-z0-9])sm_[aps]at_[A-Za-z0-9]{16}"),
)


@cache
def compiled(pattern: SecretPattern) -> re.Pattern[str]:
    """Return the pattern's expression, compiled once."""
    return re.compile(pattern.expression, re.ASCII)
