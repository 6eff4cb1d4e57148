"""The registry of agents, on both stores."""

import asyncio

import pytest
from work_world import World

from quarterdeck.control.agents import actions, store
from quarterdeck.control.agents.model import MAY_BECOME, AgentChange, Desired, Source
from quarterdeck.db import Database
from quarterdeck.kernel.errors import Changed, Invalid, NotFound


async def test_an_agent_is_created_enabled_and_told(world: World) -> None:
    agent = await world.agent("research", description="Finds sources.", capacity=3, body_mode="redacted")
    async with world.db.read() as tx:
        assert await actions.get(tx, world.workspace_id, agent.id) == agent
    assert (agent.desired, agent.capacity, agent.version) == (Desired.ENABLED, 3, 1)
    assert await world.told(agent.id) == ["agent.created"]


async def test_a_name_is_taken_however_it_is_written(world: World) -> None:
    await world.agent("research")
    for other in ["Research", "RESEARCH", " research ", "\uff52esearch", "rese\u200darch"]:
        with pytest.raises(Changed) as refused:
            await world.agent(other)
        assert refused.value.code == "name_taken"


async def test_another_workspace_may_use_the_name(world: World) -> None:
    there = await World.make(world.db, "there")
    await world.agent("research")
    assert (await there.agent("research")).name == "research"


async def test_of_many_who_create_one_name_at_once_one_wins(world: World) -> None:
    answers = await asyncio.gather(*[world.agent("research") for _ in range(8)], return_exceptions=True)
    assert sum(isinstance(answer, Changed) for answer in answers) == 7


async def test_renaming_to_a_taken_name_is_refused_and_leaves_the_transaction_usable(world: World) -> None:
    await world.agent("research")
    drafting = await world.agent("drafting")
    async with world.db.transaction() as tx:
        with pytest.raises(Changed):
            await actions.change(tx, world.workspace_id, drafting.id, AgentChange(name="Research"))
        renamed = await actions.change(tx, world.workspace_id, drafting.id, AgentChange(name="Drafting"))
    assert (renamed.name, renamed.version) == ("Drafting", 2)


async def test_what_was_changed_meanwhile_is_not_written_over_and_the_refusal_tells_the_version_that_stands(
    world: World,
) -> None:
    seen = await world.agent("research")
    async with world.db.transaction() as tx:
        await store.update(tx, seen, {"capacity": 2})
        for values in ({"capacity": 3}, {"name": "late"}):
            with pytest.raises(Changed) as refused:
                await store.update(tx, seen, values)
            assert (refused.value.code, refused.value.extra) == ("changed", {"version": 2})
        now = await actions.get(tx, world.workspace_id, seen.id)
    assert (now.name, now.capacity, now.version) == ("research", 2, 2)


async def test_names_of_every_script_come_back_as_they_were(world: World) -> None:
    for name in ["研究員", "Ünïcødé 🧑‍🚀", "مساعد", "नमस्ते", "🏴", "a" * 100, "ﬁsh"]:
        agent = await world.agent(name)
        async with world.db.read() as tx:
            found = await store.by_name(tx, world.workspace_id, name)
        assert found == agent
        assert found.name == name


async def test_names_that_hide_something_are_refused(world: World) -> None:
    for name in ["", "  ", "a" * 101, "nul\0", "half \ud800 pair", "turn\u202eed", "\u200b", "\u200d"]:
        with pytest.raises(Invalid) as refused:
            await world.agent(name)
        assert refused.value.extra["field"] == "name"


async def test_the_desired_state_moves_as_its_table_says(world: World) -> None:
    for frm in Desired:
        for to in Desired:
            agent = await world.agent(f"{frm} {to}")
            if frm is not Desired.ENABLED:
                agent = await world.want(agent, frm)
            if to is frm or to in MAY_BECOME[frm]:
                assert (await world.want(agent, to)).desired is to
            else:
                with pytest.raises(Changed) as refused:
                    await world.want(agent, to)
                assert refused.value.extra["allowed"] == sorted(MAY_BECOME[frm])


async def test_a_change_from_an_old_version_is_refused(world: World) -> None:
    agent = await world.agent()
    await world.want(agent, Desired.PAUSED)
    async with world.db.transaction() as tx:
        with pytest.raises(Changed) as refused:
            await actions.change(tx, world.workspace_id, agent.id, AgentChange(capacity=2), version=1)
    assert refused.value.extra["version"] == 2


async def test_a_change_of_nothing_writes_nothing(world: World) -> None:
    agent = await world.agent(capacity=2)
    async with world.db.transaction() as tx:
        assert await actions.change(tx, world.workspace_id, agent.id, AgentChange(capacity=2)) == agent
    assert await world.told(agent.id) == ["agent.created"]


async def test_what_the_file_declares_members_can_only_pause(world: World) -> None:
    agent = await world.agent(declared=True)
    async with world.db.transaction() as tx:
        with pytest.raises(Changed) as refused:
            await actions.change(tx, world.workspace_id, agent.id, AgentChange(capacity=9))
        applied = await actions.change(tx, world.workspace_id, agent.id, AgentChange(capacity=9), source=Source.CONFIG)
    assert refused.value.code == "declared"
    assert applied.capacity == 9
    assert (await world.want(agent, Desired.PAUSED)).desired is Desired.PAUSED


async def test_an_owner_of_another_workspace_is_refused(world: World) -> None:
    there = await World.make(world.db, "there")
    with pytest.raises(Invalid):
        await world.agent(owner_id=there.owner.id)


async def test_agents_of_another_workspace_are_not_there(world: World) -> None:
    there = await World.make(world.db, "there")
    agent = await there.agent()
    async with world.db.transaction() as tx:
        with pytest.raises(NotFound):
            await actions.get(tx, world.workspace_id, agent.id)
        with pytest.raises(NotFound):
            await actions.change(tx, world.workspace_id, agent.id, AgentChange(capacity=2))
        assert (await store.page(tx, world.workspace_id, limit=10)).items == []


async def test_pages_go_on_where_the_last_one_ended(world: World) -> None:
    names = ["Anna", "bert", "Ćiro", "dora", "Émile"]
    for name in reversed(names):
        await world.agent(name)
    seen: list[str] = []
    after = None
    while True:
        async with world.db.read() as tx:
            page = await store.page(tx, world.workspace_id, limit=2, after=after)
        seen += [agent.name for agent in page.items]
        after = page.next
        if after is None:
            break
    assert sorted(seen) == sorted(names)
    assert len(seen) == len(names)


async def test_agents_are_found_by_part_of_their_name_and_by_state(world: World, db: Database) -> None:
    await world.agent("Draft_1")
    paused = await world.want(await world.agent("drafter"), Desired.PAUSED)
    async with db.read() as tx:

        async def names(**which: object) -> list[str]:
            return [agent.name for agent in (await store.page(tx, world.workspace_id, limit=9, **which)).items]

        assert await names(q="DRAFT_") == ["Draft_1"]
        assert await names(q="%") == []
        assert await names(desired=Desired.PAUSED) == [paused.name]
