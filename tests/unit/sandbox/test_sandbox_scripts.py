"""What a script may say, and that what it may not say is named."""

import random

import pytest

from quarterdeck.sandbox.catalogue import NAMED, UnknownScript, script_of_model
from quarterdeck.sandbox.rules import rules_from_json
from quarterdeck.sandbox.sandbox import drawn
from quarterdeck.sandbox.scripts import Answer, BadScript, Hang, Lognormal, ScriptedUsage, script_from, script_from_json


def test_a_script_of_one_answer_may_be_written_in_place() -> None:
    script = script_from({"text": "hi", "chunks": 2, "usage": {"input": 3}})
    assert script.answers == (Answer(text="hi", chunks=2),)
    assert script.usage == ScriptedUsage(input=3)


def test_answer_n_is_for_turn_n_and_the_last_repeats() -> None:
    script = script_from({"answers": [{"text": "one"}, {"text": "two"}]})
    assert [script.answer_for(turn).text for turn in range(4)] == ["one", "two", "two", "two"]


def test_faults_and_delays_are_told_apart_by_kind() -> None:
    script = script_from(
        {
            "fault": {"kind": "hang", "after": 2, "times": 1},
            "timing": {"first_byte_ms": {"kind": "lognormal", "median_ms": 100, "sigma": 0.5}},
        }
    )
    assert script.fault == Hang(after=2, times=1)
    assert script.timing.first_byte_ms == Lognormal(100, 0.5)


@pytest.mark.parametrize(
    ("script", "named"),
    [
        ([], "a script is a JSON object"),
        ({"txt": "hi"}, "unknown field `txt`"),
        ({"answers": []}, "length >= 1 - at `answers`"),
        ({"answers": [{"text": "a"}, {"text": 1}]}, "at `answers[1].text`"),
        ({"answers": [{"text": "a"}], "text": "b"}, "`answers` and `text` exclude each other"),
        ({"text": 1}, "at `the answer.text`"),
        ({"text": "a", "echo": True}, "`text`, `words` and `echo` exclude each other"),
        ({"words": 0}, "`the answer.words`"),
        ({"chunks": 0}, "`the answer.chunks`"),
        ({"tools": [{"name": ""}]}, "`the answer.tools[0].name`"),
        ({"usage": {"input": -1}}, "`usage.input`"),
        ({"usage": {"input": 10, "cache_read": 11}}, "`input` is a total"),
        ({"usage": {"output": 10, "reasoning": 11}}, "`output` is a total"),
        ({"timing": {"chunk_ms": -1}}, "`timing.chunk_ms`"),
        ({"timing": {"chunk_ms": {"kind": "zipf"}}}, "'zipf' - at `timing.chunk_ms.kind`"),
        ({"timing": {"chunk_ms": {"kind": "uniform", "low_ms": 2, "high_ms": 1}}}, "`high_ms` is below `low_ms`"),
        ({"fault": {"kind": "explode"}}, "`fault.kind`"),
        ({"fault": {"kind": "status"}}, "missing required field `status` - at `fault`"),
        ({"fault": {"kind": "status", "status": 200}}, "`fault.status`"),
        ({"fault": {"kind": "hang", "before": 3}}, "unknown field `before` - at `fault`"),
        ({"fault": {"kind": "cut", "rate": 2}}, "`fault.rate`"),
        ({"fault": {"kind": "wrong_length", "by": 0}}, "`by` 0 would be the right length"),
        ({"replay": {"file": "../secrets.jsonl", "id": "x"}}, "`replay.file`"),
        ({"encoding": "zip"}, "`encoding`"),
    ],
)
def test_it_refuses_a_script_and_names_the_field(script: object, named: str) -> None:
    with pytest.raises(BadScript) as refusal:
        script_from(script)
    assert named in str(refusal.value)


def test_it_refuses_what_is_no_json() -> None:
    with pytest.raises(BadScript, match="this is not"):
        script_from_json("{text: hi}")


@pytest.mark.parametrize("name", NAMED)
def test_every_named_script_can_be_played(name: str) -> None:
    assert script_of_model(f"sandbox-{name}") == script_of_model(f"sandbox/{name}") == script_of_model(name)


def test_a_model_name_may_set_fields_of_a_script() -> None:
    script = script_of_model("sandbox-words,words=3,timing.chunk_ms=20,model=gpt-4o")
    assert script is not None
    assert (script.answers[0].words, script.timing.chunk_ms, script.model) == (3, 20, "gpt-4o")


def test_a_model_of_somebody_else_names_no_script() -> None:
    assert script_of_model("gpt-4o-mini") is None


def test_it_refuses_a_model_name_with_an_unknown_script_or_field() -> None:
    with pytest.raises(UnknownScript, match="no script 'nosuch'"):
        script_of_model("sandbox-nosuch")
    with pytest.raises(BadScript, match="FIELD=VALUE"):
        script_of_model("sandbox-fixed,fast")
    with pytest.raises(BadScript, match="unknown field `speed` - at `timing`"):
        script_of_model("sandbox-fixed,timing.speed=1")


def test_rules_are_a_script_for_all_or_a_list() -> None:
    (one,) = rules_from_json(b'{"text": "hi"}')
    assert one.when.fits("any", "/v1/messages", b"{}")
    first, _ = rules_from_json(
        b'{"rules": [{"when": {"model": "m", "contains": "task 7"}, "script": {"text": "a"}}, {"script": {}}]}'
    )
    assert first.when.fits("m", "/x", b"on task 7 now")
    assert not first.when.fits("m", "/x", b"on task 8 now")
    assert not first.when.fits("n", "/x", b"on task 7 now")


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ('{"rules": 1}', "`rules` is a list"),
        ('{"rules": [{"when": {}}]}', "rules[0]"),
        ('{"rules": [{"script": {}}, {"when": {"modell": "m"}, "script": {}}]}', "rules[1].when"),
        ('{"rules": [{"script": {"words": -1}}]}', "rules[0].script"),
    ],
)
def test_it_refuses_bad_rules_and_names_the_place(rules: str, named: str) -> None:
    with pytest.raises(BadScript) as refusal:
        rules_from_json(rules.encode())
    assert named in str(refusal.value)


def test_a_lognormal_delay_has_its_median_and_its_tail() -> None:
    draw = random.Random(1)
    sample = sorted(drawn(Lognormal(600, 0.5), draw) for _ in range(4000))
    assert 570 < sample[2000] < 630
    assert 1700 < sample[3960] < 2200
