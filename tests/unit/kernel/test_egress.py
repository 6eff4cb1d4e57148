"""Where we may connect to: public addresses, and what an admin allowed by name."""

import asyncio
import socket

import pytest

from quarterdeck.kernel.egress import (
    Address,
    Egress,
    EgressPolicy,
    EgressRefused,
    NameUnresolvable,
    canonical_host,
    is_public,
    literal,
    system_lookup,
)


class Names:
    """A resolver that says what a test wrote down, and counts how often it was asked."""

    def __init__(self, **known: list[str]) -> None:
        self.known = {name.replace("_", "."): addresses for name, addresses in known.items()}
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None

    async def __call__(self, name: str) -> list[str]:
        self.asked.append(name)
        if self.gate is not None:
            await self.gate.wait()
        if name not in self.known:
            raise OSError("Name or service not known")
        return self.known[name]


class Ticks:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_public_name_resolves_to_its_addresses_in_order() -> None:
    names = Names(api_example=["93.184.216.34", "2606:2800:220:1::1", "93.184.216.34"])
    found = await Egress(lookup=names).resolve("API.example.", 443)
    assert found == [Address("93.184.216.34", 443), Address("2606:2800:220:1::1", 443)]
    assert [address.family for address in found] == [socket.AF_INET, socket.AF_INET6]


CLOSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
]
OPEN = [
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001::1",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2002:101:101::1",
]


@pytest.mark.parametrize("address", CLOSED)
async def test_an_address_that_is_not_public_is_refused_under_any_name(address: str) -> None:
    egress = Egress(lookup=Names(sly_example=[address]))
    with pytest.raises(EgressRefused):
        await egress.resolve("sly.example", 443)
    with pytest.raises(EgressRefused):
        await egress.resolve(f"[{address}]" if ":" in address else address, 443)


@pytest.mark.parametrize("address", OPEN)
async def test_a_public_address_is_let_through(address: str) -> None:
    found = await Egress(lookup=Names()).resolve(address, 443)
    assert [each.port for each in found] == [443]
    assert is_public(literal(found[0].ip))


@pytest.mark.parametrize(
    "spelling",
    [
        "2130706433",
        "0x7f000001",
        "0X7F.1",
        "0x7f.0x0.0x0.0x1",
        "017700000001",
        "0177.0.0.01",
        "127.1",
        "127.0.1",
        "0",
        "127.0.0.1.",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:0:0:1]",
        "１２７.０.０.１",
        "127。0。0。1",
        " 127.0.0.1 ",
    ],
)
async def test_odd_spellings_of_loopback_are_loopback(spelling: str) -> None:
    names = Names()
    with pytest.raises(EgressRefused):
        await Egress(lookup=names).resolve(spelling, 80)
    assert names.asked == []


async def test_only_the_public_addresses_of_a_name_are_used() -> None:
    egress = Egress(lookup=Names(half_example=["10.0.0.1", "93.184.216.34"]))
    assert await egress.resolve("half.example", 443) == [Address("93.184.216.34", 443)]


@pytest.mark.parametrize(
    ("allowed", "host", "port", "passes"),
    [
        ("ollama.lan", "ollama.lan", 11434, True),
        ("Ollama.LAN.", "ollama.lan", 11434, True),
        ("ollama.lan:11434", "OLLAMA.lan", 11434, True),
        ("ollama.lan:11434", "ollama.lan", 80, False),
        ("ollama.lan", "other.lan", 11434, False),
        ("lan", "ollama.lan", 11434, False),
        ("127.0.0.1", "127.0.0.1", 9001, True),
        ("127.0.0.1", "2130706433", 9001, True),
        ("127.0.0.1", "ollama.lan", 9001, False),
        ("127.0.0.1:9001", "127.0.0.1", 9002, False),
        ("[::1]:9001", "::1", 9001, True),
        ("[::1]:9001", "::1", 9002, False),
        ("::1", "[::1]", 9002, True),
    ],
)
async def test_an_admin_allows_a_host_by_name(allowed: str, host: str, port: int, passes: bool) -> None:
    names = Names(ollama_lan=["10.1.2.3"], other_lan=["10.1.2.4"])
    egress = Egress(EgressPolicy(frozenset({allowed})), lookup=names)
    if passes:
        assert len(await egress.resolve(host, port)) == 1
    else:
        with pytest.raises(EgressRefused):
            await egress.resolve(host, port)


