"""All SQL of deliverables."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.deliverables.model import Content, Deliverable, DeliverableKind, Version
from quarterdeck.db import Prepared, Transaction, metadata, one_of
from quarterdeck.kernel.text import comparable, storable
from quarterdeck.ledger.calls import Made, made_between

deliverables = sa.Table(
    "deliverables",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("latest", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.UniqueConstraint("workspace_id", "task_id", "name_key"),
)

versions = sa.Table(
    "deliverable_versions",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("deliverable_id", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("author_id", sa.Text, nullable=False),
    sa.Column("draft", sa.Boolean, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("text", sa.Text),
    sa.Column("made_from", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "deliverable_id", "number"),
    sa.ForeignKeyConstraint(["workspace_id", "deliverable_id"], ["deliverables.workspace_id", "deliverables.id"]),
    sa.ForeignKeyConstraint(["workspace_id", "run_id"], ["runs.workspace_id", "runs.id"]),
    sa.Index("ix_deliverable_versions_task", "workspace_id", "task_id", "created_at"),
    sa.Index("ix_deliverable_versions_run", "workspace_id", "run_id", "created_at"),
    sa.Index("ix_deliverable_versions_sha256", "workspace_id", "sha256"),
)

_VERSION = [column for column in versions.c if column.name != "text"]


@dataclass(frozen=True, slots=True)
class Newest:
    """The version that a task handed in last."""

    deliverable_id: str
    name: str
    kind: str
    number: int
    draft: bool
    created_at: int


_MADE_FROM = Prepared(
    sa.select(
        versions.c.deliverable_id, versions.c.number, versions.c.run_id, versions.c.made_from, versions.c.created_at
    ).where(versions.c.workspace_id == sa.bindparam("workspace_id"), one_of(versions.c.deliverable_id, "ids"))
)


def _newest() -> sa.Select[Any]:
    workspace_id: sa.BindParameter[str] = sa.bindparam("workspace_id")
    place = sa.func.row_number().over(
        partition_by=versions.c.task_id, order_by=[versions.c.created_at.desc(), versions.c.number.desc()]
    )
    ranked = (
        sa.select(versions.c.task_id, versions.c.deliverable_id, versions.c.number, place.label("place"))
        .where(versions.c.workspace_id == workspace_id, one_of(versions.c.task_id, "ids"))
        .subquery()
    )
    return (
        sa.select(versions.c.task_id, deliverables.c.id, deliverables.c.name, deliverables.c.kind)
        .add_columns(versions.c.number, versions.c.draft, versions.c.created_at)
        .select_from(ranked)
        .join(
            versions,
            sa.and_(
                versions.c.workspace_id == workspace_id,
                versions.c.deliverable_id == ranked.c.deliverable_id,
                versions.c.number == ranked.c.number,
            ),
        )
        .join(
            deliverables,
            sa.and_(deliverables.c.workspace_id == workspace_id, deliverables.c.id == ranked.c.deliverable_id),
        )
        .where(ranked.c.place == 1)
    )


_NEWEST = Prepared(_newest())
_WITH_FINALS = Prepared(
    sa.select(versions.c.task_id)
    .where(
        versions.c.workspace_id == sa.bindparam("workspace_id"),
        one_of(versions.c.task_id, "ids"),
        versions.c.draft.is_(False),
    )
    .distinct()
)


async def insert(tx: Transaction, made: Deliverable) -> None:
    await tx.execute(
        deliverables.insert().values(
            workspace_id=made.workspace_id,
            id=made.id,
            task_id=made.task_id,
            name=made.name,
            name_key=comparable(made.name),
            kind=made.kind.value,
            latest=made.latest,
            created_at=made.created_at,
        )
    )


async def add_version(tx: Transaction, version: Version, text: str | None) -> bool:
    """Write it as the newest of its deliverable; False when another came first."""
    newest = (
        deliverables.update()
        .where(_is(version.workspace_id, version.deliverable_id), deliverables.c.latest == version.number - 1)
        .values(latest=version.number)
    )
    if not await tx.changed(newest):
        return False
    values: dict[str, Any] = {name: getattr(version, name) for name in Version.__slots__}
    await tx.execute(versions.insert().values(**values, text=text))
    return True


async def make_final(tx: Transaction, version: Version) -> bool:
    return await tx.changed(
        versions.update()
        .where(_is_version(version.workspace_id, version.deliverable_id, version.number), versions.c.draft.is_(True))
        .values(draft=False)
    )


async def find(tx: Transaction, workspace_id: str, deliverable_id: str) -> Deliverable | None:
    if not storable(deliverable_id):
        return None
    row = await tx.row(sa.select(deliverables).where(_is(workspace_id, deliverable_id)))
    return None if row is None else _deliverable(row)


async def by_name(tx: Transaction, workspace_id: str, task_id: str, name: str) -> Deliverable | None:
    """The task's deliverable of that name, however it is written."""
    row = await tx.row(
        sa.select(deliverables).where(
            deliverables.c.workspace_id == workspace_id,
            deliverables.c.task_id == task_id,
            deliverables.c.name_key == comparable(name),
        )
    )
    return None if row is None else _deliverable(row)


