"""Applying quarterdeck.toml, on both stores."""

from collections.abc import Mapping

import pytest
import sqlalchemy as sa

from quarterdeck.access import keyring, members
from quarterdeck.access.actors import Role
from quarterdeck.access.budgets.model import Ceiling
from quarterdeck.access.keys import key_hash
from quarterdeck.access.limits.model import Measure
from quarterdeck.access.members import FirstBoot
from quarterdeck.access.vault import Vault
from quarterdeck.control.agents import store as agents
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.budgets import store as budget_store
from quarterdeck.control.channels import addresses
from quarterdeck.control.channels import store as channels
from quarterdeck.control.declared.actions import BadConfig, Change, apply
from quarterdeck.control.limits import store as limit_store
from quarterdeck.control.providers import actions as provider_actions
from quarterdeck.control.providers import store as providers
from quarterdeck.control.providers.model import Wanted
from quarterdeck.control.routes import store as route_store
from quarterdeck.db import Database
from quarterdeck.db.outbox import read_after
from quarterdeck.kernel import toml

EXAMPLE = """
[[providers]]
name = "openai"
kind = "openai"
base_url = "http://127.0.0.1:9001/v1"
credential = "env:OPENAI_API_KEY"

[[providers]]
name = "anthropic"
kind = "anthropic"

[[agents]]
name = "research"
owner = "sam@example.com"
key = "env:RESEARCH_KEY"

[routes.default]
strategy = { mode = "fallback", on_status_codes = [429, 500, 502, 503, 504] }
targets = [ { provider = "openai" }, { provider = "anthropic", override_params = { model = "claude-haiku-4-5" } } ]

[[prices]]
provider = "openai"
model = "in-house"
valid_from = 2026-01-01
input_per_mtok = "0.15"
output_per_mtok = "2"
per_web_search = "0.01"
"""
ENVIRON = {"RESEARCH_KEY": "a key that research brings", "OPENAI_API_KEY": "sk-openai"}


class Applier:
    """One workspace, to which texts are applied."""

    def __init__(self, db: Database, vault: Vault, workspace_id: str) -> None:
        self.db = db
        self.vault = vault
        self.workspace_id = workspace_id

    async def __call__(
        self, text: str, *, only_diff: bool = False, environ: Mapping[str, str] = ENVIRON
    ) -> list[Change]:
        document = toml.parse(text, "quarterdeck.toml")
        return await apply(self.db, self.vault, self.workspace_id, document, only_diff=only_diff, environ=environ)

    async def problems(self, text: str, environ: Mapping[str, str] = ENVIRON) -> list[str]:
        with pytest.raises(BadConfig) as caught:
            await self(text, environ=environ)
        found: list[str] = caught.value.extra["problems"]
        return found


@pytest.fixture
def applied(db: Database, vault: Vault, boot: FirstBoot) -> Applier:
    return Applier(db, vault, boot.workspace.id)


async def test_the_documented_example_becomes_rows(applied: Applier, db: Database, boot: FirstBoot) -> None:
    changes = await applied(EXAMPLE)
    assert [(change.verb, change.what) for change in changes] == [
        ("added", "member sam@example.com"),
        ("added", "provider openai"),
        ("added", "provider anthropic"),
        ("added", "route default"),
        ("added", "agent research"),
        ("added", "key of agent research"),
        ("changed", "prices"),
    ]
    async with db.read() as tx:
        found = await providers.all_of(tx, boot.workspace.id)
        assert [(each.name, each.declared, credential and credential.shown) for each, credential in found] == [
            ("openai", True, "env:OPENAI_API_KEY"),
            ("anthropic", True, None),
        ]
        agent = await agents.by_name(tx, boot.workspace.id, "research")
        assert agent is not None and agent.declared
        owner = await members.get(tx, boot.workspace.id, agent.owner_id)
        assert (owner.email, owner.role, owner.password_hash) == ("sam@example.com", Role.OPERATOR, None)
        key = await keyring.find(tx, key_hash(ENVIRON["RESEARCH_KEY"]))
        assert key is not None and key.agent_id == agent.id and key.declared
        assert (await route_store.declared(tx, boot.workspace.id))["default"]["strategy"]["mode"] == "fallback"
        (price,) = await providers.prices(tx, boot.workspace.id)
        assert price["units"] == {"input_tokens": 150_000_000, "output_tokens": 2 * 10**9, "web_searches": 10**13}


async def test_applying_twice_changes_nothing(applied: Applier, db: Database) -> None:
    await applied(EXAMPLE)
    async with db.read() as tx:
        told = len(await read_after(tx, 0))
    assert await applied(EXAMPLE) == []
    async with db.read() as tx:
        assert len(await read_after(tx, 0)) == told


