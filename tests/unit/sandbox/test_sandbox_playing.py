"""Which script plays, when its bytes leave, and what the sandbox remembers."""

import asyncio
import json
import socket
import statistics
import time
from typing import Any

import httpx

from quarterdeck.sandbox import running


def content(answer: Any) -> str:
    return str(answer.json["choices"][0]["message"]["content"])


def test_a_header_beats_a_model_name_and_that_beats_a_rule(sandbox: Any) -> None:
    sandbox.use({"text": "from the rule"})
    assert content(sandbox.raw()) == "from the rule"
    assert content(sandbox.raw(body=sandbox.chat("x", model="sandbox-echo"))) == "x"
    header = {"text": "from the header"}
    assert content(sandbox.raw(body=sandbox.chat("x", model="sandbox-echo"), script=header)) == "from the header"
    assert [request["script"] for request in sandbox.requests()] == ["rule", "model", "header"]


def test_the_first_rule_that_fits_plays(sandbox: Any) -> None:
    rules = [
        {"when": {"contains": "task 7"}, "script": {"text": "seven"}},
        {"when": {"model": "gpt-4o"}, "script": {"text": "four"}},
        {"when": {"path": "/v1/messages"}, "script": {"text": "claude"}},
    ]
    sandbox.use({"rules": rules})
    assert content(sandbox.raw(body=sandbox.chat("on task 7", model="gpt-4o"))) == "seven"
    assert content(sandbox.raw(body=sandbox.chat(model="gpt-4o"))) == "four"
    assert content(sandbox.raw()) == "Hello from the sandbox."
    assert sandbox.raw("/v1/messages").json["content"] == [{"type": "text", "text": "claude"}]
    assert [rule["script"]["answers"][0]["text"] for rule in sandbox.call("GET", "/sandbox/script")["rules"]] == [
        "seven",
        "four",
        "claude",
    ]


def test_a_bad_script_is_refused_where_it_is_given(sandbox: Any) -> None:
    refused = sandbox.raw("/sandbox/script", {"fault": {"kind": "hang", "before": 1}})
    assert refused.status == 400
    assert refused.json == {"error": "Object contains unknown field `before` - at `fault`"}
    refused = sandbox.raw(script={"words": 0})
    assert refused.status == 400
    assert "script: Expected `int` >= 1" in refused.json["error"]["message"]


def test_the_same_request_and_seed_give_the_same_answer(sandbox: Any) -> None:
    def answer(seed: int, text: str = "hi") -> tuple[bytes, bytes]:
        ask, script = sandbox.chat(text), {"words": 30, "seed": seed}
        return sandbox.raw(body=ask, script=script).body, sandbox.raw(body=ask | {"stream": True}, script=script).body

    first = answer(1)
    sandbox.use({})  # forgets every answer that was made before
    assert answer(1) == first
    assert answer(2) != first
    assert answer(1, "ho") != first


def test_chunks_are_paced(sandbox: Any) -> None:
    script = {"words": 12, "chunks": 6, "timing": {"first_byte_ms": 60, "first_chunk_ms": 40, "chunk_ms": 20}}
    arrivals = [at for at, _ in sandbox.stream(script).arrivals]
    assert 2 <= len(arrivals) <= 10  # head, role, six pieces, finish, done; a busy machine may read some at once
    assert 0.055 < arrivals[0] < arrivals[-1]
    assert arrivals[-1] > 0.25


def test_delays_follow_their_distribution(sandbox: Any) -> None:
    sandbox.use({"timing": {"first_byte_ms": {"kind": "normal", "mean_ms": 15, "sd_ms": 5}}})
    waits = [sandbox.raw().arrivals[0][0] * 1000 for _ in range(40)]
    assert 12 < statistics.median(waits) < 1_000
    assert statistics.stdev(waits) > 2


def test_speed_divides_every_wait(sandbox: Any) -> None:
    sandbox.call("POST", "/sandbox/speed", {"speed": 60})
    began = time.monotonic()
    assert sandbox.raw(script={"timing": {"first_byte_ms": 30_000}}, quiet_s=20).status == 200
    assert 0.5 <= time.monotonic() - began < 20
    assert sandbox.raw("/sandbox/speed", {"speed": 0}).status == 400


