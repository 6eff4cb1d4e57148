# ruff: noqa: E501 - made-up sentences are easier to read on one line
"""Agents that go in circles, made up: each kind of loop as calls that follow a healthy beginning.

A kind is a function of the messages so far, which repeat it is, and a source of chance; it yields the calls of one repeat as
(the messages asked with, the answer) and leaves `history` as an agent's own history would be after them.
"""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

Message = dict[str, Any]
Call = tuple[list[Message], Message]
Kind = Callable[[list[Message], int, random.Random], Iterator[Call]]

_WORDS = [
    "ledger",
    "harbour",
    "signal",
    "copper",
    "meadow",
    "lantern",
    "orbit",
    "gravel",
    "saffron",
    "timber",
    "violet",
    "anchor",
    "bramble",
    "cinder",
    "delta",
    "ember",
    "falcon",
    "glacier",
    "hollow",
    "indigo",
    "juniper",
    "kernel",
    "lagoon",
    "marble",
    "nectar",
    "oyster",
    "pepper",
    "quartz",
    "ripple",
    "summit",
    "thistle",
    "umber",
]


def _say(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(words))


def _tool(name: str, arguments: Any, rng: random.Random, content: str | None = None) -> Message:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    call = {"id": f"call_{rng.randrange(10**12)}", "type": "function", "function": {"name": name, "arguments": text}}
    return {"role": "assistant", "content": content, "tool_calls": [call]}


def _result(call: Message, content: str, which: int = 0) -> Message:
    return {"role": "tool", "tool_call_id": call["tool_calls"][which]["id"], "content": content}


def _step(history: list[Message], answer: Message, *after: Message) -> Call:
    asked = list(history)
    history += [answer, *after]
    return asked, answer


def _instant(repeat: int) -> str:
    return f"2026-11-23T14:{repeat % 60:02d}:07.{repeat * 37 % 1000:03d}Z"


PAGE = (
    '{"title": "Quarterly report", "rows": [["north", 120, 4.5], ["south", 96, 3.25]], "note": "draft, not reviewed"}'
)


