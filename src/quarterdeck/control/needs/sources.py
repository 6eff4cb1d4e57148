"""All that waits in a workspace, and for whom: computed from reviews, questions and approvals, and kept from events."""

from typing import Any

import sqlalchemy as sa

from quarterdeck.access.actors import Role
from quarterdeck.access.tables import members
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.agents.store import agents
from quarterdeck.control.agents.tables import squad_agents, squads
from quarterdeck.control.approvals import store as approvals
from quarterdeck.control.dependencies.tables import is_blocked
from quarterdeck.control.needs import items
from quarterdeck.control.needs.model import Need, NeedKind, Open
from quarterdeck.control.notifications.audience import People, reviewers
from quarterdeck.control.questions.store import questions
from quarterdeck.control.reviews import store as reviews
from quarterdeck.control.reviews.store import review_tasks
from quarterdeck.control.runs.store import runs
from quarterdeck.control.tasks.tables import CLAIMABLE, tasks
from quarterdeck.db import Prepared, Transaction
from quarterdeck.kernel.clock import DAY

UNTAKEN_AFTER = DAY
"""So long a task waits for its agent, which begins nothing, before somebody is asked to look."""
MOST = 2_000
"""Of each kind, the longest waiting."""
_IN_REVIEW = Prepared(
    sa.select(  # not the brief, which may be long
        *(
            tasks.c[name]
            for name in ("workspace_id", "id", "title", "state_since", "review", "accountable_id", "agent_id")
        )
    )
    .where(tasks.c.workspace_id == sa.bindparam("workspace_id"), tasks.c.state == "in_review")
    .order_by(tasks.c.state_since)
    .limit(MOST)
)


def _at_work() -> sa.Subquery:
    """Agents that have begun something since `before`, or have not ended it."""
    workspace: sa.BindParameter[str] = sa.bindparam("workspace_id")
    return sa.union(
        sa.select(runs.c.agent_id).where(runs.c.workspace_id == workspace, runs.c.state.in_(["queued", "running"])),
        # Computed, so that SQLite takes the index of ends: of all runs of a workspace few ended since.
        sa.select(runs.c.agent_id).where(
            runs.c.workspace_id.concat("") == workspace, runs.c.ended_at > sa.bindparam("before")
        ),
    ).subquery()