def test_it_shows_what_it_received(sandbox: Any) -> None:
    sandbox.raw("/v1/chat/completions?a=b", sandbox.chat("hello"), headers=("Authorization: Bearer k",))
    (request,) = sandbox.requests()
    assert (request["method"], request["path"], request["query"]) == ("POST", "/v1/chat/completions", "a=b")
    assert ["authorization", "Bearer k"] in request["headers"]
    assert json.loads(request["body"])["messages"][0]["content"] == "hello"
    assert (request["outcome"], request["fault"]) == ("answered", None)
    sandbox.raw(body=b"\xff")
    assert sandbox.call("GET", f"/sandbox/requests?after={request['number']}")["requests"][0]["body_base64"] == "/w=="


def test_it_notes_a_client_that_left(sandbox: Any) -> None:
    sandbox.raw(body=sandbox.chat(stream=True, model="sandbox-hang-stream"), quiet_s=0.5, enough=sandbox.chunks(3))
    sandbox.stream({"fault": {"kind": "cut", "after": 1}})
    deadline = time.monotonic() + 20
    while (found := sandbox.requests())[0]["outcome"] == "open" and time.monotonic() < deadline:
        time.sleep(0.01)
    left, cut = found
    assert (left["outcome"], left["fault"], left["sent"]) == ("client_left", "hang", 4)
    assert left["ms"] > 450
    assert (cut["outcome"], cut["fault"]) == ("faulted", "cut")


def test_a_path_of_no_dialect_is_not_found(sandbox: Any) -> None:
    assert sandbox.raw("/v1/nothing").status == 404
    assert sandbox.raw("/sandbox/nothing").status == 404


def test_pipelined_requests_are_answered_in_order(sandbox: Any) -> None:
    asks = [json.dumps(sandbox.chat(text, model="sandbox-echo,timing.first_byte_ms=20")).encode() for text in "abc"]
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        connection.sendall(b"".join((head % len(ask)).encode() + ask for ask in asks))
        data = b""
        while data.count(b"finish_reason") < 3:
            data += connection.recv(65536)
    assert data.index(b'"content":"a"') < data.index(b'"content":"b"') < data.index(b'"content":"c"')


def test_what_is_no_http_is_refused(sandbox: Any) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port)) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


async def test_it_runs_inside_a_test_too() -> None:
    async with running(speed=1000) as server, httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        ask = {"model": "sandbox-slow", "messages": [{"role": "user", "content": "hi"}]}
        answers = await asyncio.gather(*(client.post("/v1/chat/completions", json=ask) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert len(server.sandbox.log.after(0)) == 20


async def test_a_big_body_is_taken_and_a_big_answer_given() -> None:
    async with running(keep=2) as server, httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        text = "x" * 5_000_000
        ask = {"model": "sandbox-echo", "messages": [{"role": "user", "content": text}]}
        for _ in range(3):
            answer = await client.post("/v1/chat/completions", json=ask)
            assert answer.json()["choices"][0]["message"]["content"] == text
        assert len(server.sandbox.log.after(0)) == 2


async def test_a_slow_reader_gets_every_byte_of_a_stream() -> None:
    async with running() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]), limit=1024)
        body = json.dumps({"model": "sandbox-words,words=60000", "messages": [{"role": "user"}], "stream": True})
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write((head + body).encode())
        await asyncio.sleep(0.1)
        data = bytearray()
        while not data.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n"):
            data += await reader.read(65536)
        assert data.count(b'"finish_reason":null') == 60_001
        writer.close()


async def test_a_sandbox_that_remembers_nothing_answers_the_same() -> None:
    """It then answers known bytes unread; the script may still change, and pipelined requests still count."""
    body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]})
    ask = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()
    async with running(keep=0) as server, httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))

        async def answers(count: int) -> list[bytes]:
            writer.write(ask * count)
            data = b""
            while data.count(b"fp_sandbox") < count:
                data += await asyncio.wait_for(reader.read(65536), 20)
            return data.split(b"HTTP/1.1 200 OK")[1:]

        (first,) = await answers(1)
        assert await answers(1) == [first]
        assert await answers(3) == await answers(3) == [first, first, first]
        assert server.sandbox.log.after(0) == []
        await client.post("/sandbox/script", json={"text": "other"})
        (second,) = await answers(1)
        assert b'"content":"other"' in second
        assert await answers(2) == [second, second]
        writer.close()