def same_call(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """The same tool, the same arguments, the same result."""
    answer = _tool("read_page", {"url": "https://example.com/report", "format": "text"}, rng)
    yield _step(history, answer, _result(answer, PAGE))


def spelled_differently(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """The same arguments, in another order and spacing each time."""
    pairs = [("url", "https://example.com/report"), ("format", "text"), ("limit", 10)]
    rng.shuffle(pairs)
    text = json.dumps(dict(pairs), indent=rng.choice([None, 1, 2, 4]))
    answer = _tool("read_page", text, rng)
    yield _step(history, answer, _result(answer, PAGE))


def narrated(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """The same tool call, each time with other words around it."""
    answer = _tool("run_tests", {"path": "tests/unit"}, rng, f"Let me see whether {_say(rng, 12)} now.")
    yield _step(history, answer, _result(answer, "2 failed: test_totals, test_rounding\nAssertionError: 41 != 42"))


def polling(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """Asking for a state that does not change, but for the clock in it."""
    answer = _tool("job_status", {"job": "build-77"}, rng)
    state = {
        "job": "build-77",
        "state": "pending",
        "checked_at": _instant(repeat),
        "request_id": f"{rng.getrandbits(64):016x}",
    }
    yield _step(history, answer, _result(answer, json.dumps(state)))


def counting_errors(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """The same call fails in the same way; the message counts the attempts and says how long it took."""
    answer = _tool("deploy", {"service": "billing", "version": "1.4.2"}, rng)
    words = f"Error: could not reach registry (attempt {repeat + 1}, {rng.randint(100, 900)} ms). Try again later."
    yield _step(history, answer, _result(answer, words))


def back_and_forth(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """A, B, A, B: each undoes the other."""
    first = _tool("set_flag", {"name": "cache", "value": True}, rng)
    yield _step(history, first, _result(first, '{"ok": false, "hint": "cache must be off while indexing"}'))
    second = _tool("set_flag", {"name": "cache", "value": False}, rng)
    yield _step(history, second, _result(second, '{"ok": false, "hint": "cache must be on for lookups"}'))


def round_and_round(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """A, B, C, D and again: the same files read in turn."""
    for name in ("main.py", "util.py", "README.md", "setup.cfg"):
        answer = _tool("read_file", {"path": name}, rng)
        yield _step(history, answer, _result(answer, f"# {name}\nprint('nothing here explains the failure')\n" * 3))


def edit_and_undo(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """An edit, the test that fails, the edit taken back, the test that fails: with other words each time."""
    for old, new in (("a <= b", "a < b"), ("a < b", "a <= b")):
        answer = _tool("edit", {"path": "order.py", "old": old, "new": new}, rng, f"Maybe {_say(rng, 8)}.")
        yield _step(history, answer, _result(answer, "ok, 1 replacement"))
        answer = _tool("run_tests", {"path": "tests"}, rng)
        yield _step(
            history,
            answer,
            _result(answer, f"1 failed in 0.{rng.randint(10, 99)} s: test_order expected {new!r} to hold"),
        )


def identical(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """The same request again, byte for byte; the answer is left unread."""
    yield list(history), {"role": "assistant", "content": "I will look into the flight options and come back to you."}


def stamped(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """The same request but for the instant and an id in it."""
    stamp = (
        f"Now: {_instant(repeat)}. Trace {rng.getrandbits(128):032x}. Summarise what the customer wants in one line."
    )
    asked = [*history, {"role": "user", "content": stamp}]
    yield asked, {"role": "assistant", "content": "The customer wants to change the return flight to a later day."}


def reworded(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """The same request with a word or two exchanged, and nearly the same answer to it."""
    verb = rng.choice(["Find", "Search", "Look for", "Find"])
    end = rng.choice(["please", "thanks", "if possible", "now"])
    ask = (
        f"{verb} three recent sources on the cost of running language model agents in production, with the year of each, "
        f"the main figure it names, and one sentence on how that figure was measured, {end}."
    )
    answer = (
        "Here are three sources: a 2025 survey of 200 teams with a median of $1,900 a month; a 2026 field report with "
        f"$0.41 a task; and a 2026 benchmark with $2.10 a solved issue. I {rng.choice(['could', 'can', 'may'])} look further."
    )
    yield [*history, {"role": "user", "content": ask}], {"role": "assistant", "content": answer}


def apologies(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """It says sorry and promises to try again; the frame around it says go on."""
    opening = rng.choice(
        ["I apologise for the confusion.", "I am sorry for the confusion.", "Apologies for the confusion."]
    )
    words = f"{opening} I will now retrieve the reservation and check which flights can be changed, then report back to you."
    yield _step(history, {"role": "assistant", "content": words}, {"role": "user", "content": "Please continue."})


def thanks(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """Two sides that cannot stop being polite."""
    words = "You're welcome! If you have any other questions, feel free to ask. Have a great day!"
    back = rng.choice(["Thank you so much! Have a great day!", "Thank you so much, have a great day!"])
    yield _step(history, {"role": "assistant", "content": words}, {"role": "user", "content": back})


def empty_answers(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """Nothing is answered, and the frame asks again."""
    go_on = {"role": "user", "content": "Your last message was empty. Continue with the task."}
    yield _step(history, {"role": "assistant", "content": ""}, go_on)


def other_words_same_result(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """A search in ever other words that finds the same each time."""
    answer = _tool("search_docs", {"query": f"{_say(rng, 3)} refund policy {_say(rng, 2)}"}, rng)
    yield _step(
        history, answer, _result(answer, '{"hits": [], "hint": "no document matched; try the category refunds"}')
    )


def with_interludes(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """The same call with the same result, and musings between that differ each time."""
    answer = _tool("query_table", {"table": "orders", "where": "state = 'open'"}, rng)
    yield _step(
        history, answer, _result(answer, '{"rows": [{"id": 17, "state": "open", "total": 42.5}], "more": false}')
    )
    musing = {"role": "assistant", "content": f"Thinking about {_say(rng, 25)}, I should check the orders again."}
    yield _step(history, musing, {"role": "user", "content": "Go on."})


def two_at_once(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """The same two tools asked for together."""
    answer = _tool("get_weather", {"city": "Oslo"}, rng)
    answer["tool_calls"] += _tool("get_time", {"zone": "Europe/Oslo"}, rng)["tool_calls"]
    results = [
        _result(answer, '{"sky": "rain", "celsius": 4}', 0),
        _result(answer, f'{{"now": "{_instant(repeat)}"}}', 1),
    ]
    yield _step(history, answer, *results)


def from_the_top(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """It begins anew each time and takes the same few steps, as after a crash that nobody noticed."""
    own = list(history)
    look = _tool("get_ticket", {"id": "OPS-311"}, rng)
    yield _step(own, look, _result(look, '{"id": "OPS-311", "title": "Export fails", "state": "open"}'))
    read = _tool("read_log", {"service": "export", "lines": 50}, rng)
    yield _step(own, read, _result(read, "MemoryError in export.py line 88 while writing part 3"))
    yield _step(
        own, {"role": "assistant", "content": "The export runs out of memory. I will fix it in export.py, line 88."}
    )


def compacted(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """Its history is cut down to a summary, and it sets out on the same search again."""
    del history[2:]
    summary = "Summary so far: the customer wants a refund; the policy was looked up but the answer is not clear yet."
    history.append({"role": "user", "content": summary})
    answer = _tool("search_policy", {"topic": "refund after departure"}, rng)
    yield _step(history, answer, _result(answer, "Refunds after departure are decided case by case. See section 4."))
    answer = _tool("search_policy", {"topic": "section 4"}, rng)
    yield _step(history, answer, _result(answer, "Section 4: see the general rules on refunds after departure."))


def stamped_call(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """The same call but for an id and an instant among its arguments."""
    asked = {"queue": "mail", "at": _instant(repeat), "nonce": f"{rng.getrandbits(128):032x}"}
    answer = _tool("peek", asked, rng)
    yield _step(history, answer, _result(answer, '{"length": 3, "oldest": "welcome mail to sam@example.com"}'))


def growing_limit(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """The same question with a larger limit each time, and nothing more to be found."""
    answer = _tool("list_files", {"path": "src", "limit": 10 * (repeat + 1)}, rng)
    yield _step(history, answer, _result(answer, "[]"))


def sighs(history: list[Message], repeat: int, rng: random.Random) -> Iterator[Call]:
    """It says that it is stuck, muses, and says so again."""
    stuck = {
        "role": "assistant",
        "content": "I am not able to find the booking, so I cannot continue with the refund yet.",
    }
    go_on = {"role": "user", "content": "Keep going."}
    yield _step(history, stuck, go_on)
    yield _step(history, {"role": "assistant", "content": f"Perhaps {_say(rng, 30)}."}, go_on)


KINDS: dict[str, Kind] = {
    each.__name__: each
    for each in (
        same_call,
        spelled_differently,
        narrated,
        polling,
        counting_errors,
        back_and_forth,
        round_and_round,
        edit_and_undo,
        identical,
        stamped,
        reworded,
        apologies,
        thanks,
        empty_answers,
        other_words_same_result,
        with_interludes,
        two_at_once,
        from_the_top,
        compacted,
        stamped_call,
        growing_limit,
        sighs,
    )
}