async def test_a_diff_says_the_same_and_does_nothing(applied: Applier, db: Database) -> None:
    async with db.read() as tx:
        told = len(await read_after(tx, 0))
    wanted = await applied(EXAMPLE, only_diff=True)
    async with db.read() as tx:
        assert await providers.all_of(tx) == []
        assert len(await read_after(tx, 0)) == told
    assert await applied(EXAMPLE) == wanted


async def test_a_credential_that_is_not_there_is_said_each_time_and_stops_nothing(
    applied: Applier, db: Database, boot: FirstBoot
) -> None:
    missing = {"RESEARCH_KEY": ENVIRON["RESEARCH_KEY"], "OPENAI_API_KEY": ""}
    for only_diff in (True, False, True):
        changes = await applied(EXAMPLE, only_diff=only_diff, environ=missing)
        warnings = [(each.what, each.detail) for each in changes if each.verb == "warning"]
        assert len(warnings) == 1 and warnings[0][0] == "provider openai"
        assert "env:OPENAI_API_KEY" in warnings[0][1] and "not set" in warnings[0][1]
    assert [each.verb for each in await applied(EXAMPLE, environ=missing)] == ["warning"]
    nowhere = EXAMPLE.replace("env:OPENAI_API_KEY", "file:/nowhere/openai.key")
    assert "No such file" in next(each.detail for each in await applied(nowhere) if each.verb == "warning")
    async with db.read() as tx:
        assert len(await providers.all_of(tx, boot.workspace.id)) == 2


async def test_nothing_is_half_applied(applied: Applier, db: Database) -> None:
    found = await applied.problems(EXAMPLE, environ={})
    assert found == ["quarterdeck.toml:15: agents[0].key: the environment variable RESEARCH_KEY is not set"]
    async with db.read() as tx:
        assert await providers.all_of(tx) == []


async def test_an_agent_without_a_key_gets_one_that_is_shown_once(applied: Applier, db: Database) -> None:
    text = '[[agents]]\nname = "drafting"\nowner = "owner@localhost"\n'
    assert all(change.secret is None for change in await applied(text, only_diff=True))
    (secret,) = [change.secret for change in await applied(text) if change.secret]
    async with db.read() as tx:
        key = await keyring.find(tx, key_hash(secret))
    assert key is not None and key.state == keyring.ACTIVE
    assert await applied(text) == []


async def test_a_brought_key_is_replaced_when_the_file_brings_another(applied: Applier, db: Database) -> None:
    await applied(EXAMPLE)
    changes = await applied(EXAMPLE, environ={**ENVIRON, "RESEARCH_KEY": "another key of research"})
    assert [(change.verb, change.what) for change in changes] == [
        ("added", "key of agent research"),
        ("removed", "key of agent research"),
    ]
    async with db.read() as tx:
        old = await keyring.find(tx, key_hash(ENVIRON["RESEARCH_KEY"]))
    assert old is not None and old.state == keyring.REVOKED
    assert "revoked" in (await applied.problems(EXAMPLE))[0]


async def test_what_leaves_the_file_leaves_the_workspace(applied: Applier, db: Database, boot: FirstBoot) -> None:
    await applied(EXAMPLE)
    changes = await applied("")
    assert {(change.verb, change.what) for change in changes} == {
        ("removed", "provider openai"),
        ("removed", "provider anthropic"),
        ("removed", "agent research"),
        ("removed", "route default"),
        ("changed", "prices"),
    }
    async with db.read() as tx:
        agent = await agents.by_name(tx, boot.workspace.id, "research")
        key = await keyring.find(tx, key_hash(ENVIRON["RESEARCH_KEY"]))
    assert agent is not None and agent.desired is Desired.RETIRED and not agent.declared
    assert key is not None and key.state == keyring.REVOKED
    assert await applied("") == []


async def test_a_pause_by_a_person_outlasts_the_next_start(applied: Applier, db: Database, boot: FirstBoot) -> None:
    await applied(EXAMPLE)
    async with db.transaction() as tx:
        await tx.execute(agents.agents.update().values(desired="paused"))
    assert await applied(EXAMPLE) == []
    async with db.read() as tx:
        agent = await agents.by_name(tx, boot.workspace.id, "research")
    assert agent is not None and agent.desired is Desired.PAUSED


