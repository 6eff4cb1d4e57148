"""What the next attempt should know of the last one, put together from what it did and not from what it says."""

from collections import Counter

import sqlalchemy as sa

from quarterdeck.control.deliverables import store as deliverables
from quarterdeck.control.runs.model import Run
from quarterdeck.control.signals import store as signals
from quarterdeck.control.status.words import ago
from quarterdeck.control.tasks.model import NOTE_LENGTH
from quarterdeck.db import Transaction
from quarterdeck.kernel.money import money_words
from quarterdeck.kernel.text import a_text
from quarterdeck.ledger import rollups
from quarterdeck.ledger.derived_tables import turns
from quarterdeck.ledger.turns.model import decode_turn

_LOOKED_AT = 500
_TOOLS_NAMED = 8


async def note_of(tx: Transaction, run: Run, *, reason: str | None = None, note: str | None = None) -> str:
    """A note for the next worker: why the last attempt was stopped, what it did, what it handed in."""
    lines = []
    if note is not None and note.strip():
        lines.append(note.strip())
    spent = (await rollups.figures(tx, run.workspace_id, "run", [run.id]))[run.id]
    lasted = ago(tx.now - (run.started_at or run.created_at))
    why = f": {reason}" if reason else "."
    calls = "1 call" if spent.calls == 1 else f"{spent.calls} calls"
    lines.append(f"Attempt {run.attempt} was stopped after {lasted}, {calls} and {money_words(spent.cost)}{why}")
    noticed = (await signals.up_of_agents(tx, run.workspace_id, [run.agent_id]))[run.agent_id]
    lines += [f"It was {signal.words}." for signal in noticed if signal.run_id == run.id]
    if used := await _tools(tx, run):
        lines.append(f"Tools it used: {used}.")
    newest = (await deliverables.newest_of_tasks(tx, run.workspace_id, [run.task_id])).get(run.task_id)
    if newest is not None:
        lines.append(f"Last handed in: {newest.name}, version {newest.number}. Go on from there.")
    said = run.summary or run.note
    if said:
        lines.append(f"Its own last words: {said}")
    return a_text("\n".join(lines)[:NOTE_LENGTH], "note", NOTE_LENGTH)


async def _tools(tx: Transaction, run: Run) -> str:
    rows = await tx.rows(
        sa.select(turns.c.turn)
        .where(turns.c.workspace_id == run.workspace_id, turns.c.run_id == run.id, turns.c.turn.is_not(None))
        .order_by(turns.c.call_id.desc())
        .limit(_LOOKED_AT)
    )
    used: Counter[str] = Counter()
    for row in rows:
        used.update(decode_turn(row["turn"]).tools)
    named = [f"{name} ({count} times)" if count > 1 else name for name, count in used.most_common(_TOOLS_NAMED)]
    return ", ".join(named)
