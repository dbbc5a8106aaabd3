"""Secrets that only their surroundings betray: `password = "…"`, `API_KEY=…`, `Authorization: Bearer …`, URL passwords.

A value counts when its name says that it is secret and its text could not be a word, a placeholder or a piece of code.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

__all__ = ["assigned_secrets", "is_placeholder", "is_secret_name", "url_passwords"]

STRONG_NAMES = (
    r"password|passwd|passphrase|(?<![a-z])pwd|secret(?:[_-]?(?:access[_-]?)?key)?|(?:api|access|account|private|signing|"
    r"encryption|master|auth)[_-]?key|client[_-]?secret|(?:access|api|auth|bot|refresh)[_-]?token|connection[_-]?string"
)
WEAK_NAMES = r"token|credentials?|bearer"

_NAME = re.compile(
    rf"(?:(?P<strong>{STRONG_NAMES})|(?P<weak>{WEAK_NAMES}))(?:[_-]?\d{{1,2}})?(?![A-Za-z0-9_])",
    re.ASCII | re.IGNORECASE,
)
_SEED = re.compile("pass|pwd|secret|key|token|credential|bearer|connection")
"""What every name for a secret holds."""
BEFORE_SEED = 16
AFTER_SEED = 32
_WHOLE_NAME = re.compile(rf"(?:{STRONG_NAMES}|{WEAK_NAMES})(?:[_-]?\d{{1,2}})?\Z", re.ASCII | re.IGNORECASE)
_ASSIGNS = re.compile(
    r"""["']?\]?(?:"""
    r"\s{0,4}:\s{0,4}[A-Za-z_][\w.\[\]| ]{0,40}=(?!=)"  # an annotated assignment
    r"|\s{0,8}(?::=|=>|==|!=|=|:)"
    r"|(?<=[\"']),"  # getenv("NAME", "value")
    r")[^\S\n]{0,8}",
    re.ASCII,
)
_QUOTED = re.compile(r"""(?:[bBrRuU]{0,2}(?P<q>["'])(?P<value>(?>(?:\\.|(?!(?P=q))[^\\\n]){4,1024}))(?P=q))""")
_BARE = re.compile(r"""[^\s"'`,;(){}\[\]<>\\]{6,512}+(?=[\s"'`,;)}\]<>\\]|\Z)""")
_ENVIRONMENT_LINE = re.compile(r"(?:\A|\n)[ \t]{0,8}(?:export |set |- )?[A-Z][A-Z0-9_]{0,64}\Z")
_HEADER = re.compile(
    r"authorization[\"']?\s{0,4}[:=,]\s{0,4}[bf]?[\"']?(?:bearer|basic|token)\s{1,4}([A-Za-z0-9+/=._~-]{8,4096})",
    re.ASCII | re.IGNORECASE,
)
_URL = re.compile(r"""://[^\s/:@"'<>`]{0,256}+:([^\s/"'<>`]{1,256})@""")

_CURL = re.compile(
    r"""(?<!\w)curl(?=\s)[^\n]{0,200}?\s-(?:u[ ]{0,2}|-user[ =]{1,2})["']?[^\s:"'/]{1,64}:([^\s"'/]{4,128})"""
)

