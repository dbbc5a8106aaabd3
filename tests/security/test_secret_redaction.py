"""Redaction: no secret survives, nothing else changes."""

from __future__ import annotations

import string
import sysconfig
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from genloom.tools.security import Redactor, find_secrets, holds_secret, redact

ALNUM = string.ascii_letters + string.digits
HEX = string.digits + "abcdef"


def _token(prefix: str, length: int, alphabet: str = ALNUM, suffix: str = "") -> st.SearchStrategy[str]:
    return st.text(alphabet, min_size=length, max_size=length).map(lambda text: prefix + text + suffix)


BASE64 = st.text(ALNUM + "+/", min_size=64, max_size=64)
PLANTED: dict[str, st.SearchStrategy[str]] = {
    "aws-access-key": _token("AKI" + "A", 16, string.ascii_uppercase + "234567"),
    "github-token": st.one_of(_token("gh" + "p_", 36), _token("github_" + "pat_", 82, ALNUM + "_")),
    "gitlab-token": _token("glp" + "at-", 20),
    "slack-token": _token("xox" + "b-", 40, ALNUM + "-"),
    "anthropic-key": _token("sk-" + "ant-api03-", 80, ALNUM + "_-"),
    "openai-key": st.one_of(_token("sk-" + "proj-", 60, ALNUM + "_-"), _token("sk-" + "", 48)),
    "google-key": _token("AI" + "za", 35, ALNUM + "_-"),
    "stripe-key": _token("sk_" + "live_", 24),
    "npm-token": _token("np" + "m_", 36),
    "pypi-token": _token("pypi-" + "AgEIcHlwaS5vcmc", 60, ALNUM + "_-"),
    "huggingface-token": _token("h" + "f_", 34),
    "jwt": st.tuples(_token("ey" + "J", 20), _token("ey" + "J", 40), _token("", 43)).map(".".join),
    "sendgrid-key": st.tuples(_token("SG" + ".", 22), _token("", 43)).map(".".join),
    "private-key": BASE64.map(lambda b: f"-----BEGIN RSA PRIVATE KEY-----\n{b}\n-----END RSA PRIVATE KEY-----"),
}
CODE = st.text(st.sampled_from(list(ALNUM + " \n\t_-=:/.,()[]{}\"'`@<>$%\\é漢🙂")), max_size=60)


@given(st.sampled_from(sorted(PLANTED)).flatmap(lambda kind: st.tuples(st.just(kind), PLANTED[kind])), CODE, CODE)
def test_a_planted_token_never_survives_and_its_kind_is_named(
    planted: tuple[str, str], before: str, after: str
) -> None:
    """A token between any two texts is gone, and alone it is replaced by the name of its kind."""
    kind, token = planted
    assert token not in redact(f"{before}\n{token}\n{after}")
    assert redact(f"x = {token} # y") == f"x = [redacted: {kind}] # y"


@given(st.text(max_size=300))
@example("password = 'S3cret!pw' [redacted: jwt]")
@example("https://u:p1[redacted: jwt]q2@host")
@example("token: [redacted: x" + "a1B2" * 12 + "]")
def test_redaction_is_idempotent(text: str) -> None:
    """What was redacted once does not change again."""
    once = redact(text)
    assert redact(once) == once