async def test_the_file_takes_over_what_people_made(applied: Applier, db: Database, boot: FirstBoot) -> None:
    async with db.transaction() as tx:
        await provider_actions.add(
            tx, applied.vault, boot.workspace.id, Wanted("anthropic", "anthropic"), secret="sk-ant"
        )
    changes = await applied(EXAMPLE)
    assert ("changed", "provider anthropic") in [(change.verb, change.what) for change in changes]
    async with db.read() as tx:
        found = {each.name: credential for each, credential in await providers.all_of(tx, boot.workspace.id)}
    assert found["anthropic"] is None


async def test_the_workspace_keeps_what_the_file_says_of_bodies(
    applied: Applier, db: Database, boot: FirstBoot
) -> None:
    text = """
[workspace]
bodies = "redacted"
[workspace.redaction]
patterns = ["sk-[a-z]+"]
fields = ["password"]
[workspace.retention]
bodies_days = 30
"""
    assert [change.what for change in await applied(text)] == ["workspace"]
    async with db.read() as tx:
        workspace = await members.workspace(tx, boot.workspace.id)
        told = [event.kind for event in await read_after(tx, 0)]
    assert workspace.body_mode == "redacted"
    assert workspace.settings == {
        "redaction": {"patterns": ["sk-[a-z]+"], "fields": ["password"]},
        "retention": {"bodies_days": 30},
        "declared": ["body_mode", "redaction", "retention"],
    }
    assert told[-1] == "settings.changed"
    assert await applied(text) == []
    async with db.transaction() as tx:
        kept = await members.workspace(tx, boot.workspace.id)
        by_hand = kept.settings | {"declared": ["redaction"]}
        await members.change_workspace(tx, kept, {"settings": by_hand})
    # What the file said goes with it; what was set by hand stays.
    await applied("")
    async with db.read() as tx:
        workspace = await members.workspace(tx, boot.workspace.id)
    assert workspace.settings == {"retention": {"bodies_days": 30}}


async def test_declared_members_get_their_role(applied: Applier, db: Database, boot: FirstBoot) -> None:
    text = '[[members]]\nemail = "Kim@Example.com"\nname = "Kim"\nrole = "admin"\n'
    await applied(text)
    async with db.read() as tx:
        kim = await members.by_email(tx, boot.workspace.id, "kim@example.com")
    assert kim is not None and kim.role is Role.ADMIN and kim.declared
    assert [change.detail for change in await applied(text.replace("admin", "viewer"))] == ["role"]
    assert [change.detail for change in await applied("")] == ["no longer declared"]


async def test_the_last_owner_stays_owner_whatever_the_file_says(applied: Applier, db: Database) -> None:
    (problem,) = await applied.problems('[[members]]\nemail = "owner@localhost"\nrole = "viewer"\n')
    assert problem.startswith("quarterdeck.toml:1: members[0]: A workspace keeps at least one owner")


async def test_a_route_to_nowhere_is_refused(applied: Applier, db: Database) -> None:
    text = '[routes.default]\nprovider = "nowhere"\n'
    assert await applied.problems(text) == [
        "quarterdeck.toml:2: routes.default.provider: there is no provider 'nowhere'; there are none"
    ]
    async with db.read() as tx:
        assert await tx.scalar(sa.text("SELECT count(*) FROM routes")) == 0


CAPS = """
[[agents]]
name = "research"
owner = "owner@localhost"
key = "env:RESEARCH_KEY"

[[budgets]]
scope = "agent:research"
usd = 5.0
window = "day"
mode = "hard"

[[budgets]]
scope = "workspace"
usd = "100.000000001"
window = "month"
mode = "warn"
warn = [90, 50]
ceiling = { input_per_mtok = 10, output_per_mtok = "30" }

[[limits]]
scope = "provider:openai"
requests = 600
per = "minute"
max_wait_ms = 8000
weights = { research = 3 }

[[limits]]
scope = "agent:*"
concurrent = 4
"""


