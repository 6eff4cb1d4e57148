"""Whose address is written down and slowed down: a proxy of ours is believed, nobody else."""

from ipaddress import ip_network

import pytest

from quarterdeck.gateway.caller_address import Caller, caller

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("127.0.0.1"), ip_network("fd00::/8"))
PROXY = "10.0.0.1"


def address(*headers: tuple[str, str], peer: str = PROXY) -> str:
    return caller(peer, "http", [(name.encode(), value.encode()) for name, value in headers], TRUSTED).address


@pytest.mark.parametrize(
    ("said", "is_"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7, 10.2.0.4,127.0.0.1", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("[2001:db8::7]:51234", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("10.9.9.9, 10.2.0.4", "10.9.9.9"),
    ],
)
def test_behind_our_proxy_the_caller_is_the_rightmost_who_is_none_of_ours(said: str, is_: str) -> None:
    assert address(("x-forwarded-for", said)) == is_


def test_an_entry_that_is_no_address_ends_the_walk_at_the_last_one_known() -> None:
    for said in (
        "203.0.113.7, unknown",
        "203.0.113.7, ",
        "203.0.113.7, 10.1.1.1.1",
        "1.2.3.4:x",
        "[::1",
        "fe80::1%eth0",
    ):
        assert address(("x-forwarded-for", said)) == PROXY
    assert address(("x-forwarded-for", "203.0.113.7, <script>, 10.2.0.4")) == "10.2.0.4"


def test_who_is_no_proxy_of_ours_may_say_what_it_likes() -> None:
    said = [(b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-proto", b"https"), (b"forwarded", b"for=203.0.113.7")]
    for peer in ("198.51.100.4", "::1", "fe80::1%eth0"):
        assert caller(peer, "http", said, TRUSTED) == Caller(peer, "http")
        assert caller(peer, "http", said, ()) == Caller(peer, "http")


def test_headers_in_several_lines_are_one_list() -> None:
    assert address(("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.7")) == "203.0.113.7"


@pytest.mark.parametrize(
    ("said", "is_"),
    [
        ("for=203.0.113.7", "203.0.113.7"),
        ('For="[2001:db8::7]:4711";proto=https;by=10.0.0.1', "2001:db8::7"),
        ('for=6.6.6.6;ext="a, for=6.6.6.6", for="203.0.113.7:80", for=10.2.0.4', "203.0.113.7"),
        ("for=203.0.113.7, for=_hidden", PROXY),
        ("for=203.0.113.7, proto=https", PROXY),
        ("for=203.0.113.7;for=6.6.6.6", PROXY),
    ],
)
def test_the_standard_header_says_the_same(said: str, is_: str) -> None:
    assert address(("forwarded", said)) == is_


def test_an_open_quotation_mark_does_not_hide_what_our_proxy_appended() -> None:
    assert address(("forwarded", 'for=6.6.6.6;x=", for=203.0.113.7')) == PROXY
    assert address(("forwarded", 'for=6.6.6.6;x="\\'), ("forwarded", 'for="[2001:db8::7]"')) == PROXY


def test_what_only_the_caller_can_have_written_does_not_win_over_what_the_proxy_wrote() -> None:
    assert address(("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=6.6.6.6")) == PROXY
    assert address(("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=203.0.113.7")) == "203.0.113.7"


@pytest.mark.parametrize(
    ("headers", "is_"),
    [
        ([(b"x-forwarded-proto", b"https")], "https"),
        ([(b"x-forwarded-proto", b"http, HTTPS")], "https"),
        ([(b"forwarded", b"for=203.0.113.7;proto=https")], "https"),
        ([(b"x-forwarded-proto", b"gopher")], "http"),
        ([(b"x-forwarded-proto", b"https"), (b"forwarded", b"for=203.0.113.7;proto=http")], "http"),
        ([], "http"),
    ],
)
def test_our_proxy_says_by_what_the_caller_came(headers: list[tuple[bytes, bytes]], is_: str) -> None:
    assert caller(PROXY, "http", headers, TRUSTED).scheme == is_


def test_a_listener_on_all_addresses_knows_its_proxy() -> None:
    assert address(("x-forwarded-for", "203.0.113.7"), peer="::ffff:10.0.0.1") == "203.0.113.7"