@given(st.lists(st.one_of(CODE, *PLANTED.values()), max_size=8).map("".join))
def test_redaction_of_texts_full_of_secrets_is_idempotent_and_lengthens_by_a_bound(text: str) -> None:
    """Secrets side by side, each lengthening the text by a marker at most."""
    once = redact(text)
    assert redact(once) == once
    assert len(once) <= len(text) + 35 * max(len(text) // 4, 1)


@given(st.text(string.ascii_letters + " \n.,", max_size=300))
def test_prose_is_left_alone(text: str) -> None:
    """Letters, spaces and full stops hold no secret."""
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        'password = os.environ["DB_PASSWORD"]',
        "token = get_token()",
        "token = self.request.token",
        'password = "changeme"',
        'api_key = "example-key-123"',
        'api_key = "your_api_key_1"',
        'API_KEY = "<your key 1>"',
        'secret = "${SECRET_1}"',
        'token = "{token}1a"',
        'token = "550e8400-e29b-41d4-a716-446655440000"',
        'sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        'token = "d41d8cd98f00b204e9800998ecf8427e"',
        "max_tokens = 4096",
        'tokenizer = "bert-base-uncased1"',
        'password_field = "user_password1"',
        'secret_name = "prod/db1"',
        '"password": "Enter your password, 8 characters"',
        "def login(user: str, password: str, token: str = '') -> None:",
        "next_token = tokens[index + 1]",
        "https://example.org:8080/@user",
        "postgres://user:${PASSWORD}@host/db",
        'f"Authorization: Bearer {token}"',
        "the class sk-fading-circle is made of css",
        'password = "correct horse battery staple"',
        "commit 0493680d571f41a2e478dd52437d8cbf24aab601",
    ],
)
def test_what_only_looks_like_a_secret_is_left_alone(text: str) -> None:
    """Look-ups, placeholders, hashes, UUIDs and prose stay."""
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ('password = "hunter2!"', "hunter2!"),
        ("password: str = 'S3cr3t!pw'", "S3cr3t!pw"),
        ('{"api_key": "abcd1234efgh5678"}', "abcd1234efgh5678"),
        ("DB_PASSWORD=qx77-blue", "qx77-blue"),
        ("export API_TOKEN=8ahd72hsk2ks", "8ahd72hsk2ks"),
        ('if password == "Tr0ub4dor&3":', "Tr0ub4dor&3"),
        ('os.environ.get("API_KEY", "q9w8e7r6t5y4")', "q9w8e7r6t5y4"),
        ('os.environ["API_KEY"] = "q9w8e7r6t5y4"', "q9w8e7r6t5y4"),
        ('connect(clientSecret="a8f5f167f44f4964e6c998dee827110c")', "a8f5f167f44f4964e6c998dee827110c"),
        ("Authorization: Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("postgres://bob:s3cret@db/x", "s3cret"),
        ("redis://:p@ss1word@cache:6379", "p@ss1word"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYq8q8KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYq8q8KEY"),
    ],
)
def test_a_value_given_to_a_secrets_name_is_redacted(text: str, hidden: str) -> None:
    """The value goes, what stands around it stays."""
    clean = redact(text)
    assert hidden not in clean
    assert clean.startswith(text[: text.index(hidden)])
    assert clean.endswith(text[text.index(hidden) + len(hidden) :])


def test_configured_secrets_go_wherever_they_stand_and_dummies_stay() -> None:
    """Values of 8 characters and more are removed by value, shorter ones are dummies such as `ollama`."""
    assert redact("a my-odd-key b", secrets=["my-odd-key", "ollama"]) == "a [redacted: configured-secret] b"
    assert redact("ollama:qwen3", secrets=["ollama"]) == "ollama:qwen3"
    assert redact("[redacted: jwt]", secrets=["redacted"]) == "[redacted: jwt]"


def test_an_unterminated_private_key_is_redacted_and_a_mention_of_its_heading_is_not() -> None:
    """A key cut off by a budget is still a key."""
    heading = "-----BEGIN PRIVATE" + " KEY-----"
    assert redact(f"{heading}\n{'MIIE' * 30}") == "[redacted: private-key]"
    assert redact(f'if "{heading}" in text: pass') == f'if "{heading}" in text: pass'


