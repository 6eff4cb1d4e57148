"""What people hear of, and what it is called where they choose."""

from quarterdeck.control.notifications.kinds import KINDS, NAMES


def test_every_kind_has_a_plain_name_of_its_own_and_no_name_is_without_its_kind() -> None:
    assert {each.pattern for each in KINDS} == NAMES.keys()
    names = [name for _, name in NAMES.values()]
    assert len(set(names)) == len(names)
    assert not any("{" in name or "." in name for name in names)
