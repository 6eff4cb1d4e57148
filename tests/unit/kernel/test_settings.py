from pathlib import Path

import pytest

from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.settings import OnFull, load


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_text('[server]\nhost = "127.0.0.3"\nport = 3\nlog_level = "debug"\n')
    settings = load(
        {"port": 1, "host": None}, {"QUARTERDECK_PORT": "2", "QUARTERDECK_HOST": "127.0.0.2"}, directory=tmp_path
    )
    assert (settings.port, settings.host, settings.log_level) == (1, "127.0.0.2", "debug")


def test_without_anything_it_serves_this_machine_only(tmp_path: Path) -> None:
    settings = load({}, {}, directory=tmp_path)
    assert settings.host == "127.0.0.1"
    assert settings.data == tmp_path / "data"
    assert settings.config is None
    assert settings.base_url == "http://127.0.0.1:8787"


def test_the_journal_is_set_in_its_own_section(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text('[journal]\nfsync = true\non_full = "drop"\n')
    settings = load({"config": "my.toml"}, {}, directory=tmp_path)
    assert settings.journal.fsync is True
    assert settings.journal.on_full is OnFull.DROP
    assert load({"config": "my.toml"}, {"QUARTERDECK_JOURNAL_FSYNC": "no"}, directory=tmp_path).journal.fsync is False


def test_sizes_may_be_written_with_a_unit(tmp_path: Path) -> None:
    assert load({}, {"QUARTERDECK_BODY_LIMIT": "2 MiB"}, directory=tmp_path).body_limit == 2 << 20
    assert load({}, {"QUARTERDECK_BODY_LIMIT": "1000"}, directory=tmp_path).body_limit == 1000


def test_proxies_are_trusted_by_address_or_network(tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text('[server]\ntrusted_proxies = ["10.0.0.0/8", "::1"]\n')
    assert load({}, {}, directory=tmp_path).trusted_proxies == ()
    named = load({"config": "my.toml"}, {}, directory=tmp_path)
    assert [str(each) for each in named.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    environ = {"QUARTERDECK_TRUSTED_PROXIES": "127.0.0.1, 192.168.0.0/16"}
    named = load({"config": "my.toml"}, environ, directory=tmp_path)
    assert [str(each) for each in named.trusted_proxies] == ["127.0.0.1/32", "192.168.0.0/16"]


def test_a_postgresql_address_gets_our_driver(tmp_path: Path) -> None:
    settings = load({}, {"QUARTERDECK_DATABASE_URL": "postgres://a:b@db/qd"}, directory=tmp_path)
    assert settings.database_url == "postgresql+asyncpg://a:b@db/qd"


def test_it_is_reached_under_its_public_address(tmp_path: Path) -> None:
    assert load({"host": "0.0.0.0", "port": 80}, {}, directory=tmp_path).base_url == "http://127.0.0.1:80"
    assert load({"host": "::1", "port": 80}, {}, directory=tmp_path).base_url == "http://[::1]:80"
    environ = {"QUARTERDECK_PUBLIC_URL": "https://deck.example.com/"}
    assert load({}, environ, directory=tmp_path).base_url == "https://deck.example.com"


@pytest.mark.parametrize(
    ("flags", "environ", "names"),
    [
        ({"port": 70_000}, {}, "--port: expected a port"),
        ({}, {"QUARTERDECK_PORT": "many"}, "QUARTERDECK_PORT: expected a port"),
        ({}, {"QUARTERDECK_BODY_LIMIT": "0"}, "QUARTERDECK_BODY_LIMIT: expected bytes"),
        ({}, {"QUARTERDECK_LOG_LEVEL": "loud"}, "QUARTERDECK_LOG_LEVEL: expected debug"),
        ({}, {"QUARTERDECK_JOURNAL_FSYNC": "maybe"}, "QUARTERDECK_JOURNAL_FSYNC: expected true or false"),
        ({}, {"QUARTERDECK_DATABASE_URL": "mysql://x"}, "QUARTERDECK_DATABASE_URL: expected postgresql"),
        (
            {},
            {"QUARTERDECK_TRUSTED_PROXIES": "10.0.0.1/8"},
            "QUARTERDECK_TRUSTED_PROXIES: expected addresses or networks",
        ),
        ({}, {"QUARTERDECK_PUBLIC_URL": "deck.example.com"}, "QUARTERDECK_PUBLIC_URL: expected http"),
        ({}, {"QUARTERDECK_CONFIG": "absent.toml"}, "absent.toml: there is no such file"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    tmp_path: Path, flags: dict[str, object], environ: dict[str, str], names: str
) -> None:
    with pytest.raises(Invalid, match=names):
        load(flags, environ, directory=tmp_path)


def test_a_wrong_value_in_the_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck.toml").write_text("[server]\n\nport = true\n")
    with pytest.raises(Invalid, match=r"quarterdeck\.toml:3: server\.port: expected a port"):
        load({}, {}, directory=tmp_path)


def test_secrets_do_not_show_in_its_text(tmp_path: Path) -> None:
    settings = load({}, {"QUARTERDECK_OWNER_TOKEN": "very secret text"}, directory=tmp_path)
    assert settings.owner_token == "very secret text"
    assert load({}, {"QUARTERDECK_OWNER_TOKEN": "of a file\n"}, directory=tmp_path).owner_token == "of a file"
    assert "very secret" not in repr(settings)
