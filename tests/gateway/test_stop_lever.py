"""The stop lever at the gateway: what is paused is refused or held, what is killed ends at once and is priced."""

import asyncio
import time
from collections import Counter
from typing import Any

import anthropic
import httpx
import msgspec
import openai
import pytest
from gateway_world import KEY, PATIENCE_S, RUN_KEY, Gateway, until

STREAMS = 200
CHAT = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
SLOW = {"words": 400, "chunks": 400, "timing": {"chunk_ms": 300}}


def pause(gateway: Gateway, *, hold_s: int = 0, state: str = "paused") -> None:
    gateway.runs["run_1"] = msgspec.structs.replace(gateway.runs["run_1"], state=state, hold_s=hold_s)
    gateway.publish()


async def follow(gateway: Gateway, ends: list[bytes]) -> None:
    """A stream's client that costs next to nothing; `ends` gets the stream's last bytes."""
    host, port = gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body, script = msgspec.json.encode(CHAT), msgspec.json.encode(SLOW).decode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
        f"x-sandbox-script: {script}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    writer.write(head.encode() + body)
    last = b""
    while chunk := await reader.read(65536):
        last = (last + chunk)[-400:]
    ends.append(last)
    writer.close()


async def test_two_hundred_open_streams_end_at_once_with_a_proper_error_and_are_priced(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.gateway.open_calls.END_WAIT_S", PATIENCE_S)
    ends: list[bytes] = []
    following = [asyncio.create_task(follow(gateway, ends)) for _ in range(STREAMS)]
    async with asyncio.timeout(60):
        while sum(call.first_byte is not None for call in gateway.open_calls.traffic()[1]) < STREAMS:
            await asyncio.sleep(0.05)
    count = await gateway.open_calls.end("agent", ["agt_1"], "run_stopped", "A person stopped this run.")
    assert count == STREAMS
    assert len(gateway.open_calls) == 0
    async with asyncio.timeout(PATIENCE_S):  # the streams have longer to go
        await asyncio.gather(*following)
    assert all(b"run_stopped" in last and b"A person stopped this run." in last for last in ends)
    # The provider has seen every one of them go.
    await until(lambda: all(each.outcome == "client_left" for each in gateway.seen))
    records = gateway.records()
    assert len(records) == STREAMS
    assert {(each.outcome, each.error_code) for each in records} == {("cut", "run_stopped")}
    assert all(each.cost is not None and each.cost > 0 and each.usage_source == "estimated" for each in records)


async def test_a_server_that_is_told_to_stop_ends_what_is_open_in_words_and_records_it(gateway: Gateway) -> None:
    """What the provider did for them is billed: cancelled without a record, it would be missing from the account."""
    ends: list[bytes] = []
    following = asyncio.create_task(follow(gateway, ends))
    await until(lambda: [call for call in gateway.open_calls.traffic()[1] if call.first_byte is not None])
    waiting = asyncio.create_task(gateway.chat(script={"timing": {"first_byte_ms": 600_000}}))
    await until(lambda: len(gateway.open_calls) == 2)
    gateway.stop()
    async with asyncio.timeout(PATIENCE_S):
        answer = await waiting
        await following
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "server_stopping")
    assert answer.headers["retry-after"] == "1"
    assert b"server_stopping" in ends[0] and ends[0].endswith(b"0\r\n\r\n")
    await gateway.record(2)
    assert {(each.outcome, each.error_code) for each in gateway.records()} == {
        ("cut", "server_stopping"),
        ("error", "server_stopping"),
    }
    cut = next(each for each in gateway.records() if each.outcome == "cut")
    assert cut.cost is not None and cut.cost > 0