async def test_a_new_policy_counts_at_once_although_the_answer_is_remembered() -> None:
    egress = Egress(lookup=Names(ollama_lan=["10.1.2.3"]))
    with pytest.raises(EgressRefused, match=r"10\.1\.2\.3"):
        await egress.resolve("ollama.lan", 80)
    egress.policy = EgressPolicy(frozenset({"ollama.lan"}))
    assert await egress.resolve("ollama.lan", 80) == [Address("10.1.2.3", 80)]
    egress.policy = EgressPolicy()
    with pytest.raises(EgressRefused):
        await egress.resolve("ollama.lan", 80)


async def test_an_answer_is_remembered_for_a_short_while() -> None:
    names, ticks = Names(api_example=["93.184.216.34"]), Ticks()
    egress = Egress(lookup=names, ttl_s=30, monotonic=ticks)
    for now, asked in ((0, 1), (29.9, 1), (30.1, 2), (60.0, 2)):
        ticks.now = now
        await egress.resolve("api.example", 443)
        assert len(names.asked) == asked


async def test_a_changed_answer_is_judged_anew() -> None:
    names, ticks = Names(api_example=["93.184.216.34"]), Ticks()
    egress = Egress(lookup=names, ttl_s=30, monotonic=ticks)
    await egress.resolve("api.example", 443)
    names.known["api.example"] = ["127.0.0.1"]
    ticks.now = 31
    with pytest.raises(EgressRefused):
        await egress.resolve("api.example", 443)


async def test_a_failure_is_remembered_much_shorter() -> None:
    names, ticks = Names(), Ticks()
    egress = Egress(lookup=names, failure_ttl_s=1, monotonic=ticks)
    for now, asked in ((0, 1), (0.5, 1), (1.1, 2)):
        ticks.now = now
        with pytest.raises(NameUnresolvable, match=r"api\.example"):
            await egress.resolve("api.example", 443)
        assert len(names.asked) == asked


async def test_a_name_with_no_addresses_is_unresolvable() -> None:
    with pytest.raises(NameUnresolvable):
        await Egress(lookup=Names(empty_example=[])).resolve("empty.example", 443)


async def test_many_callers_share_one_question_and_one_leaving_does_not_take_it_away() -> None:
    names = Names(api_example=["93.184.216.34"])
    names.gate = asyncio.Event()
    egress = Egress(lookup=names)
    callers = [asyncio.create_task(egress.resolve("api.example", 443)) for _ in range(5)]
    await asyncio.sleep(0)
    callers[0].cancel()
    await asyncio.sleep(0)
    names.gate.set()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [[Address("93.184.216.34", 443)]] * 4
    assert names.asked == ["api.example"]


async def test_what_was_remembered_does_not_pile_up() -> None:
    names, ticks = Names(**{f"n{number}_example": ["93.184.216.34"] for number in range(50)}), Ticks()
    egress = Egress(lookup=names, ttl_s=1, monotonic=ticks)
    for number in range(50):
        ticks.now += 2
        await egress.resolve(f"n{number}.example", 443)
    assert len(egress._known) <= 2


@pytest.mark.parametrize("host", ["", ".", "a..b", ".a", "a b", "a/b", "a@b", "a\r\nb", "a\0b", "x" * 64, "a." * 130])
async def test_what_is_no_host_is_refused_without_asking(host: str) -> None:
    names = Names()
    with pytest.raises(EgressRefused):
        await Egress(lookup=names).resolve(host, 443)
    assert names.asked == []


def test_a_host_has_one_canonical_spelling() -> None:
    assert canonical_host("Bücher.Example.") == "xn--bcher-kva.example"
    assert canonical_host("[2001:DB8:0:0::1]") == "2001:db8::1"
    assert canonical_host("my_host-1.example") == "my_host-1.example"


def test_a_policy_with_an_entry_that_is_no_host_is_refused() -> None:
    with pytest.raises(EgressRefused):
        EgressPolicy(frozenset({"not a host"}))


@pytest.mark.parametrize(
    "host", ["localhost", "app.localhost", "metadata.google.internal", "METADATA", "10.0.0.1", "0x7f.1", "[::1]"]
)
def test_without_resolving_the_obvious_is_still_refused(host: str) -> None:
    with pytest.raises(EgressRefused):
        EgressPolicy().check_name(host, 80)
    EgressPolicy(frozenset({host})).check_name(host, 80)


def test_without_resolving_names_and_public_addresses_pass() -> None:
    EgressPolicy().check_name("api.example.com", 443)
    EgressPolicy().check_name("1.1.1.1", 443)


async def test_the_systems_resolver_knows_this_machine() -> None:
    assert set(await system_lookup("localhost")) <= {"127.0.0.1", "::1"}
