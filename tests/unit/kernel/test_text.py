import pytest

from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.text import a_line, a_name, a_text, comparable, searchable, storable


def test_a_line_is_composed_and_loses_its_outer_and_repeated_space() -> None:
    assert a_line("  Re\u0301sume\u0301\t of\n it ", "title", 20) == "Résumé of it"


@pytest.mark.parametrize("text", ["", " \n", "a" * 21, "bell \a", "half \ud800"])
def test_a_line_refuses_what_is_none(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        a_line(text, "title", 20)
    assert refused.value.extra == {"field": "title"}


@pytest.mark.parametrize("name", ["👩\u200d🚀", "می\u200cخواهم", "O'Neil-Ζωή 3"])
def test_a_name_may_be_written_in_any_script(name: str) -> None:
    assert a_name(name, "name", 20) == name


@pytest.mark.parametrize("name", ["a\u202eb", "a\u200bb", "\ufeffa", "\u200d", "\u2066x"])
def test_nothing_hides_in_a_name(name: str) -> None:
    with pytest.raises(Invalid):
        a_name(name, "name", 20)


def test_a_text_is_kept_as_it_was_written() -> None:
    text = " a\r\n\tb\x1b[0m \ufeff\u2028 "
    assert a_text(text, "brief", 99) == text


@pytest.mark.parametrize("text", ["nul \0", "half \udfff", "a" * 100])
def test_a_text_refuses_what_no_store_can_hold(text: str) -> None:
    with pytest.raises(Invalid):
        a_text(text, "brief", 99)
    assert storable(text) == (len(text) == 100)


def test_names_compare_however_they_are_written() -> None:
    written = ["Straße 1", "STRASSE  1", "ＳＴＲＡＳＳＥ\u3000１", "stra\u00adße\u200b 1"]
    assert {comparable(name) for name in written} == {"strasse 1"}
    assert comparable("Ａ") != comparable("Б")


def test_searches_level_case_and_forms_and_nothing_else() -> None:
    assert searchable("ﬁle ΣΊΣΥΦΟΣ İ") == searchable("file σίσυφος i̇")
    assert searchable("a  b") == "a  b"