async def test_a_call_of_another_agent_goes_on(gateway: Gateway) -> None:
    ends: list[bytes] = []
    following = asyncio.create_task(follow(gateway, ends))
    await until(lambda: len(gateway.open_calls))
    assert await gateway.open_calls.end("agent", ["agt_2"], "run_stopped", "Stopped.") == 0
    assert await gateway.open_calls.end("workspace", ["ws_2"], "run_stopped", "Stopped.") == 0
    assert await gateway.open_calls.end("workspace", ["ws_1"], "run_stopped", "Stopped.") == 1
    await following


class Load:
    """Connections that send one request over and over, as fast as it is answered, and read no more than they must."""

    def __init__(self, gateway: Gateway) -> None:
        self.statuses: Counter[bytes] = Counter()
        self._where = gateway.url.removeprefix("http://").split(":")
        body = msgspec.json.encode({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]})
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {RUN_KEY}\r\n"
        rest = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._request = (head + rest).encode() + body
        self._stop = False

    async def send(self) -> None:
        reader, writer = await asyncio.open_connection(self._where[0], int(self._where[1]))
        while not self._stop:
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(size)
            self.statuses[head[9:12]] += 1
        writer.close()

    async def until(self, status: bytes, count: int) -> float:
        """Calls a second from now until so many were answered like that."""
        began, before = time.monotonic(), self.statuses.total()
        async with asyncio.timeout(60):
            while self.statuses[status] < count:
                await asyncio.sleep(0.02)
        return (self.statuses.total() - before) / (time.monotonic() - began)

    def stop(self) -> None:
        self._stop = True


async def test_a_pause_under_a_thousand_calls_a_second_lets_none_through_once_it_is_acknowledged(
    gateway: Gateway,
) -> None:
    load = Load(gateway)
    sending = [asyncio.create_task(load.send()) for _ in range(32)]
    passing = await load.until(b"200", 1_000)
    pause(gateway)
    # Whatever was at the provider then may end; nothing else may begin.
    open_then, seen_then = len(gateway.open_calls), gateway.seen[-1].number
    refusing = await load.until(b"400", 2_000)
    load.stop()
    await asyncio.gather(*sending)
    leaked = gateway.seen[-1].number - seen_then - open_then
    print(f"{passing:.0f} calls/s before, {refusing:.0f} refusals/s after; {open_then} in flight then, leaked {leaked}")
    assert set(load.statuses) == {b"200", b"400"}
    assert leaked <= 0


