"""Skills, labels, reporting line and instructions of agents; by which door they come."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.agents import actions, store
from quarterdeck.control.agents.model import Agent
from quarterdeck.control.agents.tables import instructions, profiles, seen
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Invalid, NotFound, names_nothing
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.text import a_line, a_text, comparable

MAX_WORDS = 50
WORD_LENGTH = 60
INSTRUCTIONS_LENGTH = 100_000
NOTE_LENGTH = 2_000
DEEPEST = 50
DOORS = ("api", "mcp", "a2a")
"""Beside the gateway, whose traffic the ledger knows."""


@dataclass(frozen=True, slots=True)
class Profile:
    """`instructions` is the number of the version that holds; None: there is none."""

    skills: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    reports_to_id: str | None = None
    instructions: int | None = None


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What to change; None leaves a field as it is."""

    skills: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None
    reports_to_id: str | None = None
    reports_to_nobody: bool = False

    @property
    def empty(self) -> bool:
        return self == ProfileChange()


@dataclass(frozen=True, slots=True)
class Instructions:
    """One version of what an agent is told to be."""

    number: int
    text: str
    note: str | None
    author_id: str
    created_at: int


async def of_agents(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> dict[str, Profile]:
    found = dict.fromkeys(agent_ids, Profile())
    if found:
        rows = await tx.rows(
            sa.select(profiles).where(profiles.c.workspace_id == workspace_id, profiles.c.agent_id.in_(sorted(found)))
        )
        found |= {row["agent_id"]: _profile(row) for row in rows}
    return found


async def change(
    tx: Transaction, workspace_id: str, agent_id: str, wanted: ProfileChange, *, actor: str | None = None
) -> Profile:
    """Write what differs and tell `agent.profiled`. Raises NotFound; Invalid, also for a line that is a circle."""
    await actions.get(tx, workspace_id, agent_id)
    before = (await of_agents(tx, workspace_id, [agent_id]))[agent_id]
    values: dict[str, Any] = {}
    if wanted.skills is not None:
        values["skills"] = list(clean_words(wanted.skills, "skills"))
    if wanted.labels is not None:
        values["labels"] = list(clean_words(wanted.labels, "labels"))
    if wanted.reports_to_id is not None:
        await _must_not_circle(tx, workspace_id, agent_id, wanted.reports_to_id)
        values["reports_to_id"] = wanted.reports_to_id
    elif wanted.reports_to_nobody:
        values["reports_to_id"] = None
    present = {"skills": list(before.skills), "labels": list(before.labels), "reports_to_id": before.reports_to_id}
    differing = {name: value for name, value in values.items() if present[name] != value}
    if differing:
        await _write(tx, workspace_id, agent_id, differing)
        await _tell(tx, workspace_id, agent_id, "agent.profiled", {"fields": sorted(differing)}, actor)
    return (await of_agents(tx, workspace_id, [agent_id]))[agent_id]


async def instruct(
    tx: Transaction, workspace_id: str, agent_id: str, text: str, *, note: str | None, actor: str
) -> Instructions:
    """Add a version, which holds from now on. The same text again adds nothing. Tells `agent.instructed`.

    Raises NotFound; Invalid.
    """
    agent = await store.lock(tx, workspace_id, agent_id)
    if agent is None:
        raise NotFound("There is no such agent in this workspace.")
    clean = a_text(text.strip(), "text", INSTRUCTIONS_LENGTH)
    if not clean:
        raise Invalid("Instructions cannot be empty: write what the agent is told to be.", field="text")
    history = await history_of(tx, workspace_id, agent_id)
    profile = (await of_agents(tx, workspace_id, [agent_id]))[agent_id]
    held = next((one for one in history if one.number == profile.instructions), None)
    if held is not None and held.text == clean:
        return held
    made = Instructions(
        number=history[0].number + 1 if history else 1,
        text=clean,
        note=None if note is None else a_text(note.strip(), "note", NOTE_LENGTH) or None,
        author_id=actor,
        created_at=tx.now,
    )
    values = {name: getattr(made, name) for name in Instructions.__slots__}
    await tx.execute(instructions.insert().values(workspace_id=workspace_id, agent_id=agent_id, **values))
    await _write(tx, workspace_id, agent_id, {"instructions": made.number})
    await _tell(tx, workspace_id, agent_id, "agent.instructed", {"number": made.number}, actor)
    return made


async def roll_back(tx: Transaction, workspace_id: str, agent_id: str, number: int, *, actor: str) -> Instructions:
    """Let an earlier (or later) version hold again. Tells `agent.instructed`. Raises NotFound."""
    if await store.lock(tx, workspace_id, agent_id) is None:
        raise NotFound("There is no such agent in this workspace.")
    history = await history_of(tx, workspace_id, agent_id)
    wanted = next((one for one in history if one.number == number), None)
    if wanted is None:
        raise NotFound("There is no such version of its instructions.")
    profile = (await of_agents(tx, workspace_id, [agent_id]))[agent_id]
    if profile.instructions != number:
        await _write(tx, workspace_id, agent_id, {"instructions": number})
        data = {"number": number, "rolled_back_from": profile.instructions}
        await _tell(tx, workspace_id, agent_id, "agent.instructed", data, actor)
    return wanted


async def history_of(tx: Transaction, workspace_id: str, agent_id: str) -> list[Instructions]:
    """Newest first."""
    rows = await tx.rows(
        sa.select(instructions)
        .where(instructions.c.workspace_id == workspace_id, instructions.c.agent_id == agent_id)
        .order_by(instructions.c.number.desc())
    )
    return [Instructions(**{name: row[name] for name in Instructions.__slots__}) for row in rows]


async def held_by(tx: Transaction, workspace_id: str, agent_id: str) -> Instructions | None:
    """The version that holds now."""
    row = await tx.row(
        sa.select(instructions)
        .join(
            profiles,
            sa.and_(
                profiles.c.workspace_id == instructions.c.workspace_id,
                profiles.c.agent_id == instructions.c.agent_id,
                profiles.c.instructions == instructions.c.number,
            ),
        )
        .where(instructions.c.workspace_id == workspace_id, instructions.c.agent_id == agent_id)
    )
    return None if row is None else Instructions(**{name: row[name] for name in Instructions.__slots__})


async def note_seen(tx: Transaction, workspace_id: str, agent_id: str, via: str) -> None:
    """The agent came by this door just now."""
    statement = sa.text(
        "INSERT INTO agent_seen (workspace_id, agent_id, via, at) VALUES (:workspace_id, :agent_id, :via, :at)"
        " ON CONFLICT (workspace_id, agent_id, via) DO UPDATE SET at = excluded.at"
    )
    await tx.execute(statement, {"workspace_id": workspace_id, "agent_id": agent_id, "via": via, "at": tx.now})


async def seen_of(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> dict[str, dict[str, int]]:
    """By agent, when it last came by which door."""
    found: dict[str, dict[str, int]] = {agent_id: {} for agent_id in agent_ids}
    if found:
        rows = await tx.rows(
            sa.select(seen).where(seen.c.workspace_id == workspace_id, seen.c.agent_id.in_(sorted(found)))
        )
        for row in rows:
            found[row["agent_id"]][row["via"]] = row["at"]
    return found


def clean_words(given: Sequence[str], field: str) -> tuple[str, ...]:
    """Each once however it is written, in the order given. Raises Invalid."""
    if len(given) > MAX_WORDS:
        raise Invalid(f"An agent has at most {MAX_WORDS} {field}: take some away.", field=field)
    kept: dict[str, str] = {}
    for word in given:
        line = a_line(word, field, WORD_LENGTH)
        kept.setdefault(comparable(line), line)
    return tuple(kept.values())


async def _must_not_circle(tx: Transaction, workspace_id: str, agent_id: str, above_id: str) -> None:
    """Raises Invalid when `above_id` is no agent, or reports to `agent_id` by any number of steps."""
    above: str | None = above_id
    names: list[str] = []
    for _ in range(DEEPEST):
        agent: Agent | None = None if above is None else await store.find(tx, workspace_id, above)
        if agent is None:
            if not names:
                raise names_nothing("reports_to_id", "agent")
            return
        names.append(agent.name)
        if agent.id == agent_id:
            raise Invalid(f"That would be a circle: {' → '.join(names)}.", field="reports_to_id")
        above = (await of_agents(tx, workspace_id, [agent.id]))[agent.id].reports_to_id
    raise Invalid(
        f"A reporting line has at most {DEEPEST} steps: choose an agent nearer to its top.", field="reports_to_id"
    )


async def _write(tx: Transaction, workspace_id: str, agent_id: str, values: Mapping[str, Any]) -> None:
    there = sa.and_(profiles.c.workspace_id == workspace_id, profiles.c.agent_id == agent_id)
    if not await tx.changed(profiles.update().where(there).values(**values)):
        empty: dict[str, Any] = {"skills": [], "labels": [], "reports_to_id": None, "instructions": None}
        await tx.execute(profiles.insert().values(workspace_id=workspace_id, agent_id=agent_id, **{**empty, **values}))
    # The agent's version stands for its profile too, so that two who change it notice each other.
    agent = await store.find(tx, workspace_id, agent_id)
    if agent is None:
        raise Changed("The agent was changed meanwhile; load it again.")
    await store.update(tx, agent, {})


async def _tell(
    tx: Transaction, workspace_id: str, agent_id: str, kind: str, data: dict[str, Any], actor: str | None
) -> None:
    await tx.emit(Event(workspace_id, kind, agent_id, data, actor))


def _profile(row: sa.RowMapping) -> Profile:
    return Profile(tuple(row["skills"]), tuple(row["labels"]), row["reports_to_id"], row["instructions"])
