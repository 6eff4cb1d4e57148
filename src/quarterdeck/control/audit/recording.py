"""Writing the log. It hangs on the transaction, where every verb passes, so no verb has to think of it."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from quarterdeck.control.agents.store import agents
from quarterdeck.control.audit import store
from quarterdeck.control.audit.model import Entry, RowChange, clean, difference
from quarterdeck.control.audit.scope import UNSEEN_COLUMNS, is_audited, is_told, shown_columns
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Database, Prepared, Transaction
from quarterdeck.kernel import origin
from quarterdeck.kernel.events import Event

Row = dict[str, Any]
Key = tuple[Any, ...]
Change = sa.Insert | sa.Update | sa.Delete
_AT_ONCE = 200
_LOOKS: WeakKeyDictionary[Change, Any] = WeakKeyDictionary()
"""How rows look before a change: by statement, for those that are made once and used again."""
_ACCOUNTABLE = Prepared(
    sa.select(tasks.c.accountable_id).where(
        tasks.c.workspace_id == sa.bindparam("workspace_id"), tasks.c.id == sa.bindparam("id")
    )
)
_OWNER = Prepared(
    sa.select(agents.c.owner_id).where(
        agents.c.workspace_id == sa.bindparam("workspace_id"), agents.c.id == sa.bindparam("id")
    )
)


def install(db: Database) -> Database:
    """Have every change of this database written down from now on."""
    db.make_recorder = Recording
    return db


class Recording:
    """What one transaction does: rows as they were before its first change of them, and as it leaves them."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._before: dict[str, dict[Key, Row | None]] = {}
        self._made: dict[str, dict[Key, Row]] = {}
        """Rows that this transaction inserted whole and has not touched since: how they are need not be asked."""
        self._tables: dict[str, sa.Table] = {}
        self._persons: dict[tuple[str, str, str | None], str | None] = {}

    async def before(self, statement: Change, parameters: Any) -> None:
        table = statement.table
        if not isinstance(table, sa.Table) or not is_audited(table):
            return
        if isinstance(statement, sa.Insert):
            await self._before_insert(table, statement, parameters)
            return
        if isinstance(statement, sa.Update) and _only_unseen(statement):
            return
        several = parameters if isinstance(parameters, Sequence) else [parameters]
        look = _LOOKS.get(statement)
        if look is None:
            # As the statement itself will lock the rows, so that between our look and it nothing can happen to them.
            look = sa.select(*shown_columns(table)).where(*statement._where_criteria)
            look = look.with_for_update(of=table, key_share=isinstance(statement, sa.Update))
            _LOOKS[statement] = look
        for each in several:
            for row in (await self._tx.connection.execute(look, each)).mappings():
                key = _key(table, row)
                self._note(table, key, dict(row))
                self._made.get(table.name, {}).pop(key, None)

    async def finish(self) -> None:
        """Write the entries, workspace by workspace in one order: so two transactions never wait in a circle."""
        changes = await self._changes()
        told = [event for event in self._tx.emitted if is_told(event.kind)]
        for workspace_id in sorted({*changes, *(event.workspace_id for event in told)}):
            mine = [event for event in told if event.workspace_id == workspace_id]
            drafts = list(_drafts(mine, changes.get(workspace_id, []), self._tx))
            seq, last = await store.take_places(self._tx, workspace_id, len(drafts))
            made = [
                await self._entry(workspace_id, seq + place, event, rows)
                for place, (event, rows) in enumerate(drafts, start=1)
            ]
            await store.append(self._tx, workspace_id, made, last)

    async def _before_insert(self, table: sa.Table, statement: sa.Insert, parameters: Any) -> None:
        for values in _inserted(statement, parameters):
            try:
                key = tuple(values[column.name] for column in table.primary_key)
            except KeyError:
                continue  # the database makes up the key: no such table is audited
            before = None
            shown = {column.name for column in shown_columns(table)}
            plain = not any(isinstance(each, sa.ClauseElement) for each in values.values())
            # What stands behind a savepoint may yet be undone while the transaction goes on.
            if shown <= values.keys() and plain and not self._tx.connection.in_nested_transaction():
                self._made.setdefault(table.name, {})[key] = {name: values[name] for name in shown}
            if getattr(statement, "_post_values_clause", None) is not None:
                found = await self._look(table, [key])
                before = found.get(key)
                self._made.get(table.name, {}).pop(key, None)
            self._note(table, key, before)

    def _note(self, table: sa.Table, key: Key, row: Row | None) -> None:
        self._tables[table.name] = table
        self._before.setdefault(table.name, {}).setdefault(key, row)

    async def _look(self, table: sa.Table, keys: list[Key]) -> dict[Key, Row]:
        if len(keys) == 1:
            values = {f"key_{at}": part for at, part in enumerate(keys[0])}
            return dict(zip(keys, await self._tx.fetch_named(_look_at_one(table), **values), strict=False))
        found: dict[Key, Row] = {}
        columns = list(table.primary_key)
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            which = (
                columns[0].in_([key[0] for key in some])
                if len(columns) == 1
                else sa.or_(*[sa.and_(*[c == v for c, v in zip(columns, key, strict=True)]) for key in some])
            )
            for row in (await self._tx.connection.execute(sa.select(*shown_columns(table)).where(which))).mappings():
                found[_key(table, row)] = dict(row)
        return found

    async def _changes(self) -> dict[str, list[RowChange]]:
        """By workspace, the rows that are not as they were."""
        found: dict[str, list[RowChange]] = {}
        for name, rows in self._before.items():
            table = self._tables[name]
            made = self._made.get(name, {})
            unknown = [key for key in rows if key not in made]
            now = {**made, **(await self._look(table, unknown) if unknown else {})}
            for key, before in rows.items():
                after = now.get(key)
                differing = difference(before, after)
                some = after or before
                if differing is None or some is None:
                    continue
                workspace_id = some["id"] if name == "workspaces" else _workspace(table, key, some)
                row_id = "/".join(str(part) for part in key if part != workspace_id) or workspace_id
                found.setdefault(workspace_id, []).append(RowChange(name, row_id, *differing))
        return found

    async def _entry(self, workspace_id: str, seq: int, event: Event, rows: list[RowChange]) -> Entry:
        whence = origin.current()
        actor_id = event.actor or whence.actor_id
        task_id = event.data.get("task_id") or whence.task_id
        return Entry(
            seq=seq,
            workspace_id=workspace_id,
            at=self._tx.now,
            kind=event.kind,
            subject_id=event.subject_id,
            actor_id=actor_id,
            on_behalf_of_id=await self._person(workspace_id, actor_id, task_id),
            via=whence.via,
            request_id=whence.request_id,
            data=clean(event.data),
            changes=[{"table": row.table, "id": row.row_id, "before": row.before, "after": row.after} for row in rows],
        )

    async def _person(self, workspace_id: str, actor_id: str | None, task_id: Any) -> str | None:
        """For whom an agent acts: who answers for the task, else the agent's owner. A person acts for itself."""
        if actor_id is None or not actor_id.startswith("agt_"):
            return None
        asked = (workspace_id, actor_id, task_id if isinstance(task_id, str) else None)
        if asked not in self._persons:
            person = None
            if asked[2] is not None:
                person = _only(await self._tx.fetch(_ACCOUNTABLE, workspace_id=workspace_id, id=asked[2]))
            if person is None:
                person = _only(await self._tx.fetch(_OWNER, workspace_id=workspace_id, id=actor_id))
            self._persons[asked] = person
        return self._persons[asked]


