"""Each fault, seen on the socket."""

import gzip
import json
import time
import zlib
from email.utils import parsedate_to_datetime
from typing import Any

import brotli
import pytest

WORDS = {"words": 20, "seed": 3}


def faulty(kind: str, **fields: Any) -> dict[str, Any]:
    return WORDS | {"fault": {"kind": kind, **fields}}


def good(sandbox: Any) -> list[bytes]:
    return list(sandbox.stream(WORDS).parts)


def test_without_a_fault_a_stream_ends_as_http_and_openai_say(sandbox: Any) -> None:
    answer = sandbox.stream(WORDS)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.parts[-2:] == [b"data: [DONE]\n\n", b""]
    assert answer.ended == "open"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 429, 500, 502, 503, 529])
def test_a_status_is_answered_in_the_dialects_shape(sandbox: Any, status: int) -> None:
    answer = sandbox.raw(body=sandbox.chat(model=f"sandbox-{status}"))
    assert answer.status == status
    assert set(answer.json["error"]) == {"message", "type", "param", "code"}


def test_retry_after_comes_in_seconds_as_a_date_or_in_milliseconds(sandbox: Any) -> None:
    seconds = sandbox.raw(script=faulty("status", status=429, retry_after_s=7)).headers
    assert seconds["retry-after"] == "7"
    date = sandbox.raw(script=faulty("status", status=429, retry_after_date_s=90)).headers
    received = sandbox.requests()[-1]["at"]
    assert 85 < parsedate_to_datetime(date["retry-after"]).timestamp() - received < 120
    time.sleep(1.1)
    later = sandbox.raw(script=faulty("status", status=429, retry_after_date_s=90)).headers
    assert parsedate_to_datetime(later["retry-after"]) > parsedate_to_datetime(date["retry-after"])
    ms = sandbox.raw(script=faulty("status", status=503, retry_after_ms=250)).headers
    assert ms["retry-after-ms"] == "250"
    assert "retry-after" not in ms


@pytest.mark.parametrize("stream", [False, True])
def test_it_hangs_before_the_headers(sandbox: Any, stream: bool) -> None:
    answer = sandbox.raw(body=sandbox.chat(stream=stream), script=faulty("hang"), quiet_s=0.3)
    assert (answer.status, answer.body, answer.ended) == (None, b"", "open")


def test_it_hangs_in_the_middle_of_a_stream(sandbox: Any) -> None:
    answer = sandbox.stream(faulty("hang", after=3), quiet_s=0.5, enough=sandbox.chunks(3))
    assert answer.parts == good(sandbox)[:3]
    assert answer.ended == "open"


def test_it_hangs_for_a_while_and_goes_on(sandbox: Any) -> None:
    answer = sandbox.stream(faulty("hang", after=2, for_ms=1_000))
    assert answer.parts == good(sandbox)
    assert answer.arrivals[0][0] < answer.arrivals[-1][0]
    assert answer.arrivals[-1][0] > 0.99


@pytest.mark.parametrize(("kind", "ended"), [("cut", "fin"), ("reset", "reset")])
def test_a_stream_is_cut_politely_or_by_a_reset(sandbox: Any, kind: str, ended: str) -> None:
    answer = sandbox.stream(faulty(kind, after=3))
    assert answer.parts == good(sandbox)[:3]
    assert answer.ended == ended


@pytest.mark.parametrize(("kind", "ended"), [("cut", "fin"), ("reset", "reset")])
def test_a_connection_ends_before_the_headers(sandbox: Any, kind: str, ended: str) -> None:
    answer = sandbox.raw(script=faulty(kind))
    assert (answer.status, answer.ended) == (None, ended)


@pytest.mark.parametrize(("kind", "ended"), [("cut", "fin"), ("reset", "reset"), ("hang", "open")])
def test_an_answer_that_is_no_stream_stops_in_its_body(sandbox: Any, kind: str, ended: str) -> None:
    whole = sandbox.raw(script=WORDS)
    answer = sandbox.raw(script=faulty(kind, after=2), quiet_s=0.5, enough=sandbox.some_body)
    assert answer.headers["content-length"] == whole.headers["content-length"]
    assert whole.body.startswith(answer.body)
    assert len(answer.body) == pytest.approx(len(whole.body) / 2, abs=4)
    assert answer.ended == ended


