"""What a person types, and what of a call is searched for it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.control.calls.found import snippet
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import placed_terms, terms, tokens
from quarterdeck.ledger.search.numbers import number_of
from quarterdeck.ledger.search.texts import LONGEST, Passage, passages
from quarterdeck.ledger.search.words import Term, for_postgresql, for_sqlite, parse


def test_words_phrases_and_beginnings_are_told_apart() -> None:
    assert parse('Überweisung "late fee" inv* foo-bar').terms == (
        Term(("wuberweisung",)),
        Term(("wlate", "wfee")),
        Term(("winv",), prefix=True),
        Term(("wfoo", "wbar")),
    )
    assert for_sqlite(parse('late "a b" inv*'), ["fa1"]) == 'fa1 AND "wlate" AND "wa wb" AND "winv" *'
    assert for_postgresql(parse('late "a b" inv*'), ["fa1"]) == "fa1 & (wlate) & (wa <-> wb) & (winv:*)"


@pytest.mark.parametrize("typed", ["", "  ", "!!!", '""', "ab*", '"', " ".join(f"w{n}" for n in range(17))])
def test_what_cannot_be_searched_for_is_refused_in_words(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(typed)
    assert refused.value.extra["field"] == "q"


@given(st.text(max_size=60))
def test_whatever_is_typed_is_only_ever_words(typed: str) -> None:
    try:
        question = parse(typed)
    except Invalid:
        return
    assert all(word.isascii() and word.isalnum() for term in question.terms for word in term.words)


@given(st.text(max_size=80))
def test_long_texts_have_the_words_of_short_ones(text: str) -> None:
    assert terms(text) == [term for word in tokens(text) for term in word]


def test_words_are_found_where_they_stand() -> None:
    text = "Zoë paid 東京, twice"
    assert [text[begin:end] for _, begin, end in placed_terms(text)] == ["Zoë", "paid", "東", "京", "twice"]
    assert [term for term, _, _ in placed_terms(text)] == terms(text)


def test_only_what_is_new_in_a_call_is_searched() -> None:
    messages = [
        {"role": "user", "content": "first question"},
        {"role": "assistant", "content": "first answer", "tool_calls": [{"function": {"arguments": "{}"}}]},
        {"role": "tool", "content": "the result", "tool_call_id": "call_77"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "u"}}],
        },
    ]
    cut = [json.dumps(each).encode() for each in messages]
    answer = json.dumps(
        {
            "choices": [
                {"message": {"content": "done", "tool_calls": [{"function": {"name": "pay", "arguments": '{"a":1}'}}]}}
            ]
        }
    ).encode()
    new = passages(cut, answer, "application/json", first=False)
    assert [(each.where, each.text) for each in new] == [
        ("answer", "done"),
        ("tool_call", 'pay {"a":1}'),
        ("tool_result", "the result"),
        ("message", "look"),
    ]
    assert "first question" in [each.text for each in passages(cut, answer, None, first=True)]


def test_tool_results_of_every_dialect_are_searched() -> None:
    pieces = [
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "x", "content": [{"type": "text", "text": "anthropic"}]}
            ],
        },
        {"role": "user", "content": [{"toolResult": {"content": [{"text": "bedrock"}]}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"is": "gemini"}}}]},
        {"type": "function_call_output", "call_id": "x", "output": "responses"},
    ]
    found = passages([json.dumps(each).encode() for each in pieces], b"", None, first=False)
    assert [(each.where, each.text) for each in found] == [
        ("tool_result", "anthropic"),
        ("tool_result", "bedrock"),
        ("tool_result", '{"is":"gemini"}'),
        ("tool_result", "responses"),
    ]


def test_a_long_text_is_searched_at_its_beginning_and_its_end() -> None:
    [found] = passages([json.dumps({"content": "start " + "x " * LONGEST + "finish"}).encode()], b"", None, first=True)
    assert len(found.text) < LONGEST + 10
    assert (found.text[:5], found.text[-6:]) == ("start", "finish")


def test_a_snippet_shows_what_was_found_and_what_stands_around_it() -> None:
    text = "word " * 40 + "the Invoice\n number 4711 is late " + "word " * 60
    found = snippet([Passage("answer", "nothing"), Passage("message", text)], parse('"invoice number" 47*11 4711'))
    assert found is not None and found.where == "message"
    assert [piece for piece, hit in found.pieces if hit] == ["Invoice number", "4711"]
    shown = "".join(piece for piece, _ in found.pieces)
    assert shown.startswith("… word") and shown.endswith("…") and len(shown) < 220
    assert snippet([Passage("answer", "nothing")], parse("invoice")) is None


def test_calls_are_numbered_in_the_order_of_time() -> None:
    ids = [new_id("call") for _ in range(50)]
    assert sorted(ids, key=number_of) == ids
    assert all(0 < number_of(each) < 1 << 62 for each in ids)