def _drafts(told: list[Event], rows: list[RowChange], tx: Transaction) -> list[tuple[Event, list[RowChange]]]:
    """An entry for each event with the rows it speaks of, and one for each row that no event speaks of."""
    left = list(rows)
    found: list[tuple[Event, list[RowChange]]] = []
    for event in told:
        mine = [row for row in left if event.subject_id in row.row_id.split("/")]
        left = [row for row in left if row not in mine]
        found.append((event, mine))
    actor = next((event.actor for event in tx.emitted if event.actor is not None), None)
    for row in left:
        found.append((Event("", f"{row.table}.{row.verb}", row.row_id, {}, actor), [row]))
    return found


@cache
def _look_at_one(table: sa.Table) -> Prepared:
    key = [column == sa.bindparam(f"key_{at}") for at, column in enumerate(table.primary_key)]
    columns: list[Any] = list(shown_columns(table))
    return Prepared(sa.select(*columns).where(*key))


def _only(rows: Sequence[Sequence[Any]]) -> Any:
    return rows[0][0] if rows else None


def _only_unseen(statement: sa.Update) -> bool:
    """Whether it writes nothing that the log would show, as the many writes of mere traffic do."""
    written = statement._values
    return bool(written) and all(getattr(each, "name", each) in UNSEEN_COLUMNS for each in written or ())


def _inserted(statement: sa.Insert, parameters: Any) -> list[Mapping[str, Any]]:
    if isinstance(parameters, Sequence):
        return list(parameters)
    fixed: dict[str, Any] = {
        str(getattr(column, "name", column)): getattr(value, "value", value)
        for column, value in (statement._values or {}).items()
    }
    return [{**fixed, **(parameters or {})}]


def _key(table: sa.Table, row: Mapping[Any, Any]) -> Key:
    return tuple(row[column.name] for column in table.primary_key)


def _workspace(table: sa.Table, key: Key, row: Row) -> str:
    for column, part in zip(table.primary_key, key, strict=True):
        if column.name == "workspace_id":
            return str(part)
    return str(row["workspace_id"])
