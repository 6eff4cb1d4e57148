"""All that waits in a workspace, and for whom: computed from reviews, questions and approvals, and kept from events."""

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
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY

UNTAKEN_AFTER = DAY
"""So long a task waits for its agent, which begins nothing, before somebody is asked to look."""
MOST = 2_000
"""Of each kind, the longest waiting."""
_REVIEWED = [
    tasks.c[name] for name in ("workspace_id", "id", "title", "state_since", "review", "accountable_id", "agent_id")
]
"""Not the brief, which may be long."""


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
    rows = await tx.rows(
        sa.select(*_REVIEWED)
        .where(tasks.c.workspace_id == workspace_id, tasks.c.state == "in_review")
        .order_by(tasks.c.state_since)
        .limit(MOST)
    )
    done = await reviews.approvals_of(tx, workspace_id, [row["id"] for row in rows])
    looked_at = await reviews.under_review_by_agents(tx, workspace_id)
    found = []
    for row in rows:
        if (row["id"], row["state_since"]) in looked_at:
            continue  # people are asked once the agent has looked
        asked = tuple(each for each in reviewers(row, people) if (row["id"], row["state_since"], each) not in done)
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
    before = tx.now - UNTAKEN_AFTER
    retired = agents.c.desired == Desired.RETIRED.value
    looks = sa.exists().where(review_tasks.c.workspace_id == tasks.c.workspace_id, review_tasks.c.task_id == tasks.c.id)
    why = sa.case((looks, "review"), (agents.c.id.is_(None), "nobody"), else_=agents.c.desired).label("why")
    begins = sa.exists().where(
        runs.c.workspace_id == workspace_id, sa.or_(runs.c.ended_at.is_(None), runs.c.ended_at > before)
    )
    late = sa.or_(agents.c.desired == Desired.PAUSED.value, sa.and_(agents.c.id.is_(None), ~begins))
    rows = await tx.rows(
        sa.select(
            tasks.c.accountable_id,
            agents.c.id.label("agent_id"),
            agents.c.name,
            agents.c.desired,
            why,
            sa.func.count().label("count"),
            sa.func.min(tasks.c.state_since).label("since"),
            sa.func.min(tasks.c.number).label("number"),
        )
        .outerjoin(agents, sa.and_(agents.c.workspace_id == tasks.c.workspace_id, agents.c.id == tasks.c.agent_id))
        .where(
            tasks.c.workspace_id == workspace_id,
            sa.text(CLAIMABLE),
            sa.or_(tasks.c.squad_id.is_(None), tasks.c.agent_id.is_not(None)),
            tasks.c.not_before <= tx.now,
            sa.or_(retired, sa.and_(late, tasks.c.state_since < before)),
            ~is_blocked(tasks, tasks),
        )
        .group_by(tasks.c.accountable_id, agents.c.id, agents.c.name, agents.c.desired, why)
        .limit(MOST)
    )
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
    before = tx.now - UNTAKEN_AFTER
    begins = sa.exists().where(
        runs.c.workspace_id == workspace_id,
        runs.c.agent_id == tasks.c.agent_id,
        sa.or_(runs.c.ended_at.is_(None), runs.c.ended_at > before),
    )
    rows = await tx.rows(
        sa.select(
            tasks.c.agent_id,
            agents.c.name,
            sa.func.count().label("count"),
            sa.func.min(tasks.c.state_since).label("since"),
            sa.func.min(tasks.c.number).label("number"),
        )
        .join(agents, sa.and_(agents.c.workspace_id == tasks.c.workspace_id, agents.c.id == tasks.c.agent_id))
        .where(
            tasks.c.workspace_id == workspace_id,
            sa.text(CLAIMABLE),
            tasks.c.state_since < before,
            tasks.c.not_before <= tx.now,
            agents.c.desired == Desired.ENABLED.value,
            ~is_blocked(tasks, tasks),
            ~begins,
        )
        .group_by(tasks.c.agent_id, agents.c.name)
        .limit(MOST)
    )
    found = []
    for row in rows:
        work = f"T-{row['number']} waits" if row["count"] == 1 else f"{row['count']} tasks wait"
        text = f"{row['name']} has begun nothing for a day, and {work} for it: is it running?"
        need = Need(f"untaken:{row['agent_id']}", NeedKind.SIGNAL, row["agent_id"], None, text, row["since"])
        owner = people.owners.get(row["agent_id"])
        found.append(Open(need, () if owner is None else (owner,), row["agent_id"]))
    return found