_PLACEHOLDER = re.compile(
    r"""\{[A-Za-z_]\w*[^}]{0,64}\}|\$\{|(?-i:\$[A-Z_]{2})|\A\$[A-Za-z_]\w*\Z|\$\(|%\(|%s|<[^>]{0,64}>|\{\{|\*{3}|\.{3}|x{4}|
    change[-_ ]?(?:me|this|it)|example|placeholder|dummy|sample|fake|mock|replace|your[-_ ]?|insert|redacted|
    secret[-_ ]?here|to[-_]?be[-_]?|not[-_ ]?a[-_ ]?real|do[-_]?not[-_]?use|foo[-_]?bar""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_PLAIN_WORDS = re.compile(
    r"(?>(?:test|pass(?:word)?|secret|token|key|admin|root|user|guest|none|null|true|false|undefined|nil|empty|string|my|the|some|value|"
    r"default|invalid|wrong|bad|good|correct|old|new|abc|xyz|foo|bar|baz|qwerty|[-_. ]|\d{1,4}(?!\d))+)\Z",
    re.ASCII | re.IGNORECASE,
)
_CODE = re.compile(r"[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)+\Z|/|\.{1,2}/|[A-Za-z]:\\|https?://", re.ASCII)
_TYPE = re.compile(r"[A-Z]{0,5}\d{0,2}(?:[A-Z][a-z]{2,}\d{0,3}|V\d){2,}\Z", re.ASCII)
"""Words in camel case: `OAuth2PasswordBearerToken`."""
_PART_OF_NAME = re.compile(r"[a-z_]*(?:\d{1,2}[a-z_]*)?\Z", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z", re.ASCII | re.IGNORECASE)
_HASH = re.compile(
    r"(?:[a-z0-9]{2,8}[:-])?(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})\Z", re.ASCII | re.IGNORECASE
)

LEAST_ENTROPY = {"quoted": 2.5, "environment": 2.3, "bare": 3.0}
LEAST_LENGTH = {"quoted": 6, "environment": 6, "bare": 12}


def assigned_secrets(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, kind) of each value that is given to a secret's name, and of each authorization header's."""
    for name in _names(text):
        sign = _ASSIGNS.match(text, name.end())
        if sign:
            value = _value(text, name.start(), sign.end(), quoted=sign.group().rstrip().endswith(","))
            if value and _is_secret(text[value[0] : value[1]], value[2], strong=name["strong"] is not None):
                kind = _kind(name.group())
                if kind == "password" or not _is_code(text[value[0] : value[1]], value[2], name.group(), sign.group()):
                    yield value[0], value[1], kind
    for header in _HEADER.finditer(text):
        if not is_placeholder(header[1]):
            yield *header.span(1), "authorization"


def _names(text: str) -> Iterator[re.Match[str]]:
    """Yield the names for secrets. Plain literals are sought first, ten times as fast as the expression: it then runs only
    in windows around them."""
    lowered = text.lower()
    same_places = len(lowered) == len(text)  # a few letters become two in lower case
    windows: list[list[int]] = []
    for seed in _SEED.finditer(lowered) if same_places else re.finditer(_SEED.pattern, text, re.IGNORECASE):
        start, end = max(seed.start() - BEFORE_SEED, 0), seed.end() + AFTER_SEED
        if windows and start <= windows[-1][1]:
            windows[-1][1] = end
        else:
            windows.append([start, end])
    for start, end in windows:
        yield from _NAME.finditer(text, start, end)


def url_passwords(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, kind) of each password inside a URL, or that `curl -u` sends to one."""
    for found in (*_URL.finditer(text), *_CURL.finditer(text)):
        if not is_placeholder(found[1]):
            yield *found.span(1), "url-password"


def is_secret_name(name: str) -> bool:
    """Whether a key of this name holds a secret: it ends in one of the names for secrets (`db_password`, `apiKey`)."""
    return _WHOLE_NAME.search(name[-64:]) is not None


def is_placeholder(value: str) -> bool:
    """Whether a value stands for a secret instead of being one: a template, a plain word, one character repeated."""
    return bool(_PLACEHOLDER.search(value) or _PLAIN_WORDS.match(value)) or len(set(value)) <= 2


def _value(text: str, name_start: int, start: int, *, quoted: bool) -> tuple[int, int, str] | None:
    """Return (start, end, form) of the value that begins at `start`; form says how it is written; with
    `quoted` one without quotes is none."""
    in_quotes = _QUOTED.match(text, start)
    if in_quotes:
        return *in_quotes.span("value"), "quoted"
    bare = None if quoted else _BARE.match(text, start)
    if not bare:
        return None
    line = text[max(0, name_start - 100) : start].rstrip()
    environment = line.endswith("=") and text[start - 1] == "=" and _ENVIRONMENT_LINE.search(line[:-1])
    return *bare.span(), "environment" if environment else "bare"


def _is_secret(value: str, form: str, *, strong: bool) -> bool:
    if len(value) < LEAST_LENGTH[form] or is_placeholder(value) or _CODE.match(value):
        return False
    if not strong and (_UUID.match(value) or _HASH.match(value)):
        return False
    return _is_mixed(value) and _entropy(value) >= LEAST_ENTROPY[form]


def _is_code(value: str, form: str, name: str, sign: str) -> bool:
    """Whether a value is a name of the code, as no machine makes secrets: one without quotes that holds the name that it is
    given to (`client_secret=client_secret2`), or a type where one may stand."""
    if form == "bare" and "_" in value and name in value and _PART_OF_NAME.match(value.replace(name, "", 1)):
        return True
    types_stand = sign.strip() in (":", "==", "!=") if form == "bare" else sign.rstrip().endswith(",")
    return form != "environment" and types_stand and _TYPE.match(value) is not None


def _is_mixed(value: str) -> bool:
    """Whether it is no identifier, phrase or number: letters with digits or symbols, or a long text of both cases."""
    if any(character.isspace() for character in value):
        return False
    letters = any(character.isalpha() for character in value)
    digits = any(character.isdigit() for character in value)
    symbols = any(not character.isalnum() and character not in "-_.:/" for character in value)
    if letters and (digits or symbols):
        return True
    return len(value) >= 20 and value != value.lower() and value != value.upper() and _entropy(value) >= 4.0


def _entropy(value: str) -> float:
    """Shannon's entropy of the characters, in bits per character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def _kind(name: str) -> str:
    lowered = name.lower()
    if lowered.startswith(("pass", "pwd")):
        return "password"
    return (
        "token"
        if lowered.startswith("bearer") or "token" in lowered
        else "key"
        if lowered.endswith("key")
        else "secret"
    )
