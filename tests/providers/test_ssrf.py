"""The guard: hostile forms of addresses are refused, however they are written, and names are judged by where they lead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.providers.ssrf import Reach, Unreachable, check_url, judge, numeric, resolve

PRIVATE = Reach(private=True)

HOSTILE = [
    "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/",
    "http://017700000001/", "http://127.0.0.1./", "http://localhost/", "http://LOCALHOST./", "http://x.localhost/",
    "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:7f00:1]/",
    "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::a00:1]/", "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/", "http://[2001:0:4136:e378:8000:63bf:f5ff:fffe]/", "http://[fe80::1%25eth0]/",
    "http://[fc00::1]/", "http://[fd00:ec2::254]/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/",
    "http://169.254.169.254/latest/meta-data/", "http://0xa9fea9fe/", "http://2852039166/", "http://169.254.43518/",
    "http://metadata.google.internal/", "http://metadata/", "http://instance-data/", "http://100.100.100.200/",
    "http://168.63.129.16/", "http://192.0.0.192/", "http://100.64.0.1/", "http://0.0.0.0/", "http://0/", "http://255.255.255.255/",
    "http://224.0.0.1/", "http://[ff02::1]/", "http://192.0.2.1/", "http://198.18.0.1/", "http://printer.local/",
    "http://db.internal/", "http://[::ffff:0:7f00:1]/", "http://%31%32%37.0.0.1/", "http://\uff11\uff12\uff17.0.0.1/",
    "http://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3/",
]  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_forms_are_refused(url: str) -> None:
    with pytest.raises(Unreachable):
        check_url(url)


@pytest.mark.parametrize("url", [
    "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "unix:///run/docker.sock", "//example.com/",
    "example.com",
    "http://", "http:///path", "http://user:password@example.com/", "http://user@example.com/", "http://example.com@127.0.0.1/",
    "http://example.com:22/", "http://example.com:25/", "http://example.com:6379/", "http://example.com:0/",
    "http://example.com:99999/", "http://exa mple.com/", "http://example.com/\r\nx: y", "http://example.com\\@127.0.0.1/",
    "http://example.com/?q=1", "http://example.com/#f", "http://-x-/", "http://a..b/", "http://1.2.3.4.5/", "http://999.1.1.1/",
    "http://0x1ffffffff/", "http://" + "a" * 3000,
])  # fmt: skip
def test_what_is_no_address_of_a_web_service_is_refused(url: str) -> None:
    with pytest.raises(Unreachable):
        check_url(url)


@pytest.mark.parametrize("url", [
    "https://api.groq.com/openai/v1", "https://api.example.com:8443/v1", "http://8.8.8.8/", "https://[2606:4700::1111]/v1",
    "https://xn--bcher-kva.example/", "https://b\u00fccher.example/",
])  # fmt: skip
def test_public_addresses_pass(url: str) -> None:
    assert check_url(url).scheme in url


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:11434/v1", "http://localhost:1234", "http://10.1.2.3:8000/v1", "http://[fd12::1]:80"],
)
def test_private_addresses_pass_when_the_operator_says_so(url: str) -> None:
    assert check_url(url, PRIVATE).host in url


@pytest.mark.parametrize("url", [
    "http://169.254.169.254/", "http://[::ffff:169.254.169.254]/", "http://metadata.google.internal/", "http://0.0.0.0/",
    "http://[fd00:ec2::254]/", "http://224.0.0.1/", "http://[fe80::1]/", "http://100.100.100.200/", "http://127.0.0.1:22/",
])  # fmt: skip
def test_metadata_services_are_never_reached(url: str) -> None:
    with pytest.raises(Unreachable):
        check_url(url, PRIVATE)


@given(st.ip_addresses(v=4))
def test_every_writing_of_an_address_is_judged_alike(address: object) -> None:
    number = int(address)  # type: ignore[call-overload]
    verdicts = {
        _verdict(text)
        for text in (
            str(address),
            str(number),
            hex(number),
            f"0{number:o}",
            f"{number >> 24}.{number & 0xFFFFFF}",
        )
    }
    assert len(verdicts) == 1


def _verdict(host: str) -> str:
    try:
        found = numeric(host)
        assert found is not None
        judge(str(found))
    except Unreachable:
        return "refused"
    return "passed"


@given(st.ip_addresses(v=4))
def test_an_address_inside_of_another_is_judged_too(address: object) -> None:
    number = int(address)  # type: ignore[call-overload]
    if _verdict(str(address)) == "refused":
        for carrier in (
            f"::ffff:{address}",
            f"64:ff9b::{address}",
            f"2002:{number >> 16:x}:{number & 0xFFFF:x}::",
        ):
            with pytest.raises(Unreachable):
                judge(carrier)


@pytest.mark.pain(17)
async def test_a_name_is_judged_by_where_it_leads() -> None:
    """Pain 17: what a name leads to counts, not how it reads."""
    with pytest.raises(Unreachable):
        await resolve("localhost", 80)
    assert set(await resolve("localhost", 80, PRIVATE)) <= {"127.0.0.1", "::1"}


def test_a_zone_does_not_hide_an_address() -> None:
    with pytest.raises(Unreachable):
        judge("fe80::1%eth0")
    with pytest.raises(Unreachable):
        judge("not an address")