def _waiting(*columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """What could be claimed, counted by `columns`, of whom it waits for."""
    since = sa.func.min(tasks.c.state_since).label("since")
    return (
        sa.select(*columns, sa.func.count().label("count"), since, sa.func.min(tasks.c.number).label("number"))
        .where(
            tasks.c.workspace_id == sa.bindparam("workspace_id"),
            sa.text(CLAIMABLE),
            tasks.c.not_before <= sa.bindparam("now"),
        )
        .group_by(*columns)
        .limit(MOST)
    )


_OF_ITS_AGENT = sa.and_(agents.c.workspace_id == tasks.c.workspace_id, agents.c.id == tasks.c.agent_id)


def _agents_that_are(*desired: Desired) -> sa.Select[tuple[str]]:
    """Looked up once for all tasks, where a join would do so for each."""
    return sa.select(agents.c.id).where(
        agents.c.workspace_id == sa.bindparam("workspace_id"), agents.c.desired.in_([one.value for one in desired])
    )


def _untaken_tasks() -> Prepared:
    idle = _agents_that_are(Desired.ENABLED).where(agents.c.id.not_in(sa.select(_at_work().c.agent_id)))
    return Prepared(
        _waiting(tasks.c.agent_id, agents.c.name)
        .join(agents, _OF_ITS_AGENT)
        .where(tasks.c.agent_id.in_(idle), tasks.c.state_since < sa.bindparam("before"), ~is_blocked(tasks, tasks))
    )


def _tasks_for_nobody() -> Prepared:
    looks = sa.exists().where(review_tasks.c.workspace_id == tasks.c.workspace_id, review_tasks.c.task_id == tasks.c.id)
    why = sa.case((looks, "review"), (agents.c.id.is_(None), "nobody"), else_=agents.c.desired).label("why")
    nobody_works = ~sa.exists().select_from(_at_work())
    is_old = tasks.c.state_since < sa.bindparam("before")
    return Prepared(
        _waiting(tasks.c.accountable_id, agents.c.id.label("agent_id"), agents.c.name, agents.c.desired, why)
        .outerjoin(agents, _OF_ITS_AGENT)
        .where(
            sa.or_(
                tasks.c.agent_id.in_(_agents_that_are(Desired.RETIRED)),
                sa.and_(is_old, tasks.c.agent_id.in_(_agents_that_are(Desired.PAUSED))),
                sa.and_(is_old, tasks.c.agent_id.is_(None), tasks.c.squad_id.is_(None), nobody_works),
            ),
            ~is_blocked(tasks, tasks),
        )
    )


_UNTAKEN = _untaken_tasks()
_FOR_NOBODY = _tasks_for_nobody()


async def people_of(tx: Transaction, workspace_id: str) -> People:
    """Roles, names and owners, without any task."""
    persons = await tx.rows(
        sa.select(members.c.id, members.c.name, members.c.role)
        .where(members.c.workspace_id == workspace_id, members.c.removed_at.is_(None))
        .order_by(members.c.created_at, members.c.id)
    )
    owners = await tx.rows(sa.select(agents.c.id, agents.c.owner_id).where(agents.c.workspace_id == workspace_id))
    return People(
        {row["id"]: Role(row["role"]) for row in persons},
        {row["id"]: row["name"] for row in persons},
        {row["id"]: row["owner_id"] for row in owners},
    )


async def open_of(tx: Transaction, workspace_id: str, people: People) -> list[Open]:
    """Everything but mentions, which wait for whom they name and for nobody else."""
    return [
        *await _reviews(tx, workspace_id, people),
        *await _questions(tx, workspace_id),
        *await _approvals(tx, workspace_id),
        *await _untaken(tx, workspace_id, people),
        *await _for_nobody(tx, workspace_id),
        *await _for_squads(tx, workspace_id),
        *await items.open_ones(tx, workspace_id),
    ]


async def _reviews(tx: Transaction, workspace_id: str, people: People) -> list[Open]:
    rows = await tx.fetch_named(_IN_REVIEW, workspace_id=workspace_id)
    done = await reviews.approvals_of(tx, workspace_id, [row["id"] for row in rows])
    looked_at = await reviews.under_review_by_agents(tx, workspace_id)
    found = []
    by_policy: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if (row["id"], row["state_since"]) in looked_at:
            continue  # people are asked once the agent has looked
        policy = (row["review"], row["accountable_id"])
        if policy not in by_policy:
            by_policy[policy] = reviewers(row, people)
        asked = tuple(each for each in by_policy[policy] if (row["id"], row["state_since"], each) not in done)
        need = Need(f"review:{row['id']}", NeedKind.REVIEW, row["id"], row["id"], row["title"], row["state_since"])
        found.append(Open(need, asked, row["agent_id"]))
    return found


async def _questions(tx: Transaction, workspace_id: str) -> list[Open]:
    rows = await tx.rows(
        sa.select(questions, tasks.c.accountable_id)
        .join(tasks, sa.and_(tasks.c.workspace_id == questions.c.workspace_id, tasks.c.id == questions.c.task_id))
        .where(questions.c.workspace_id == workspace_id, sa.text("questions.state = 'open'"))
        .order_by(questions.c.created_at)
        .limit(MOST)
    )
    return [
        Open(
            Need(f"question:{row['id']}", NeedKind.QUESTION, row["id"], row["task_id"], row["text"], row["created_at"]),
            (row["accountable_id"],),
            row["agent_id"],
        )
        for row in rows
    ]


async def _approvals(tx: Transaction, workspace_id: str) -> list[Open]:
    found = await approvals.pending(tx, workspace_id, MOST)
    rows = await tx.rows(
        sa.select(tasks.c.id, tasks.c.accountable_id).where(
            tasks.c.workspace_id == workspace_id, tasks.c.id.in_(sorted({one.task_id for one in found}))
        )
    )
    answers = {row["id"]: row["accountable_id"] for row in rows}
    return [
        Open(
            Need(f"approval:{one.id}", NeedKind.APPROVAL, one.id, one.task_id, one.action, one.created_at),
            (answers[one.task_id],),
            one.agent_id,
        )
        for one in found
    ]


async def _for_nobody(tx: Transaction, workspace_id: str) -> list[Open]:
    """Tasks that no agent will take by itself: one for each member who answers for such, and each reason.

    Those of a retired agent at once, those of a paused one after a day, and so those of whoever comes first where
    nobody has worked for as long.
    """
    rows = await tx.fetch_named(_FOR_NOBODY, workspace_id=workspace_id, now=tx.now, before=tx.now - UNTAKEN_AFTER)
    found = []
    for row in rows:
        one = row["count"] == 1
        work = f"T-{row['number']} waits" if one else f"{row['count']} tasks wait"
        ready = f"T-{row['number']} has" if one else f"{row['count']} tasks have"
        text = {
            "review": f"{work} for {row['name']}, which is {row['desired']}: enable it, or change the review",
            "nobody": f"{ready} been ready for a day and no agent takes {'it' if one else 'them'}: is one running?",
            "paused": f"{work} for {row['name']}, which is paused: resume it, or assign another agent",
            "retired": f"{work} for {row['name']}, which is retired: assign another agent",
        }[row["why"]]
        key = f"untaken:{row['agent_id'] or 'nobody'}:{row['accountable_id']}"
        if row["why"] == "review":
            key += ":review"
        need = Need(key, NeedKind.SIGNAL, row["agent_id"] or row["accountable_id"], None, text, row["since"])
        found.append(Open(need, (row["accountable_id"],), row["agent_id"]))
    return found


async def _for_squads(tx: Transaction, workspace_id: str) -> list[Open]:
    """Tasks offered to a squad none of whose agents has worked for a day: one for each squad and who answers for them.

    Where an agent of it works, the others wait for their turn, which is nobody's concern.
    """
    if await tx.scalar(sa.select(squads.c.id).where(squads.c.workspace_id == workspace_id).limit(1)) is None:
        return []
    before = tx.now - UNTAKEN_AFTER
    begins = sa.exists().where(
        squad_agents.c.workspace_id == workspace_id,
        squad_agents.c.squad_id == tasks.c.squad_id,
        runs.c.workspace_id == workspace_id,
        runs.c.agent_id == squad_agents.c.agent_id,
        sa.or_(runs.c.ended_at.is_(None), runs.c.ended_at > before),
    )
    rows = await tx.rows(
        sa.select(
            tasks.c.accountable_id,
            squads.c.id,
            squads.c.name,
            sa.func.count().label("count"),
            sa.func.min(tasks.c.state_since).label("since"),
            sa.func.min(tasks.c.number).label("number"),
        )
        .join(squads, sa.and_(squads.c.workspace_id == tasks.c.workspace_id, squads.c.id == tasks.c.squad_id))
        .where(
            tasks.c.workspace_id == workspace_id,
            sa.text(CLAIMABLE),
            tasks.c.agent_id.is_(None),
            tasks.c.state_since < before,
            tasks.c.not_before <= tx.now,
            ~is_blocked(tasks, tasks),
            ~begins,
        )
        .group_by(tasks.c.accountable_id, squads.c.id, squads.c.name)
        .limit(MOST)
    )
    found = []
    for row in rows:
        work = f"T-{row['number']} waits" if row["count"] == 1 else f"{row['count']} tasks wait"
        text = f"No agent of {row['name']} has begun anything for a day, and {work} for one: is one running?"
        key = f"untaken:{row['id']}:{row['accountable_id']}"
        need = Need(key, NeedKind.SIGNAL, row["id"], None, text, row["since"])
        found.append(Open(need, (row["accountable_id"],)))
    return found


async def _untaken(tx: Transaction, workspace_id: str, people: People) -> list[Open]:
    """Enabled agents that have work ready for long and begin nothing: one for each, for its owner."""
    rows = await tx.fetch_named(_UNTAKEN, workspace_id=workspace_id, now=tx.now, before=tx.now - UNTAKEN_AFTER)
    found = []
    for row in rows:
        work = f"T-{row['number']} waits" if row["count"] == 1 else f"{row['count']} tasks wait"
        text = f"{row['name']} has begun nothing for a day, and {work} for it: is it running?"
        need = Need(f"untaken:{row['agent_id']}", NeedKind.SIGNAL, row["agent_id"], None, text, row["since"])
        owner = people.owners.get(row["agent_id"])
        found.append(Open(need, () if owner is None else (owner,), row["agent_id"]))
    return found
