import pytest

from quarterdeck.access.binding import check_binding, is_loopback
from quarterdeck.kernel.errors import Invalid


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "deck.localhost"])
def test_this_machine_alone_needs_no_password(host: str) -> None:
    assert is_loopback(host)
    check_binding(host, password_set=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "deck.example.com", "", "2130706433"])
def test_anything_else_is_refused_until_a_password_is_set(host: str) -> None:
    with pytest.raises(Invalid, match="no owner or admin has a password") as caught:
        check_binding(host, password_set=False)
    assert caught.value.code == "password_needed"
    check_binding(host, password_set=True)
