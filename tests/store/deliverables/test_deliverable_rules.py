"""What tasks hand in, on both stores."""

import hashlib
from pathlib import Path

import pytest
from work_world import World

from quarterdeck.control.deliverables import actions, store
from quarterdeck.control.deliverables.actions import HandedIn
from quarterdeck.control.deliverables.files import Files
from quarterdeck.control.deliverables.model import DeliverableKind, HandIn
from quarterdeck.control.runs.model import Run
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.errors import Changed, NotFound
from quarterdeck.ledger.calls import Made
from quarterdeck.ledger.tables import calls


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "files")


async def _hand_in(
    world: World,
    files: Files,
    run: Run,
    text: str,
    *,
    name: str = "Report",
    kind: DeliverableKind = DeliverableKind.TEXT,
    **fields: object,
) -> HandedIn:
    fence = fields.pop("fence", None)
    content = await actions.text_content(files, world.workspace_id, kind, text)
    async with world.db.transaction() as tx:
        said = HandIn(name, kind, **fields)  # type: ignore[arg-type]
        return await actions.hand_in(tx, world.as_run(run), run.id, said, content, fence=fence)  # type: ignore[arg-type]


async def _run(world: World) -> Run:
    await world.task()
    return (await world.claimed(await world.agent())).run


async def test_each_hand_in_is_a_version_with_its_author_and_hash(world: World, files: Files, clock: FakeClock) -> None:
    run = await _run(world)
    first = await _hand_in(world, files, run, "# One", draft=True, note="outline")
    clock.advance(60)
    second = await _hand_in(world, files, run, "# Two")
    assert (first.version.number, second.version.number) == (1, 2)
    assert (first.version.draft, second.version.draft) == (True, False)
    assert second.deliverable.id == first.deliverable.id
    assert second.version.sha256 == hashlib.sha256(b"# Two").hexdigest()
    assert (second.version.author_id, second.version.run_id) == (run.agent_id, run.id)
    assert second.version.file_name == "Report.md"
    async with world.db.read() as tx:
        [found] = await store.of_task(tx, world.workspace_id, run.task_id)
        newest = await store.newest_of_tasks(tx, world.workspace_id, [run.task_id])
        assert (await store.content(tx, first.version)).text == "# One"
    assert found.latest == 2
    assert newest[run.task_id] == store.Newest(found.id, "Report", "text", 2, False, second.version.created_at)
    assert await world.told(found.id) == ["deliverable.handed_in"] * 2


async def test_the_same_content_twice_is_one_version_and_can_make_a_draft_final(world: World, files: Files) -> None:
    run = await _run(world)
    draft = await _hand_in(world, files, run, "Text", draft=True)
    again = await _hand_in(world, files, run, "Text", draft=True)
    assert (again.fresh, again.version) == (False, draft.version)
    final = await _hand_in(world, files, run, "Text", name=" report")
    assert (final.fresh, final.version.number, final.version.draft) == (False, 1, False)


async def test_a_stale_worker_hands_in_nothing(world: World, files: Files) -> None:
    run = await _run(world)
    with pytest.raises(Changed) as stale:
        await _hand_in(world, files, run, "Text", fence=run.fence + 1)
    assert stale.value.code == "lease_lost"
    await world.cancel(run)
    with pytest.raises(Changed) as over:
        await _hand_in(world, files, run, "Text")
    assert over.value.code == "lease_lost"
    async with world.db.read() as tx:
        assert await store.of_task(tx, world.workspace_id, run.task_id) == []


async def test_handing_in_renews_the_lease(world: World, files: Files, clock: FakeClock) -> None:
    run = await _run(world)
    clock.advance(60)
    await _hand_in(world, files, run, "Text")
    assert (await world.see_run(run)).lease_expires_at == run.lease_expires_at + 60_000_000


async def test_a_name_stays_with_its_kind(world: World, files: Files) -> None:
    run = await _run(world)
    await _hand_in(world, files, run, "Text")
    with pytest.raises(Changed) as refused:
        await _hand_in(world, files, run, "{}", kind=DeliverableKind.JSON)
    assert refused.value.code == "deliverable_kind"


async def test_a_version_knows_the_calls_that_made_it(world: World, files: Files, clock: FakeClock) -> None:
    run = await _run(world)
    await _called(world, run, 1, cost=5)
    clock.advance(10)
    first = await _hand_in(world, files, run, "One")
    clock.advance(10)
    await _called(world, run, 2, cost=7)
    await _called(world, run, 3, cost=None)
    second = await _hand_in(world, files, run, "Two", name="Other")
    async with world.db.read() as tx:
        made = await store.made_by(tx, world.workspace_id, [first.deliverable.id, second.deliverable.id])
    assert made[first.deliverable.id, 1] == Made(1, 5, 0)
    assert made[second.deliverable.id, 1] == Made(2, 7, 1)


async def test_versions_of_another_workspace_are_not_there(world: World, files: Files) -> None:
    done = await _hand_in(world, files, await _run(world), "Text")
    there = await World.make(world.db, "there")
    async with world.db.read() as tx:
        with pytest.raises(NotFound):
            await actions.get(tx, there.workspace_id, done.deliverable.id)
        with pytest.raises(NotFound):
            await actions.get_version(tx, there.workspace_id, done.deliverable.id, 1)


async def _called(world: World, run: Run, number: int, *, cost: int | None) -> None:
    row = {
        column.name: 0 if isinstance(column.type.python_type, type) and column.type.python_type is int else "x"
        for column in calls.c
        if not column.nullable
    }
    row |= {"workspace_id": world.workspace_id, "id": f"call_{number:026}", "run_id": run.id, "stream": False}
    row |= {"started": world.db.clock.now(), "cost": cost, "input_total": 10}
    async with world.db.transaction() as tx:
        if not world.db.is_sqlite and number == 1:
            await tx.connection.exec_driver_sql("CREATE TABLE calls_here PARTITION OF calls DEFAULT")
        await tx.execute(calls.insert().values(row))