async def test_a_call_that_was_let_in_before_the_pause_is_not_sent_after_it(gateway: Gateway) -> None:
    """It is identified when its head is here; its body comes, and the pause with it, a moment later."""
    reader, writer = await asyncio.open_connection(*httpx.URL(gateway.url).netloc.decode().split(":"))
    body = msgspec.json.encode({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {RUN_KEY}\r\n"
    writer.write(f"{head}content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body[:10])
    await asyncio.sleep(0.1)
    pause(gateway)
    writer.write(body[10:])
    assert b"400" in await reader.readline()
    assert gateway.seen == []
    writer.close()


async def test_a_held_call_goes_through_when_its_run_is_resumed(gateway: Gateway) -> None:
    pause(gateway, hold_s=20)
    asking = asyncio.create_task(gateway.post("/v1/chat/completions", {**CHAT, "stream": False}, key=RUN_KEY))
    await asyncio.sleep(0.3)
    assert not asking.done()
    assert gateway.seen == []
    pause(gateway, state="open")
    assert (await asking).status_code == 200


async def test_a_held_call_is_refused_when_nobody_resumes_it(gateway: Gateway) -> None:
    pause(gateway, hold_s=1)
    began = time.monotonic()
    answer = await gateway.post("/v1/chat/completions", {**CHAT, "stream": False}, key=RUN_KEY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "task_paused")
    assert time.monotonic() - began >= 1
    assert gateway.seen == []


async def test_a_call_of_a_paused_agent_is_held_too(gateway: Gateway) -> None:
    gateway.agent = msgspec.structs.replace(gateway.agent, desired="paused", hold_s=20)
    gateway.publish()
    asking = asyncio.create_task(gateway.chat())
    await asyncio.sleep(0.2)
    gateway.agent = msgspec.structs.replace(gateway.agent, desired="enabled", hold_s=0)
    gateway.publish()
    assert (await asking).status_code == 200


async def test_a_call_of_a_session_that_a_task_adopted_is_that_tasks_and_stops_with_it(gateway: Gateway) -> None:
    gateway.sessions["agt_1:claude-1"] = (None, "tsk_8")
    gateway.publish()
    asked = {**CHAT, "stream": False}
    named = {"x-claude-code-session-id": "claude-1"}
    assert (await gateway.post("/v1/chat/completions", asked, **named)).status_code == 200
    gateway.paused_tasks["tsk_8"] = 0
    gateway.publish()
    refused = await gateway.post("/v1/chat/completions", asked, **named)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "task_paused")
    assert (await gateway.post("/v1/chat/completions", asked)).status_code == 200
    found = [(each.run_id, each.task_id, each.attribution, each.outcome) for each in gateway.records()]
    adopted = (None, "tsk_8", "session_header")
    assert found == [(*adopted, "ok"), (*adopted, "refused"), (None, None, "unclaimed", "ok")]


async def test_a_held_call_whose_key_dies_is_refused_for_that(gateway: Gateway) -> None:
    pause(gateway, hold_s=20)
    asking = asyncio.create_task(gateway.post("/v1/chat/completions", {**CHAT, "stream": False}, key=RUN_KEY))
    await asyncio.sleep(0.2)
    gateway.keys[RUN_KEY] = msgspec.structs.replace(gateway.keys[RUN_KEY], state="ended")
    gateway.publish()
    assert (await asking).json()["error"]["code"] == "run_ended"


async def test_official_clients_raise_our_words_and_do_not_try_again(gateway: Gateway) -> None:
    pause(gateway)
    ask: list[Any] = [{"role": "user", "content": "Hello"}]
    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=RUN_KEY, max_retries=5) as first:
        with pytest.raises(openai.BadRequestError, match="This task is held") as refused:
            await first.chat.completions.create(model="gpt-4o-mini", messages=ask)
    assert refused.value.code == "task_paused"
    async with anthropic.AsyncAnthropic(base_url=gateway.url, api_key=RUN_KEY, max_retries=5) as second:
        with pytest.raises(anthropic.BadRequestError, match="This task is held"):
            await second.messages.create(model="claude-haiku-4-5", max_tokens=10, messages=ask)
    assert [each.outcome for each in gateway.records()] == ["refused", "refused"]


async def test_official_clients_raise_our_words_when_a_stream_is_killed(gateway: Gateway) -> None:
    script = msgspec.json.encode(SLOW).decode()
    ask: list[Any] = [{"role": "user", "content": "Hello"}]

    async def stop_soon() -> None:
        await until(lambda: any(call.first_byte is not None for call in gateway.open_calls.traffic()[1]))
        await gateway.open_calls.end("run", ["run_1"], "run_stopped", "A person stopped this run.")

    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=RUN_KEY, max_retries=5) as first:
        stopping = asyncio.create_task(stop_soon())
        with pytest.raises(openai.APIError, match="A person stopped this run"):
            stream = await first.chat.completions.create(
                model="gpt-4o-mini", messages=ask, stream=True, extra_headers={"x-sandbox-script": script}
            )
            async for _ in stream:
                pass
        await stopping
    async with anthropic.AsyncAnthropic(base_url=gateway.url, api_key=RUN_KEY, max_retries=5) as second:
        stopping = asyncio.create_task(stop_soon())
        with pytest.raises(anthropic.APIError, match="A person stopped this run"):
            async with second.messages.stream(
                model="claude-haiku-4-5", max_tokens=500, messages=ask, extra_headers={"x-sandbox-script": script}
            ) as events:
                async for _ in events:
                    pass
        await stopping
    assert [each.error_code for each in gateway.records()] == ["run_stopped", "run_stopped"]
