"""Words that must agree, whatever their embeddings say."""

import pytest

from quarterdeck.gateway.cache.semantic.veto import differ, leftovers, read


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("Convert 10 miles.", "Convert 12 miles.", "numbers"),
        ("Convert 1,000 miles.", "Convert 1000 miles.", None),
        ("Give me three ideas.", "Give me 3 ideas.", None),
        ("Is it safe?", "Is it not safe?", "negation"),
        ("Why doesn't it work?", "Why does it not work?", None),
        ("Ask Anna.", "Ask Hanna.", "names"),
        ("Fly from Rome to Oslo.", "Fly from Oslo to Rome.", "names"),
        ("Fly from Rome to Oslo.", "A flight from Rome to Oslo.", None),
        ('Say "yes".', 'Say "no".', "quoted"),
        ("Open `a`.", "Open `b`.", "quoted"),
        ("Run main.py.", "Run test.py.", "code"),
        ("What is x + y?", "What is x - y?", "signs"),
        ("Delete all rows.", "Delete some rows.", "quantifiers"),
        ("When did it start?", "Where did it start?", "question"),
        ("How old is it?", "How big is it?", "question"),
        ("Can I go?", "Should I go?", "question"),
        ("Enable it.", "Disable it.", "opposite"),
        ("The valid ones.", "The invalid ones.", "opposite"),
        ("It got higher.", "It got lower.", "opposite"),
        ("Incoming mail.", "Outgoing mail.", "opposite"),
        ("Do it in python.", "Do it in java.", "language"),
        ("Due on monday.", "Due on friday.", "weekday"),
        ("did sarah call mike", "did mike call sarah", "order"),
    ],
)
def test_texts_differ_when_what_must_agree_does_not(one: str, other: str, why: str | None) -> None:
    assert differ(read(one), read(other)) == why
    assert differ(read(other), read(one)) == why


def test_what_is_left_over_is_what_has_to_mean_the_same() -> None:
    assert leftovers(read("How do I repaint a door?"), read("How do I strip a door?")) == ("repaint", "strip")
    assert leftovers(read("How do I paint a door?"), read("How can I paint my door, please?")) == ("", "")
    assert leftovers(read("Capital of France?"), read("Capital city of France?")) == ("", "")
    assert leftovers(read("Delete my account."), read("Delete my account history.")) == ("", "history")