def test_a_body_drips(sandbox: Any) -> None:
    answer = sandbox.raw(script={"text": "x"} | {"fault": {"kind": "drip", "every_ms": 250, "size": 100}})
    assert answer.json["choices"][0]["message"]["content"] == "x"
    # A busy machine may read two drops at once.
    assert all(size % 100 == 0 for _, size in answer.arrivals[1:-1])
    assert answer.arrivals[-1][0] > 0.25 * (len(answer.body) // 100 - 1)


def test_a_body_drips_one_byte_a_second_by_default(sandbox: Any) -> None:
    answer = sandbox.raw(body=sandbox.chat(model="sandbox-drip"), quiet_s=0.6, enough=sandbox.some_body)
    assert len(answer.body) == 1


@pytest.mark.parametrize("form", ["json", "framing", "binary"])
def test_a_stream_turns_to_garbage(sandbox: Any, form: str) -> None:
    answer = sandbox.stream(faulty("malformed_sse", form=form, after=2))
    *before, garbage, end = answer.parts
    assert before == good(sandbox)[:2]
    assert end == b""
    with pytest.raises(ValueError):
        json.loads(garbage.decode().removeprefix("data: "))
    assert sandbox.raw(script=faulty("malformed_sse", form=form)).json["choices"]


def test_json_stops_in_the_middle_with_a_length_that_fits(sandbox: Any) -> None:
    answer = sandbox.raw(script=faulty("malformed_json"))
    assert int(answer.headers["content-length"]) == len(answer.body)
    with pytest.raises(ValueError):
        json.loads(answer.body)
    assert sandbox.stream(faulty("malformed_json")).parts == good(sandbox)


def test_an_error_comes_inside_a_stream_that_began_well(sandbox: Any) -> None:
    answer = sandbox.stream(faulty("error_event", after=2, status=503, message="no more"))
    assert answer.status == 200
    assert answer.parts[:2] == good(sandbox)[:2]
    assert json.loads(answer.parts[2].removeprefix(b"data: "))["error"]["message"] == "no more"
    assert answer.parts[3:] == [b""]


@pytest.mark.parametrize("stream", [False, True])
def test_a_success_carries_an_error(sandbox: Any, stream: bool) -> None:
    answer = sandbox.raw(body=sandbox.chat(stream=stream), script=faulty("error_body", message="oh"))
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json["error"]["message"] == "oh"


def test_a_success_carries_nothing(sandbox: Any) -> None:
    assert sandbox.raw(script=faulty("empty")).headers["content-length"] == "0"
    assert sandbox.stream(faulty("empty")).parts == [b""]


@pytest.mark.parametrize("by", [25, -25])
def test_the_content_length_is_wrong(sandbox: Any, by: int) -> None:
    answer = sandbox.raw(script=faulty("wrong_length", by=by))
    assert int(answer.headers["content-length"]) == len(answer.body) + by
    assert answer.ended == "fin"
    assert json.loads(answer.body)["choices"]


def test_a_stream_never_says_that_it_ended(sandbox: Any) -> None:
    assert sandbox.stream(faulty("no_end")).parts == [*good(sandbox)[:-2], b""]


def test_a_fault_happens_a_number_of_times(sandbox: Any) -> None:
    sandbox.use(faulty("status", status=500, times=2))
    assert [sandbox.raw().status for _ in range(4)] == [500, 500, 200, 200]
    sandbox.use(faulty("status", status=500, times=2))
    assert sandbox.raw().status == 500


def test_a_fault_happens_to_a_share_and_the_seed_says_which(sandbox: Any) -> None:
    def statuses(seed: int) -> list[int]:
        sandbox.use({"seed": seed, "fault": {"kind": "status", "status": 500, "rate": 0.3}})
        return [sandbox.raw().status for _ in range(60)]

    first = statuses(1)
    assert 8 <= first.count(500) <= 28
    assert first == statuses(1) != statuses(2)


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_an_answer_is_compressed(sandbox: Any, encoding: str) -> None:
    plain = sandbox.raw(script=WORDS).body
    answer = sandbox.raw(script=WORDS | {"encoding": encoding})
    assert answer.headers["content-encoding"] == encoding
    assert (gzip.decompress if encoding == "gzip" else brotli.decompress)(answer.body) == plain


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_a_compressed_stream_can_be_read_event_by_event(sandbox: Any, encoding: str) -> None:
    answer = sandbox.stream(WORDS | {"encoding": encoding})
    reader: Any = zlib.decompressobj(wbits=31) if encoding == "gzip" else brotli.Decompressor()
    read = reader.decompress if encoding == "gzip" else reader.process
    assert [read(part) for part in answer.parts[:-1]] == good(sandbox)[:-1]
