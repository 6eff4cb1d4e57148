"""What is wrong with a quarterdeck.toml is said with its line and what was expected, all of it at once."""

import pytest

from quarterdeck.control.declared.fields import BadConfig, Problems
from quarterdeck.control.declared.model import Declared
from quarterdeck.control.declared.reader import NOT_YET, PER_MILLION, PER_USE, read_declared
from quarterdeck.kernel import toml
from quarterdeck.ledger.quotes import MEASURED

AGENT = '[[agents]]\nname = "a"\nowner = "a@example.com"\n'
PROVIDER = '[[providers]]\nname = "p"\nkind = "openai"\n'
PRICE = '[[prices]]\nprovider = "p"\nmodel = "m"\n'


def read(text: str) -> Declared:
    problems = Problems(toml.parse(text, "q.toml"))
    declared = read_declared(problems.document, problems)
    problems.raise_if_any()
    return declared


def test_an_empty_file_declares_nothing() -> None:
    declared = read("")
    assert not (declared.providers or declared.agents or declared.routes or declared.prices or declared.members)


def test_sections_that_settings_read_are_left_to_them() -> None:
    assert read('[server]\nport = 8787\n[journal]\nfsync = true\non_full = "drop"\n') == read("")


def test_an_address_in_the_file_may_be_private() -> None:
    (provider,) = read(PROVIDER + 'base_url = "http://127.0.0.1:9001/v1"\n').providers
    assert provider.wanted.allow_private
    (provider,) = read(PROVIDER).providers
    assert not provider.wanted.allow_private


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("provider = 1\n", "q.toml:1: provider: is not a key that belongs here"),
        ("[server]\nprot = 1\n", "q.toml:2: server.prot: is not a key that belongs here; there are"),
        ('[[providers]]\nkind = "openai"\n', "q.toml:1: providers[0]: needs name = a text"),
        (PROVIDER + "base_url = 7\n", "q.toml:4: providers[0].base_url: expected a text, not 7"),
        (PROVIDER + 'base_url = "ftp://x"\n', "q.toml:4: providers[0].base_url: 'ftp://x' is not an http(s) address"),
        (PROVIDER + 'base_url = "http://u:p@x"\n', "q.toml:4: providers[0].base_url: an address (base_url) has"),
        (PROVIDER.replace("openai", "opanai"), "q.toml:3: providers[0].kind: there is no kind 'opanai'"),
        (PROVIDER.replace('"p"', '"A b"'), "q.toml:2: providers[0].name: a provider's name is lower-case"),
        (PROVIDER.replace('"p"', '"route"'), "q.toml:2: providers[0].name: a provider's name is"),
        (PROVIDER.replace("openai", "openai-compatible"), "q.toml:1: providers[0].base_url: a provider of kind"),
        (
            PROVIDER + 'credential = "sk-1234"\n',
            'q.toml:4: providers[0].credential: expected "env:NAME" or "file:PATH"',
        ),
        (PROVIDER + "connect_timeout_ms = 0\n", "q.toml:4: providers[0].connect_timeout_ms: expected a whole number"),
        (PROVIDER + 'headers = { Host = "x" }\n', "q.toml:4: providers[0].headers: the header 'host' cannot be set"),
        (PROVIDER + "models = []\n", "q.toml:4: providers[0].models: expected a list of texts"),
        (PROVIDER + PROVIDER, "q.toml:4: providers[1]: says again"),
        ("providers = 3\n", "q.toml:1: providers: expected tables, each written [[providers]], not 3"),
        (AGENT + "capacity = 0\n", "q.toml:4: agents[0].capacity: expected a whole number from 1"),
        (AGENT + 'bodies = "some"\n', 'q.toml:4: agents[0].bodies: expected one of "full", "redacted", "none"'),
        (AGENT + 'colour = "red"\n', "q.toml:4: agents[0].colour: is not a key that belongs here"),
        ('[[members]]\nemail = "a@b"\nrole = "king"\n', 'q.toml:3: members[0].role: expected one of "owner"'),
        ("[routes.default]\n", "q.toml:1: routes.default: needs provider = the name of a provider, or strategy"),
        (
            '[routes.r]\nstrategy = { mode = "often" }\ntargets = [{ provider = "p" }]\n',
            "q.toml:2: routes.r.strategy.mode: expected one of",
        ),
        (
            '[routes.r]\nstrategy = { mode = "single" }\ntargets = []\n',
            "q.toml:3: routes.r.targets: expected a list of 1 to 1000 targets",
        ),
        (
            '[routes.r]\nstrategy = { mode = "fallback", on_status_codes = [1] }\ntargets = [{ provider = "p" }]\n',
            "q.toml:2: routes.r.strategy.on_status_codes: expected a list of statuses",
        ),
        ('[routes.r]\nprovider = "p"\nsince = 2026-01-01\n', "q.toml:1: routes.r: holds a value that JSON has not"),
        (PRICE, "q.toml:1: prices[0]: names no price"),
        (PRICE + "input_per_mtok = 0.15\n", "q.toml:4: prices[0].input_per_mtok: expected dollars as a text"),
        (PRICE + 'input_per_mtok = "0.1234567891"\n', "q.toml:4: prices[0].input_per_mtok: expected dollars as a text"),
        (PRICE + 'input_per_mtok = "-1"\n', "q.toml:4: prices[0].input_per_mtok: expected dollars as a text"),
        (PRICE + 'input_per_mtok = "1"\nvalid_from = "soon"\n', "q.toml:5: prices[0].valid_from: expected a date"),
        (
            PRICE + 'input_per_mtok = "1"\nvalid_from = 2026-01-01T00:00:00\n',
            "q.toml:5: prices[0].valid_from: expected a date",
        ),
        (
            '[workspace.redaction]\npatterns = ["("]\n',
            "q.toml:2: workspace.redaction.patterns: pattern 1 is no",
        ),
        ("[workspace.retention]\nbodies_days = 0\n", "q.toml:2: workspace.retention.bodies_days: expected a whole"),
    ],
)
def test_it_names_line_and_key_of_what_cannot_be(text: str, problem: str) -> None:
    with pytest.raises(BadConfig) as caught:
        read(text)
    (found,) = caught.value.extra["problems"]
    assert found.startswith(problem)


@pytest.mark.parametrize("section", NOT_YET)
def test_what_is_not_built_yet_is_refused_rather_than_ignored(section: str) -> None:
    with pytest.raises(BadConfig, match=f"q.toml:1: {section}: not supported yet: {section}"):
        read(f'[[{section}]]\nname = "x"\n')


def test_all_problems_are_shown_in_the_order_of_their_lines() -> None:
    with pytest.raises(BadConfig) as caught:
        read(AGENT + "capacity = 0\n" + PROVIDER + "models = 1\n[nonsense]\n")
    assert [problem.split(":")[1] for problem in caught.value.extra["problems"]] == ["4", "8", "9"]


def test_a_secret_written_into_the_file_is_not_repeated() -> None:
    with pytest.raises(BadConfig) as caught:
        read(PROVIDER + 'credential = "sk-very-secret"\n')
    assert "very-secret" not in caught.value.message


def test_every_declared_price_is_one_that_calls_are_priced_by() -> None:
    assert set(PER_MILLION.values()) | set(PER_USE.values()) <= MEASURED