async def test_budgets_and_limits_are_applied_once_and_leave_with_the_file(
    applied: Applier, db: Database, boot: FirstBoot
) -> None:
    changes = await applied(CAPS)
    assert [change.what for change in changes][-4:] == [
        "budget of agent:research per day",
        "budget of workspace per month",
        "limit of provider:openai on requests",
        "limit of agent:* on concurrent",
    ]
    async with db.read() as tx:
        agent = await agents.by_name(tx, boot.workspace.id, "research")
        assert agent is not None
        of_agent, of_all = await budget_store.all_of(tx, boot.workspace.id)
        of_provider, at_once = await limit_store.all_of(tx, boot.workspace.id)
    assert (of_agent.scope.value, of_agent.amount, of_agent.declared) == (agent.id, 5 * 10**9, True)
    assert (of_all.amount, of_all.warn, of_all.ceiling) == (100 * 10**9 + 1, (50, 90), Ceiling(10**10, 3 * 10**10))
    assert (of_provider.amount, of_provider.max_wait_ms, of_provider.weights) == (600, 8_000, {agent.id: 3})
    assert (at_once.measure, at_once.amount, at_once.period) == (Measure.CONCURRENT, 4, None)
    assert await applied(CAPS) == []
    changed = await applied(CAPS.replace("usd = 5.0", "usd = 6.5"))
    assert [(change.verb, change.what) for change in changed] == [("changed", "budget of agent:research per day")]
    removed = await applied(CAPS.partition("[[budgets]]")[0])
    assert sorted(change.verb for change in removed) == ["removed"] * 4
    async with db.read() as tx:
        assert await budget_store.all_of(tx) == []
        assert await limit_store.all_of(tx) == []


async def test_a_budget_or_limit_that_cannot_be_is_named_with_its_line(applied: Applier) -> None:
    problems = await applied.problems(
        '[[budgets]]\nscope = "agent:nobody"\nusd = 1\nwindow = "day"\n'
        '[[budgets]]\nscope = "workspace"\nusd = -1\nwindow = "year"\n'
        '[[limits]]\nscope = "workspace"\nrequests = 1\n'
        '[[limits]]\nscope = "workspace"\n'
    )
    assert any(problem.startswith("quarterdeck.toml:7: budgets[1].usd: expected dollars") for problem in problems)
    assert any("budgets[1].window: expected one of" in problem for problem in problems)
    assert any("limits[0].per" in problem for problem in problems)
    assert any("limits[1]: needs exactly one of requests, tokens and concurrent" in problem for problem in problems)
    (problem,) = await applied.problems('[[budgets]]\nscope = "agent:nobody"\nusd = 1\nwindow = "day"\n')
    assert problem == "quarterdeck.toml:2: budgets[0].scope: there is no agent 'nobody' in this workspace."


CHANNELS = """
[[channels]]
name = "ops"
kind = "webhook"
url = "env:OPS_HOOK"
secret = "env:OPS_SECRET"
kinds = ["task.*"]
allow_private = true
"""
HOOK = {"OPS_HOOK": "http://127.0.0.1:9/x", "OPS_SECRET": "whsec_" + "QUJD" * 8}


async def test_channels_are_declared_with_their_addresses_elsewhere(
    db: Database, boot: FirstBoot, vault: Vault
) -> None:
    workspace_id = boot.workspace.id
    first = await apply(db, vault, workspace_id, toml.parse(CHANNELS, "q.toml"), environ=HOOK)
    assert ("added", "channel ops", "env:OPS_HOOK") in [(each.verb, each.what, each.detail) for each in first]
    assert await apply(db, vault, workspace_id, toml.parse(CHANNELS, "q.toml"), environ=HOOK) == []
    async with db.read() as tx:
        (channel,) = await channels.all_of(tx, workspace_id)
    assert (channel.declared, channel.sealed, channel.shown) == (True, None, "webhook at env:OPS_HOOK")
    assert addresses.opened(channel, vault, HOOK).url == HOOK["OPS_HOOK"]
    gone = await apply(db, vault, workspace_id, toml.parse("", "q.toml"), environ=HOOK)
    assert [(each.verb, each.what) for each in gone] == [("removed", "channel ops")]


@pytest.mark.parametrize(
    ("text", "environ", "problem"),
    [
        (CHANNELS, {}, "OPS_HOOK is not set"),
        (CHANNELS.replace("allow_private = true", ""), HOOK, "not a public address"),
        (CHANNELS, {**HOOK, "OPS_SECRET": "short"}, "whsec_"),
        (CHANNELS.replace('"env:OPS_HOOK"', '"https://secret.example.com/x"'), HOOK, "secrets do not belong"),
        (CHANNELS.replace("webhook", "apprise"), {**HOOK, "OPS_HOOK": "ntfy://x"}, "only a webhook has a secret"),
        (CHANNELS.replace("kind = ", "kin = "), HOOK, "needs kind"),
    ],
)
async def test_a_channel_that_cannot_be_is_refused_with_its_line(
    db: Database, boot: FirstBoot, vault: Vault, text: str, environ: dict[str, str], problem: str
) -> None:
    with pytest.raises(BadConfig, match=r"q\.toml:") as refused:
        await apply(db, vault, boot.workspace.id, toml.parse(text, "q.toml"), environ=environ)
    assert problem in refused.value.message
    assert "secret.example.com" not in refused.value.message