async def version(tx: Transaction, workspace_id: str, deliverable_id: str, number: int) -> Version | None:
    if not storable(deliverable_id):
        return None
    row = await tx.row(sa.select(*_VERSION).where(_is_version(workspace_id, deliverable_id, number)))
    return None if row is None else _version(row)


async def content(tx: Transaction, version: Version) -> Content:
    text = await tx.scalar(
        sa.select(versions.c.text).where(_is_version(version.workspace_id, version.deliverable_id, version.number))
    )
    return Content(version.sha256, version.size, version.media_type, text)


async def of_task(tx: Transaction, workspace_id: str, task_id: str) -> list[Deliverable]:
    rows = await tx.rows(
        sa.select(deliverables)
        .where(deliverables.c.workspace_id == workspace_id, deliverables.c.task_id == task_id)
        .order_by(deliverables.c.created_at, deliverables.c.id)
    )
    return [_deliverable(row) for row in rows]


async def versions_of(tx: Transaction, workspace_id: str, deliverable_ids: Collection[str]) -> list[Version]:
    """Newest first."""
    if not deliverable_ids:
        return []
    rows = await tx.rows(
        sa.select(*_VERSION)
        .where(versions.c.workspace_id == workspace_id, versions.c.deliverable_id.in_(sorted(set(deliverable_ids))))
        .order_by(versions.c.created_at.desc(), versions.c.deliverable_id.desc(), versions.c.number.desc())
    )
    return [_version(row) for row in rows]


async def kept_files(tx: Transaction, workspace_id: str, hashes: Collection[str]) -> set[str]:
    """Those of the hashes that some version's file has."""
    query = sa.select(versions.c.sha256).where(
        versions.c.workspace_id == workspace_id, versions.c.sha256.in_(sorted(hashes)), versions.c.text.is_(None)
    )
    return {row["sha256"] for row in await tx.rows(query.distinct())}


async def of_tasks(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> list[Deliverable]:
    """All deliverables of a page of tasks, oldest first."""
    if not task_ids:
        return []
    query = sa.select(deliverables).where(
        deliverables.c.workspace_id == workspace_id, deliverables.c.task_id.in_(sorted(set(task_ids)))
    )
    return [_deliverable(row) for row in await tx.rows(query.order_by(deliverables.c.task_id, deliverables.c.id))]


async def newest_of_tasks(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, Newest]:
    """By task, the version that came last."""
    if not task_ids:
        return {}
    rows = await tx.fetch(_NEWEST, workspace_id=workspace_id, ids=sorted(set(task_ids)))
    return {row[0]: Newest(*row[1:]) for row in rows}


async def with_finals(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> set[str]:
    """Those of the tasks that have handed in a version that is no draft."""
    if not task_ids:
        return set()
    rows = await tx.fetch(_WITH_FINALS, workspace_id=workspace_id, ids=sorted(set(task_ids)))
    return {row[0] for row in rows}


async def last_of_run(tx: Transaction, workspace_id: str, run_id: str) -> int | None:
    """When the run last handed something in."""
    found: int | None = await tx.scalar(
        sa.select(sa.func.max(versions.c.created_at)).where(
            versions.c.workspace_id == workspace_id, versions.c.run_id == run_id
        )
    )
    return found


async def made_by(tx: Transaction, workspace_id: str, deliverable_ids: Collection[str]) -> dict[tuple[str, int], Made]:
    """By deliverable and version number, the calls of its run between the version before and itself."""
    if not deliverable_ids:
        return {}
    rows = await tx.fetch(_MADE_FROM, workspace_id=workspace_id, ids=sorted(set(deliverable_ids)))
    return {
        (deliverable_id, number): await made_between(tx, workspace_id, run_id, made_from, created_at)
        for deliverable_id, number, run_id, made_from, created_at in rows
    }


def _is(workspace_id: str, deliverable_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(deliverables.c.workspace_id == workspace_id, deliverables.c.id == deliverable_id)


def _is_version(workspace_id: str, deliverable_id: str, number: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        versions.c.workspace_id == workspace_id,
        versions.c.deliverable_id == deliverable_id,
        versions.c.number == number,
    )


def _deliverable(row: sa.RowMapping) -> Deliverable:
    values: dict[str, Any] = {name: row[name] for name in Deliverable.__slots__}
    return Deliverable(**{**values, "kind": DeliverableKind(row["kind"])})


def _version(row: sa.RowMapping) -> Version:
    values: dict[str, Any] = {name: row[name] for name in Version.__slots__}
    return Version(**values)
