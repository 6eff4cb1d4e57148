"""Bodies come back byte for byte, and are stored once."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ledger_world import NOON, World, chat, record

from quarterdeck.kernel.clock import MINUTE
from quarterdeck.ledger import calls, partitions
from quarterdeck.ledger.packs import BodyGone
from quarterdeck.ledger.rebuild import Bodies
from quarterdeck.ledger.record import CallRecord
from quarterdeck.ledger.tables import contents, nodes


def corpus() -> Path:
    named = os.environ.get("QUARTERDECK_CORPUS")
    return Path(named) if named else Path(__file__).parents[4] / "shared" / "corpus"


def recorded() -> list[dict[str, Any]]:
    rows = []
    for path in sorted((corpus() / "provider_traffic").glob("*.jsonl")):
        rows += [json.loads(line) for line in path.read_text().splitlines()]
    return rows


def request_of(row: dict[str, Any]) -> bytes:
    return json.dumps(row["request"], ensure_ascii=False).encode()


def response_of(row: dict[str, Any]) -> bytes:
    if row["response_kind"] == "base64":
        return base64.b64decode(row["response"])
    text = row["response"] if row["response_kind"] == "text" else json.dumps(row["response"], indent=1)
    return str(text).encode()


async def kept(world: World, made: CallRecord) -> tuple[bytes, bytes]:
    async with world.db.read() as tx:
        call = await calls.get(tx, made.workspace_id, made.id)
    rebuilder = Bodies(world.db, world.packs)
    return (await rebuilder.request(call)).body, await rebuilder.response(call)


async def test_every_recorded_exchange_comes_back_byte_for_byte(world: World) -> None:
    rows = recorded()
    assert len(rows) > 400
    made = [
        record(NOON + n, request_body=request_of(row), response_body=response_of(row)) for n, row in enumerate(rows)
    ]
    await world.take(*made)
    for each in made:
        assert await kept(world, each) == (each.request_body, each.response_body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not JSON",
        b'{"messages":[{"role":"user","content":"a"}],"messages":[{"role":"user","content":"b"}]}',
        b' {\r\n "messages" : [ { "role":"user" , "content" : "\\u00e9\xc3\xa9" } ,\t{"content":[]} ] } \n',
        b'{"messages":[{"role":"user","content":"caf\xe9"}]}',
        b'{"messages":[{"role":"user","content":"' + b"x" * 3_000_000 + b'"}]}',
        bytes(range(256)) * 5,
    ],
    ids=["empty", "no JSON", "repeated key", "odd spaces", "not UTF-8", "three megabytes", "binary"],
)
async def test_any_body_comes_back_byte_for_byte(world: World, body: bytes) -> None:
    made = record(request_body=body, response_body=body)
    await world.take(made)
    assert await kept(world, made) == (body, body)


async def test_a_message_is_stored_once_however_often_it_is_sent_again(world: World) -> None:
    turns = [f"turn {n}" for n in range(31)]
    made = [record(NOON + n * MINUTE, request_body=chat(*turns[: n + 1])) for n in range(0, 31, 2)]
    await world.take(*made)
    async with world.db.read() as tx:
        epoch = partitions.epoch_of(NOON)
        for table, expected in ((nodes, 31), (contents, 31 + 1)):
            week = partitions.of_epoch(tx, table, epoch)
            found = await tx.scalar(sa.select(sa.func.count()).select_from(week))
            assert found == expected, table.name  # the contents of 31 messages and one envelope
    for each in made:
        assert (await kept(world, each))[0] == each.request_body


async def test_an_ingester_that_starts_anew_finds_what_is_stored(world: World) -> None:
    turns = [f"turn {n}" for n in range(20)]
    await world.take(record(NOON, request_body=chat(*turns)))
    size = world.packs.size()
    world.ingester = world.new_ingester()
    again = record(NOON + MINUTE, request_body=chat(*turns), response_body=b"", request_headers=[], response_headers=[])
    await world.take(again)
    assert world.packs.size() == size
    assert (await kept(world, again))[0] == again.request_body


async def test_a_long_conversation_takes_room_for_itself_and_not_for_its_square(world: World) -> None:
    turns = [f"{n}: " + " ".join(f"word{(n * 7 + k * k) % 997}" for k in range(60)) for n in range(200)]
    said = sent = 0
    made = []
    for n in range(100):
        body = chat(*turns[: 2 * n + 1])
        answer = json.dumps({"choices": [{"message": {"role": "assistant", "content": turns[2 * n + 1]}}]}).encode()
        made.append(record(NOON + n * MINUTE, request_body=body, response_body=answer))
        sent += len(body)
    said = sum(map(len, turns))
    await world.take(*made)
    assert world.packs.size() < said
    assert sent > 40 * said


async def test_messages_of_another_week_are_stored_again(world: World) -> None:
    later = NOON + partitions.WEEK
    first, second = record(NOON, request_body=chat("a", "b", "c")), record(later, request_body=chat("a", "b", "c"))
    await world.take(first, second)
    for each in (first, second):
        assert (await kept(world, each))[0] == each.request_body
    async with world.db.transaction() as tx:
        await partitions.drop_epoch(tx, partitions.epoch_of(NOON))
    world.packs.drop("ws_1", partitions.epoch_of(NOON))
    assert (await kept(world, second))[0] == second.request_body
    with pytest.raises(BodyGone):
        await kept(world, first)


async def test_workspaces_share_nothing(world: World) -> None:
    made = [record(NOON, workspace_id=workspace, request_body=chat("same")) for workspace in ("ws_1", "ws_2")]
    await world.take(*made)
    world.packs.drop("ws_1", partitions.epoch_of(NOON))
    assert (await kept(world, made[1]))[0] == made[1].request_body
    with pytest.raises(BodyGone):
        await kept(world, made[0])


async def test_what_was_not_to_be_kept_is_said_to_be_so(world: World) -> None:
    made = record(
        body_mode="none",
        request_body=b"",
        response_body=b"",
        request_headers=[],
        response_headers=[],
        request_size=77,
        response_size=88,
    )
    await world.take(made)
    [row] = await world.calls()
    assert (row["request_size"], row["response_size"]) == (77, 88)
    assert world.packs.size() == 0
    with pytest.raises(BodyGone, match="not kept"):
        await kept(world, made)


async def test_secrets_are_not_stored_where_bodies_are_redacted(world: World) -> None:
    key = "sk-proj-abcdefghijklmnop1234567890"
    made = record(
        body_mode="redacted",
        request_body=chat("first", "second", f"my key is {key}"),
        response_body=json.dumps({"said": key}).encode(),
        request_headers=[("x-key", key)],
    )
    await world.take(made)
    assert await kept(world, made) == (
        made.request_body.replace(key.encode(), b"[redacted:api_key]"),
        json.dumps({"said": "[redacted:api_key]"}).encode(),
    )
    [row] = await world.calls()
    assert (row["body_mode"], row["request_size"]) == ("redacted", len(made.request_body))
    async with world.db.read() as tx:
        detail = await Bodies(world.db, world.packs).detail(await calls.get(tx, "ws_1", made.id))
    assert detail.extra == {"redacted": 3}


async def test_headers_and_chunk_times_are_kept_with_the_body(world: World) -> None:
    made = record(chunk_times=bytes(range(16)), extra={"mismatch": "x"})
    await world.take(made)
    async with world.db.read() as tx:
        call = await calls.get(tx, "ws_1", made.id)
    detail = await Bodies(world.db, world.packs).detail(call)
    assert detail.request_headers == made.request_headers
    assert detail.response_headers == made.response_headers
    assert detail.chunk_times == made.chunk_times
    assert detail.extra == {"mismatch": "x"}


async def conversation_ids(world: World, *made: CallRecord) -> list[str | None]:
    await world.take(*made)
    found = {row["id"]: row["conversation_id"] for row in await world.calls()}
    return [found[each.id] for each in made]


async def test_calls_that_continue_each_other_are_one_conversation(world: World) -> None:
    system = {"role": "system", "content": "You help."}
    other = {"role": "system", "content": "You help. It is Tuesday."}

    def body(system: dict[str, str], *contents: str) -> bytes:
        rest = json.loads(chat(*contents))["messages"]
        return json.dumps({"model": "m", "messages": [system, *rest]}).encode()

    ids = await conversation_ids(
        world,
        record(NOON, request_body=body(system, "hi")),
        record(NOON + 1, request_body=body(system, "hi", "hello", "how are you?")),
        record(NOON + 2, request_body=body(other, "hi", "hello", "how are you?", "fine", "good")),
    )
    assert ids[0] is not None
    assert ids[0].startswith("conv_")
    assert len(set(ids)) == 1
    async with world.db.read() as tx:
        found = await calls.conversation(tx, "ws_1", ids[0])
    assert found.calls == 3
    assert found.cost == 3 * 21_000
    assert (found.started_at, found.last_at) == (NOON, NOON + 2)


async def test_another_beginning_run_or_agent_is_another_conversation(world: World) -> None:
    ids = await conversation_ids(
        world,
        record(NOON, request_body=chat("hi")),
        record(NOON, request_body=chat("ho")),
        record(NOON, request_body=chat("hi"), run_id="run_2"),
        record(NOON, request_body=chat("hi"), agent_id="agt_2"),
        record(NOON, request_body=chat("hi"), run_id=None, session="s1"),
        record(NOON, request_body=chat("hi"), run_id=None, session="s2"),
        record(NOON, request_body=chat("hi"), run_id=None),
    )
    assert len(set(ids)) == 7


async def test_a_body_without_messages_belongs_to_no_conversation(world: World) -> None:
    ids = await conversation_ids(
        world,
        record(NOON, request_body=b'{"model":"m","input":"text"}'),
        record(NOON, request_body=b"", body_mode="none"),
        record(NOON, request_body=b"", body_mode="none", session="s1"),
    )
    assert ids[:2] == [None, None]
    assert ids[2] is not None, "the client's own session has to do where bodies are not kept"


async def test_a_damaged_pack_is_told_and_not_guessed(world: World) -> None:
    made = record(request_body=chat("x" * 5_000))
    await world.take(made)
    [path] = (world.data / "packs").rglob("*.qdp")
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BodyGone, match="damaged"):
        await kept(world, made)
