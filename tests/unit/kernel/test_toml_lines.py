import pytest

from quarterdeck.kernel import toml
from quarterdeck.kernel.errors import Invalid

TEXT = '''# a comment
[server]
port = 8787

[[providers]]
name = "openai"
kind = "openai"

[[providers]]
name = "second"   # the second
note = """
fake = 1
[fake]
"""
kind = "anthropic"

[routes.default]
strategy = { mode = "fallback" }
targets = [
  { provider = "openai" },
]
"quoted key" = 1
'''


def test_it_knows_where_keys_stand() -> None:
    document = toml.parse(TEXT, "quarterdeck.toml")
    assert document.line_of(("server", "port")) == 3
    assert document.line_of(("providers", 0)) == 5
    assert document.line_of(("providers", 1, "name")) == 10
    assert document.line_of(("providers", 1, "kind")) == 15
    assert document.line_of(("routes", "default", "targets")) == 19
    assert document.line_of(("routes", "default", "quoted key")) == 22


def test_a_key_inside_a_value_has_the_line_of_that_value() -> None:
    document = toml.parse(TEXT, "quarterdeck.toml")
    assert document.at(("routes", "default", "strategy", "mode")) == "quarterdeck.toml:18: routes.default.strategy.mode"
    assert document.at(("providers", 1, "base_url")) == "quarterdeck.toml:9: providers[1].base_url"


def test_keys_inside_a_long_text_are_not_taken_for_keys() -> None:
    document = toml.parse(TEXT, "quarterdeck.toml")
    assert ("providers", 1, "fake") not in document.lines
    assert ("fake",) not in document.lines


@pytest.mark.parametrize(
    ("text", "line"), [("a = 1\nb = [1,\n", 3), ("a = 1\na = 2\n", 2), ('x = "never closed\n', 1), ("[a\n", 1)]
)
def test_a_syntax_error_names_its_line(text: str, line: int) -> None:
    with pytest.raises(Invalid, match=f"^bad.toml:{line}: this is not TOML") as caught:
        toml.parse(text, "bad.toml")
    assert caught.value.code == "config"


def test_a_file_nested_too_deeply_is_refused() -> None:
    with pytest.raises(Invalid, match=r"deep\.toml"):
        toml.parse("a = " + "[" * 100_000, "deep.toml")
