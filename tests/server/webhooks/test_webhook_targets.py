"""Where webhooks may be sent to."""

import ipaddress
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genloom.errors import UsageError
from genloom.interfaces.server.webhooks.targets import Target, TargetPolicy, TargetRefusedError, is_public

PRIVATE = [
    "127.0.0.1",
    "127.8.9.1",
    "10.0.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2001:db8::1",
]


@pytest.mark.parametrize("number", PRIVATE)
def test_numbers_that_are_not_public_are_refused(number: str) -> None:
    written = f"[{number}]" if ":" in number else number
    with pytest.raises(TargetRefusedError, match="not public"):
        TargetPolicy().check_url(f"https://{written}/hook")
    target = Target(encrypted=True, host="rebinds.example.com", port=443)
    assert not TargetPolicy().usable(target, ipaddress.ip_address(number))


@pytest.mark.parametrize("number", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"])
def test_public_numbers_are_taken_by_https_alone(number: str) -> None:
    written = f"[{number}]" if ":" in number else number
    target = TargetPolicy().check_url(f"https://{written}/hook")
    assert target.port == 443
    assert TargetPolicy().usable(target, ipaddress.ip_address(number))
    with pytest.raises(TargetRefusedError, match="not https"):
        TargetPolicy().check_url(f"http://{written}/hook")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://example.com",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@example.com/",
        "https://example.com/#part",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://exa mple.com/",
        "https://example.com\r\nX: y/",
        "https://example.com\\@127.0.0.1/",
        "//example.com/",
        "https://exämple.com/",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(TargetRefusedError):
        TargetPolicy().check_url(url)


@pytest.mark.parametrize(
    "url", ["https://localhost/", "https://LOCALHOST./x", "https://db.internal/", "https://a.localhost/"]
)
def test_names_of_this_machine_are_refused_until_allowed(url: str) -> None:
    with pytest.raises(TargetRefusedError, match="name of this machine"):
        TargetPolicy().check_url(url)


def test_a_name_that_was_allowed_may_lead_anywhere_and_needs_no_encryption() -> None:
    policy = TargetPolicy(["Hooks.Internal."])
    target = policy.check_url("http://hooks.internal:9000/x")
    assert target == Target(encrypted=False, host="hooks.internal", port=9000)
    assert policy.usable(target, ipaddress.ip_address("10.1.2.3"))
    other = Target(encrypted=True, host="other.example.com", port=443)
    assert not policy.usable(other, ipaddress.ip_address("10.1.2.3"))


def test_a_network_that_was_allowed_is_judged_by_the_number_a_name_leads_to() -> None:
    policy = TargetPolicy(["10.0.0.0/8", "::1"])
    assert policy.usable(policy.check_url("http://10.2.3.4/"), ipaddress.ip_address("10.2.3.4"))
    named = policy.check_url("http://hooks.example.com/")
    assert policy.usable(named, ipaddress.ip_address("10.2.3.4"))
    assert not policy.usable(named, ipaddress.ip_address("127.0.0.1"))
    assert not policy.usable(named, ipaddress.ip_address("93.184.216.34"))  # public, but in the clear
    with pytest.raises(TargetRefusedError):
        policy.check_url("http://192.168.0.1/")


@pytest.mark.parametrize("entry", ["", "http://x", "a/b", "10.0.0.1/8", "a b", "u@h", "*.example.com"])
def test_an_entry_that_is_no_host_is_told(entry: str) -> None:
    with pytest.raises(UsageError, match="no host"):
        TargetPolicy([entry])


@given(st.ip_addresses(v=4))
def test_wrapping_an_address_changes_nothing(number: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{number}")
    translated = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(number))
    assert is_public(mapped) == is_public(translated) == is_public(number)


@given(st.text(max_size=60))
def test_whatever_is_given_is_judged_without_a_crash(text: str) -> None:
    for url in (text, f"https://{text}", f"http://{text}/x"):
        with suppress(TargetRefusedError):
            assert TargetPolicy().check_url(url).host