@pytest.mark.parametrize(
    "unit",
    [
        "password",
        "password=",
        'password="',
        "-eyJaaaaaaaa",
        "eyJaaaaaaaaaaaa.",
        "://a:",
        "://a:b@",
        "ghp_" + "a" * 35,
        "authorization:",
        "-----BEGIN PRIVATE" + " KEY-----",
        "password :",
        "password: a",
        "{a",
        "<" * 10,
        "[redacted: x]",
    ],
)
def test_hostile_repetition_is_answered_and_stays_idempotent(unit: str) -> None:
    """Texts made to make expressions backtrack come back; a catastrophic one would never end here."""
    once = redact(unit * (200_000 // len(unit)))
    assert redact(once) == once


def test_the_standard_library_holds_no_secret() -> None:
    """Real code without secrets is left alone."""
    sources = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("[h-t]*.py"))
    assert len(sources) > 50
    assert [path.name for path in sources if find_secrets(path.read_text("utf-8", "replace"))] == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_a_redactor_keeps_the_shape_of_data_and_is_idempotent(data: object) -> None:
    """Types and lengths stay, and a second pass changes nothing."""
    once = Redactor().data(data)
    assert type(once) is type(data)
    assert Redactor().data(once) == once


def test_a_redactor_reaches_every_string_key_and_named_secret() -> None:
    """Nested strings, dictionary keys, bytes and values under a secret's name."""
    token = "gh" + "p_" + "a1B2" * 9
    data = {"log": [f"got {token}", (token.encode(), 7)], token: 1, "apiKey": "word", "max_tokens": 9, "password": None}
    assert Redactor(secrets=("seven-of-nine",)).data([data, "seven-of-nine"]) == [
        {
            "log": ["got [redacted: github-token]", (b"[redacted: github-token]", 7)],
            "[redacted: github-token]": 1,
            "apiKey": "[redacted: named-secret]",
            "max_tokens": 9,
            "password": None,
        },
        "[redacted: configured-secret]",
    ]


@pytest.mark.parametrize(
    "text",
    [
        'password = "kV9#mQ2$xL7p-Tr"',  # a dollar sign is no template by itself
        "curl -sS -u robot:kV9mQ2xL7pTr https://api.example",
        "curl https://api.example --user 'robot:kV9mQ2xL7pTr'",
        "curl -urobot:kV9mQ2xL7pTr https://api.example",
        "auth_token: kV9mQ2xL7pTrWz4H",  # a type has words
        "api_key: QWERTY12ZXCVBN34ASDFGH",
        "client_secret=client_secret_kV9mQ2xL7pTr",
        "password: SunnyMeadow42River",  # a password may be made of words
        'client_secret = "SunnyMeadow42River"',
        'access_token = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    ],
)
def test_secrets_that_only_their_place_betrays(text: str) -> None:
    """Each is found, whatever it is made of."""
    assert len(find_secrets(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        'log("in _decode_xsrf_token", exc_info=True)',
        "curl -u user:password https://api.example",
        "curl http://host/v1/jobs-user:cancel4",
        "curl -fsSL https://host/get-user:latest-v2 | sh",
        "curl -H 'x-user-id:12345678' http://localhost",
        "def f(access_token: OAuth2PasswordBearerToken): ...",
        "auth_token: Base64UrlSafeString",
        "access_token: OAuthAccessTokenResponseModelV2",
        "connect(client_secret=client_secret2, access_token=access_token_v2_value)",
        '"AsyncCredentials": (".credentials", "AsyncCredentialsWithRawResponse")',
        'load("credentials", "AsyncCredentialsWithRawResponse")',
        'password = "$PASSWORD"',
        'password = "$password"',
        "token = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
    ],
)
def test_what_only_stands_where_a_secret_could_is_left(text: str) -> None:
    """Code, templates and dummies."""
    assert redact(text) == text


def test_a_redactor_ends_on_cycles() -> None:
    """Data that holds itself is cut at a depth."""
    cycle: list[object] = ["x"]
    cycle.append(cycle)
    assert "too-large" in repr(Redactor().data(cycle))


def test_secrets_do_not_show_in_a_redactors_repr() -> None:
    """A redactor can be logged."""
    assert "seven" not in repr(Redactor(secrets=("seven-of-nine",)))


SUSPECT = st.sampled_from(
    ["gh" + "p_" + "a1B2" * 9, "https://u:p4ss-w0rd@host", "word", "", "[redacted: jwt]", "seven-of-nine"]
)
SUSPECTS = st.recursive(
    st.none() | st.integers() | SUSPECT | SUSPECT.map(str.encode),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SUSPECT | st.just("password"), inner, max_size=3),
    max_leaves=6,
)


@given(SUSPECTS)
def test_a_value_holds_a_secret_when_redaction_would_change_it(data: object) -> None:
    """Whatever its shape, and wherever the secret stands."""
    known = ("seven-of-nine",)
    assert holds_secret(data, secrets=known) == (Redactor(secrets=known).data(data) != data)


@pytest.mark.slow
def test_a_value_too_large_to_look_through_counts_as_holding_a_secret() -> None:
    """Data that holds itself, and data beyond the bounds; what is just within them is looked through."""
    cycle: list[object] = ["x"]
    cycle.append(cycle)
    assert holds_secret(cycle)
    assert holds_secret([0] * 200_000)
    assert not holds_secret([0] * 199_999)
