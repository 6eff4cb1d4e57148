"""`[[schedules]]` in quarterdeck.toml, on both stores."""

from collections.abc import Mapping

import pytest

from quarterdeck.access.members import FirstBoot
from quarterdeck.access.vault import Vault
from quarterdeck.control.declared.actions import BadConfig, apply
from quarterdeck.control.schedules import actions, store
from quarterdeck.control.schedules.model import CatchUp, Overlap, Schedule, Trigger
from quarterdeck.control.schedules.signing import bound_to
from quarterdeck.control.tasks.model import Priority
from quarterdeck.db import Database
from quarterdeck.kernel import toml
from quarterdeck.kernel.errors import Changed

EXAMPLE = """
[[agents]]
name = "research"
owner = "sam@example.com"

[[schedules]]
name = "morning"
owner = "sam@example.com"
cron = "0 9 * * MON-FRI"
zone = "Europe/Berlin"
title = "Read the news of {{yesterday}}"
agent = "research"
priority = "high"
overlap = "queue"
catch_up = "all"
catch_up_limit = 3

[[schedules]]
name = "on push"
owner = "sam@example.com"
trigger = "webhook"
secret = "env:HOOK"
title = "Look at {{payload.ref}}"
"""
ENVIRON = {"HOOK": "s3cret"}


async def _apply(
    db: Database, vault: Vault, boot: FirstBoot, text: str, environ: Mapping[str, str] = ENVIRON
) -> list[tuple[str, str]]:
    document = toml.parse(text, "quarterdeck.toml")
    changes = await apply(db, vault, boot.workspace.id, document, environ=environ)
    return [(change.verb, change.what) for change in changes]


async def _named(db: Database, boot: FirstBoot, name: str) -> Schedule | None:
    async with db.read() as tx:
        return await store.by_name(tx, boot.workspace.id, name)


async def test_the_file_makes_schedules_and_the_second_time_nothing(
    db: Database, vault: Vault, boot: FirstBoot
) -> None:
    changes = await _apply(db, vault, boot, EXAMPLE)
    assert changes[-3:] == [
        ("added", "schedule morning"),
        ("added", "schedule on push"),
        ("changed", "secret of schedule on push"),
    ]
    morning = await _named(db, boot, "morning")
    assert morning is not None and morning.draft is not None and morning.declared
    assert (morning.cron, morning.zone, morning.overlap) == ("0 9 * * MON-FRI", "Europe/Berlin", Overlap.QUEUE)
    assert (morning.catch_up, morning.catch_up_limit, morning.draft.priority) == (CatchUp.ALL, 3, Priority.HIGH)
    assert morning.draft.agent_id is not None and morning.next_at is not None
    hook = await _named(db, boot, "on push")
    assert hook is not None and hook.trigger is Trigger.WEBHOOK and hook.sealed_secret is not None
    assert vault.unseal(hook.sealed_secret, bound_to(hook.id)) == b"s3cret"
    assert await _apply(db, vault, boot, EXAMPLE) == []


async def test_what_the_file_changes_or_names_no_more_follows(db: Database, vault: Vault, boot: FirstBoot) -> None:
    await _apply(db, vault, boot, EXAMPLE)
    changed = EXAMPLE.replace("0 9 *", "0 10 *").partition('[[schedules]]\nname = "on push"')[0]
    assert await _apply(db, vault, boot, changed) == [
        ("changed", "schedule morning"),
        ("removed", "schedule on push"),
    ]
    assert await _apply(db, vault, boot, EXAMPLE, {"HOOK": "another"}) == [
        ("changed", "schedule morning"),
        ("added", "schedule on push"),
        ("changed", "secret of schedule on push"),
    ]


async def test_a_declared_schedule_is_changed_in_the_file_only_but_may_be_paused(
    db: Database, vault: Vault, boot: FirstBoot
) -> None:
    await _apply(db, vault, boot, EXAMPLE)
    morning = await _named(db, boot, "morning")
    assert morning is not None
    async with db.transaction() as tx:
        with pytest.raises(Changed) as refused:
            await actions.change(tx, boot.workspace.id, morning.id, {"name": "x"})
        assert refused.value.code == "declared"
        await actions.pause(tx, boot.workspace.id, morning.id)


async def test_what_is_wrong_is_told_with_its_line(db: Database, vault: Vault, boot: FirstBoot) -> None:
    text = """
[[schedules]]
name = "a"
owner = "nobody@example.com"
cron = "0 9 * * *"
title = "x"

[[schedules]]
name = "b"
owner = "owner@localhost"
cron = "99 * * * *"
title = "x"

[[schedules]]
name = "c"
owner = "owner@localhost"
cron = "0 9 * * *"
agent = "nobody"
title = "x"
"""
    with pytest.raises(BadConfig) as caught:
        await _apply(db, vault, boot, text)
    assert [line.partition(": ")[0] for line in caught.value.extra["problems"]] == [
        "quarterdeck.toml:4",
        "quarterdeck.toml:11",
        "quarterdeck.toml:18",
    ]
    for wrong in (
        'cron = "0 9 * * *"\nevery_s = 60\ntitle = "x"',
        'title = "x"',
        "every_s = 60",
        'every_s = 5\ntitle = "x"',
        'trigger = "webhook"\ntitle = "x"',
        'every_s = 60\ntitle = "x"\nsecret = "in the clear"',
        'every_s = 60\ntitle = "x"\nunknown = 1',
    ):
        with pytest.raises(BadConfig):
            await _apply(db, vault, boot, f'[[schedules]]\nname = "d"\nowner = "owner@localhost"\n{wrong}\n')
