"""Host and Origin: what is parsed, which names are known, which pages may call."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.interfaces.server.admission.hosts import Hosts, parse_host

HOSTS = Hosts(("0.0.0.0", "Api.Example.org", "::", "192.0.2.7", "2001:db8::1"))
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,20}(\.[A-Za-z0-9-]{1,20}){0,3}", fullmatch=True)


@given(NAMES, st.none() | st.integers(0, 65535))
def test_a_name_and_a_port_are_read_back(name: str, port: int | None) -> None:
    """Whatever the case, with and without a port."""
    assert parse_host(name if port is None else f"{name}:{port}") == (name.lower(), port)


@given(st.ip_addresses(v=6), st.none() | st.integers(0, 65535))
def test_an_address_of_version_six_is_read_in_its_one_form(address: ipaddress.IPv6Address, port: int | None) -> None:
    """However it is written, it compares equal."""
    text = f"[{address.exploded.upper()}]" + ("" if port is None else f":{port}")
    assert parse_host(text) == (str(address), port)


@given(st.text(max_size=60))
def test_no_text_makes_the_parser_fail(text: str) -> None:
    """It returns a plain name or nothing."""
    found = parse_host(text)
    assert found is None or (found[0] and not set(found[0]) & set("/@\\ \t\r\n#?%[]"))


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1:9", "127.9.9.9", "[::1]:7", "api.example.org.", "[2001:DB8:0::1]"]
)
def test_own_names_pass(host: str) -> None:
    """Loopback's names and the operator's, with any port."""
    assert HOSTS.refusal([host], [], "http") is None


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        ([], 400),
        (["localhost", "localhost"], 400),
        ([""], 400),
        (["localhost:99999"], 400),
        (["user@localhost"], 400),
        (["localhost/.."], 400),
        (["evil.example"], 421),
        (["localhost.evil.example"], 421),
        (["127.0.0.1.evil.example"], 421),
        (["0.0.0.0"], 421),
        (["[::]"], 421),
        (["192.0.2.8"], 421),
        (["2130706433"], 421),
    ],
)
def test_other_names_are_refused(hosts: list[str], status: int) -> None:
    """Also those that end or begin like one of ours: a page can point its own name at loopback."""
    refusal = HOSTS.refusal(hosts, [], "http")
    assert refusal is not None
    assert refusal.status == status


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8787", "http://localhost:8787"),
        ("localhost", "http://localhost:80"),
        ("api.example.org", "https://api.example.org"),
        ("[::1]:8787", "http://[::1]:8787"),
    ],
)
def test_the_servers_own_pages_may_call(host: str, origin: str) -> None:
    """Same name and port; https too, since a proxy may end TLS."""
    assert HOSTS.refusal([host], [origin], "http") is None


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://localhost:3000",
        "http://localhost",
        "http://127.0.0.1:8787",
        "https://evil.example",
        "http://localhost:8787.evil.example",
        "http://localhost:8787/",
        "http://user@localhost:8787",
        "http://[",
        "file://localhost:8787",
        "HTTP://localhost:8787 ",
    ],
)
def test_other_origins_may_not(origin: str) -> None:
    """Another port of this machine is another origin."""
    refusal = HOSTS.refusal(["localhost:8787"], [origin], "http")
    assert refusal is not None
    assert refusal.status == 403


def test_two_origins_are_refused() -> None:
    """Even where each would pass."""
    own = "http://localhost:8787"
    refusal = HOSTS.refusal(["localhost:8787"], [own, own], "http")
    assert refusal is not None
    assert refusal.status == 403


@given(st.text(max_size=40))
def test_no_origin_makes_the_check_fail(origin: str) -> None:
    """Whatever stands there is the server's own origin or refused."""
    refusal = HOSTS.refusal(["localhost:8787"], [origin], "http")
    assert (refusal is None) == (origin in ("http://localhost:8787", "https://localhost:8787"))
