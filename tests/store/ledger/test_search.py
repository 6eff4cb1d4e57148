"""Calls found by the words in them, on both stores: what is indexed, how it is asked for, and when it goes."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from ledger_api import Api
from ledger_world import NOON, World, chat, record

from quarterdeck.access.actors import Role
from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY, MINUTE, SECOND, FakeClock
from quarterdeck.ledger import listing, retention
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.derived_tables import turns
from quarterdeck.ledger.packs import Packs
from quarterdeck.ledger.record import CallRecord
from quarterdeck.ledger.retention import Policy
from quarterdeck.ledger.search.words import parse
from quarterdeck.worker import searching
from quarterdeck.worker.searching import Indexer

Find = Callable[..., Awaitable[list[str]]]


async def _never() -> bool:
    return False


class Indexing:
    """The loop that indexes, step by step."""

    def __init__(self, db: Database, packs: Packs) -> None:
        self._indexer = Indexer(db, packs, behind=_never)

    async def __call__(self) -> None:
        """Until there is nothing more to index."""
        self._indexer._late_at = 0.0
        while await self._indexer.look():
            pass


@pytest.fixture
def index_all(world: World) -> Indexing:
    return Indexing(world.db, world.packs)


@pytest.fixture
async def taken(api: Api, index_all: Indexing) -> Callable[..., Awaitable[list[str]]]:
    """Have calls stored and indexed; their ids."""

    async def take(*records: CallRecord) -> list[str]:
        await api.world.take(*records)
        await index_all()
        return [each.id for each in records]

    return take


def answered(text: str) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()


async def test_a_call_is_found_by_what_it_brought_in_and_by_its_answer(api: Api, taken: Find) -> None:
    [first, other] = await taken(
        api.record(request_body=chat("Where is invoice 4711?"), response_body=answered("It is paid.")),
        api.record(NOON + SECOND, run_id="run_2", request_body=chat("Something else")),
    )
    for q in ("invoice", "INVOICE", '"invoice 4711"', "inv*", "paid invoice"):
        assert await api.ids(q=q) == [first], q
    assert await api.ids(q="else") == [other]
    for q in ('"4711 invoice"', "invoices", "unpaid", "invoice else", '"4711 it"'):
        assert await api.ids(q=q) == [], q
    [item] = (await api.get("/calls", q="invoice"))["items"]
    assert item["found"]["where"] == "message"
    assert [piece["text"] for piece in item["found"]["pieces"] if piece["hit"]] == ["invoice"]
    assert "found" not in (await api.get("/calls"))["items"][0]


async def test_a_message_is_found_in_the_call_that_brought_it_and_not_in_all_that_repeat_it(
    api: Api, taken: Find
) -> None:
    talk = ["Find the zebra", "Which zebra?", "The striped one"]
    await taken(
        api.record(request_body=chat(*talk[:1]), response_body=answered(talk[1])),
        api.record(NOON + SECOND, request_body=chat(*talk), response_body=answered("Found.")),
    )
    [first, second] = [row["id"] for row in await api.world.calls()]
    assert await api.ids(q="zebra") == [first]
    assert await api.ids(q="striped") == [second]


async def test_words_and_all_other_filters_hold_together(api: Api, taken: Find) -> None:
    ids = await taken(
        *(
            api.record(
                NOON + n * MINUTE,
                agent_id=f"agt_{n % 2}",
                run_id=f"run_{n}",
                task_id=f"tsk_{n % 4}",
                status=200 if n % 3 else 500,
                outcome="ok" if n % 3 else "error",
                cost=n,
                request_body=chat(f"the common word {n}"),
            )
            for n in range(12)
        )
    )
    newest = ids[::-1]
    assert await api.ids(q="common") == newest
    assert await api.ids(q="common", agent_id="agt_1") == newest[0::2]
    assert await api.ids(q="common", status=500) == [ids[9], ids[6], ids[3], ids[0]]
    assert await api.ids(q="common", outcome="error", agent_id="agt_0") == [ids[6], ids[0]]
    assert await api.ids(q="common", outcome="failed", agent_id="agt_0") == [ids[6], ids[0]]
    assert await api.ids(q="common", min_cost_nano=10) == newest[:2]
    assert await api.ids(q="common", task_id="tsk_3") == [ids[11], ids[7], ids[3]]
    assert await api.ids(q="common", task_id="tsk_3", limit=1, after=ids[11]) == [ids[7]]
    assert await api.ids(q="common 7", task_id="tsk_2") == []
    assert await api.ids(q="common 7", run_id="run_7") == [ids[7]]
    assert await api.ids(q="common 7", run_id="run_8") == []
    assert await api.ids(q="common", **{"from": "2027-01-15T12:02:00Z", "to": "2027-01-15T12:04:00Z"}) == ids[3:1:-1]


async def test_pages_go_on_where_the_last_one_ended_also_within_a_millisecond(api: Api, taken: Find) -> None:
    await taken(*(api.record(NOON + n // 20, run_id=f"run_{n}", request_body=chat(f"word {n}")) for n in range(45)))
    seen: list[str] = []
    after: dict[str, Any] = {}
    while True:
        page = await api.get("/calls", q="word", limit=7, **after)
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert len(seen) == 45 and len(set(seen)) == 45


async def test_a_page_that_takes_long_to_fill_ends_early_and_says_how_far_it_looked(
    api: Api, taken: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    went: dict[str, Any] = {"status": 418, "outcome": "error"}
    ids = await taken(
        *(
            api.record(NOON + n * SECOND, run_id=f"r{n}", request_body=chat(f"the {n}"), **(went if n == 0 else {}))
            for n in range(60)
        )
    )
    monkeypatch.setattr(listing, "LOOKED_S", 0.0)
    page = await api.get("/calls", q="the", status=418, limit=10)
    assert page["items"] == [] and page["next"] == ids[60 - 11]
    assert page["search"]["searched_back_to"] == "2027-01-15T12:00:49.000000Z"
    monkeypatch.setattr(listing, "LOOKED_S", 60.0)
    assert await api.ids(q="the", status=418, after=page["next"]) == ids[:1]


async def test_a_search_that_finds_nothing_in_a_week_ends_there_and_can_go_on(
    api: Api, taken: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    [old, _] = await taken(
        api.record(request_body=chat("apple pear")),
        api.record(NOON + 20 * DAY, run_id="run_2", request_body=chat("pear")),
    )
    monkeypatch.setattr(listing, "LOOKED_S", 0.0)
    page = await api.get("/calls", q="apple")
    assert page["items"] == [] and page["search"]["searched_back_to"] == "2027-02-01T00:00:00.000000Z"
    assert await api.ids(q="apple", after=page["next"]) == [old]
    exported = await api.client.get("/api/v1/calls/export", params={"q": "apple"})
    assert [line.partition(",")[0] for line in exported.text.splitlines()] == ["id", old]


async def test_no_text_is_a_wrong_question(api: Api, taken: Find) -> None:
    await taken(api.record(request_body=chat("Hello")))
    for q in ('"', "*", "(", "a OR", "AND", "NOT x", "words:x", "^a", "x NEAR y", "'; DROP", "a*b", "\\", "fw0", "gap"):
        answer = await api.client.get("/api/v1/calls", params={"q": q})
        assert answer.status_code in (200, 400), answer.text
        assert answer.json().get("items", []) == []
        assert answer.status_code == 200 or answer.json()["field"] == "q"


async def test_nobody_finds_the_calls_of_another_workspace(api: Api, taken: Find, index_all: Indexing) -> None:
    await taken(api.record(request_body=chat("our secret")))
    await api.world.take(record(NOON + SECOND, workspace_id="ws_other", request_body=chat("their secret")))
    await index_all()
    assert len(await api.ids(q="secret")) == 1
    async with api.world.db.read() as tx:
        page = await listing.page(tx, "ws_other", CallFilter(words=parse("secret")), limit=9)
    assert [each.workspace_id for each in page.items] == ["ws_other"]


async def test_what_is_not_kept_is_not_indexed_and_what_is_redacted_stays_so(api: Api, taken: Find) -> None:
    await taken(
        api.record(request_body=b"", response_body=b"", body_mode="none"),
        api.record(NOON + 1, body_mode="redacted", request_body=chat("my key is sk-abcdefghijklmnopqrstuvwx")),
    )
    assert await api.ids(q="abcdefghijklmnopqrstuvwx") == []
    assert len(await api.ids(q="redacted")) == 1


async def test_who_may_not_read_what_calls_said_may_not_search_it(api: Api, taken: Find) -> None:
    await taken(api.record(request_body=chat("private")))
    viewer = await api.as_role(Role.VIEWER)
    assert (await viewer.get("/api/v1/calls", params={"q": "private"})).status_code == 403
    assert (await viewer.get("/api/v1/calls/export", params={"q": "private"})).status_code == 403
    assert (await viewer.get("/api/v1/calls")).status_code == 200


async def test_an_export_holds_what_the_search_found(api: Api, taken: Find) -> None:
    [mine, _] = await taken(
        api.record(request_body=chat("wanted")), api.record(NOON + 1, run_id="run_2", request_body=chat("unwanted"))
    )
    answer = await api.client.get("/api/v1/calls/export", params={"q": "wanted", "format": "jsonl"})
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == [mine]


async def test_calls_from_before_there_was_an_index_are_found_too(api: Api, world: World, index_all: Indexing) -> None:
    made = [api.record(NOON + n * SECOND, run_id=f"run_{n}", request_body=chat(f"old {n}")) for n in range(3)]
    await world.take(*made)
    page = await api.get("/calls", q="old")
    assert page["items"] == [] and page["search"]["indexed_since"] is not None
    await index_all()
    page = await api.get("/calls", q="old")
    assert len(page["items"]) == 3
    assert page["search"] == {"indexed_until": None, "indexed_since": None, "searched_back_to": None}


async def test_it_says_how_far_the_index_lags(api: Api, world: World, index_all: Indexing, clock: FakeClock) -> None:
    await index_all()
    clock.advance(5)
    await world.take(api.record(request_body=chat("new")))
    assert (await api.get("/calls", q="new"))["search"]["indexed_until"] is not None
    await index_all()
    page = await api.get("/calls", q="new")
    assert len(page["items"]) == 1 and page["search"]["indexed_until"] is None


async def test_a_call_that_was_committed_late_is_not_missed(
    api: Api, world: World, index_all: Indexing, clock: FakeClock
) -> None:
    await index_all()
    clock.advance(30)
    await world.take(api.record(request_body=chat("on time")))
    await index_all()
    await world.take(late := api.record(NOON + 1, run_id="run_2", request_body=chat("late")))
    async with world.db.transaction() as tx:
        change = turns.update().where(turns.c.call_id == late.id)
        await tx.execute(change.values(ingested_at=sa.literal(tx.now - 10 * SECOND)))
    await index_all()
    assert await api.ids(q="late") == [late.id]


async def test_calls_are_found_that_were_stored_after_the_clock_was_set_back(
    api: Api, world: World, index_all: Indexing, clock: FakeClock
) -> None:
    await index_all()
    await world.take(api.record(request_body=chat("before")))
    await index_all()
    clock.advance(-3_600)
    await world.take(first := api.record(NOON + 1, run_id="run_2", request_body=chat("after")))
    await index_all()
    await world.take(second := api.record(NOON + 2, run_id="run_3", request_body=chat("after all")))
    await index_all()
    assert await api.ids(q="after") == [second.id, first.id]


async def test_of_what_was_looked_at_only_the_latest_is_remembered(
    api: Api, world: World, index_all: Indexing, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "LOOKED_BACK", 5)
    await index_all()
    for n in range(12):
        clock.advance(-1)
        await world.take(api.record(NOON + n, run_id=f"run_{n}", request_body=chat(f"call {n}")))
        await index_all()
        assert len(index_all._indexer._known) == min(n + 1, 5)
    assert len(await api.ids(q="call")) == 12


async def test_what_retention_drops_is_found_no_more(api: Api, taken: Find, world: World, clock: FakeClock) -> None:
    await taken(
        api.record(request_body=chat("dropped")), api.record(NOON + 30 * DAY, request_body=chat("kept dropped"))
    )
    clock.advance((NOON + 31 * DAY - clock.now()) / SECOND)
    mine = {api.owner.workspace_id: Policy(bodies=DAY * 7)}
    await retention.apply(world.db, world.packs, {**mine, "ws_other": Policy()})
    assert len(await api.ids(q="dropped")) == 1
    await retention.apply(world.db, world.packs, mine)
    assert len(await api.ids(q="dropped")) == 1
