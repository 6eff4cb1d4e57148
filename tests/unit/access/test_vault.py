import base64
import os
import stat
import threading
from pathlib import Path

import pytest

from quarterdeck.access.vault import Vault, VaultError


def key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def test_what_was_sealed_opens_for_its_own_row(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    sealed = vault.seal(b"sk-secret", "credentials/cred_1")
    assert b"sk-secret" not in sealed
    assert vault.unseal(sealed, "credentials/cred_1") == b"sk-secret"
    assert Vault.open(tmp_path).unseal(sealed, "credentials/cred_1") == b"sk-secret"


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    Vault.open(tmp_path)
    path = tmp_path / "secret.key"
    before = path.read_bytes()
    Vault.open(tmp_path)
    assert path.read_bytes() == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret.key"]


def test_two_that_start_together_use_one_key(tmp_path: Path) -> None:
    vaults: list[Vault] = []
    threads = [threading.Thread(target=lambda: vaults.append(Vault.open(tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sealed = vaults[0].seal(b"x", "row")
    assert all(vault.unseal(sealed, "row") == b"x" for vault in vaults)


def test_a_sealed_value_moved_to_another_row_does_not_open(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    with pytest.raises(VaultError, match="credentials/cred_2 is damaged or belongs to another row"):
        vault.unseal(vault.seal(b"x", "credentials/cred_1"), "credentials/cred_2")


def test_damage_is_noticed(tmp_path: Path) -> None:
    vault = Vault.open(tmp_path)
    sealed = vault.seal(b"secret", "row")
    for damaged in (sealed[:-1], sealed[:10], b"", sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(VaultError, match="damaged"):
            vault.unseal(damaged, "row")


def test_another_key_is_told_from_damage() -> None:
    sealed = Vault.open(Path(), key()).seal(b"x", "credentials/cred_1")
    with pytest.raises(VaultError, match=r"sealed with key [0-9a-f]{8}, which this server does not have"):
        Vault.open(Path(), key()).unseal(sealed, "credentials/cred_1")


def test_a_rotated_key_opens_what_the_old_one_sealed() -> None:
    old, new = key(), key()
    sealed = Vault.open(Path(), old).seal(b"x", "row")
    both = Vault.open(Path(), f"{new},{old}")
    assert both.unseal(sealed, "row") == b"x"
    with pytest.raises(VaultError):
        Vault.open(Path(), old).unseal(both.seal(b"y", "row"), "row")


def test_a_given_key_leaves_the_file_alone(tmp_path: Path) -> None:
    Vault.open(tmp_path, key())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "  ", "not base64!", base64.b64encode(b"short").decode()])
def test_a_key_that_is_none_is_refused_by_name(text: str, tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="QUARTERDECK_SECRET_KEY"):
        Vault.open(tmp_path, text)
    (tmp_path / "secret.key").write_text(text)
    with pytest.raises(VaultError, match=r"secret\.key"):
        Vault.open(tmp_path)
