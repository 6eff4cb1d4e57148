"""All SQL of providers, their credentials and the prices an admin set."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.snapshot import PriceOverride
from quarterdeck.control.providers.model import Credential, Provider, Source
from quarterdeck.db import Transaction, metadata

providers = sa.Table(
    "providers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("base_url", sa.Text, nullable=False),
    sa.Column("models", sa.JSON(none_as_null=True)),
    sa.Column("allow_private", sa.Boolean, nullable=False),
    sa.Column("headers", sa.JSON, nullable=False),
    sa.Column("timeouts", sa.JSON, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("workspace_id", "name"),
)

credentials = sa.Table(
    "credentials",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("provider_id", sa.Text, sa.ForeignKey("providers.id", ondelete="CASCADE"), nullable=False, unique=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("reference", sa.Text),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.CheckConstraint("source IN ('stored', 'env', 'file')", name="source"),
    sa.CheckConstraint("(sealed IS NULL) <> (reference IS NULL)", name="one_place"),
)

price_overrides = sa.Table(
    "price_overrides",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("valid_from", sa.BigInteger, nullable=False),
    sa.Column("units", sa.JSON, nullable=False),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "provider", "model", "valid_from"),
)


async def insert(tx: Transaction, provider: Provider) -> None:
    values = {name: getattr(provider, name) for name in Provider.__slots__}
    await tx.execute(providers.insert().values(**values))


async def update(tx: Transaction, provider: Provider, values: Mapping[str, Any]) -> Provider | None:
    """Write `values` if the row is still at the version of `provider`; None when it is not."""
    row = await tx.row(
        providers.update()
        .where(providers.c.id == provider.id, providers.c.version == provider.version)
        .values(**values, version=providers.c.version + 1)
        .returning(providers)
    )
    return None if row is None else _provider(row)


async def delete(tx: Transaction, provider: Provider) -> bool:
    await tx.execute(credentials.delete().where(credentials.c.provider_id == provider.id))
    return await tx.changed(
        providers.delete().where(providers.c.id == provider.id, providers.c.version == provider.version)
    )


async def by_name(tx: Transaction, workspace_id: str, name: str) -> Provider | None:
    row = await tx.row(sa.select(providers).where(providers.c.workspace_id == workspace_id, providers.c.name == name))
    return None if row is None else _provider(row)


async def all_of(tx: Transaction, workspace_id: str | None = None) -> list[tuple[Provider, Credential | None]]:
    """Every provider with its credential, in the order they are asked, of one workspace or of all."""
    query = (
        sa.select(
            providers,
            credentials.c.id.label("credential_id"),
            credentials.c.source,
            credentials.c.reference,
            credentials.c.sealed,
        )
        .outerjoin(credentials, credentials.c.provider_id == providers.c.id)
        .order_by(providers.c.workspace_id, providers.c.position, providers.c.id)
    )
    if workspace_id is not None:
        query = query.where(providers.c.workspace_id == workspace_id)
    return [(_provider(row), _joined_credential(row)) for row in await tx.rows(query)]


async def next_position(tx: Transaction, workspace_id: str) -> int:
    last = await tx.scalar(sa.select(sa.func.max(providers.c.position)).where(providers.c.workspace_id == workspace_id))
    return 0 if last is None else int(last) + 1


async def credential_of(tx: Transaction, provider_id: str) -> Credential | None:
    row = await tx.row(sa.select(credentials).where(credentials.c.provider_id == provider_id))
    if row is None:
        return None
    return Credential(row["id"], row["provider_id"], Source(row["source"]), row["reference"], row["sealed"])


async def set_credential(tx: Transaction, workspace_id: str, provider_id: str, credential: Credential | None) -> None:
    """Replace the provider's credential; None takes it away."""
    await tx.execute(credentials.delete().where(credentials.c.provider_id == provider_id))
    if credential is not None:
        await tx.execute(
            credentials.insert().values(
                id=credential.id,
                workspace_id=workspace_id,
                provider_id=provider_id,
                source=credential.source.value,
                reference=credential.reference,
                sealed=credential.sealed,
                created_at=tx.now,
            )
        )


async def prices(tx: Transaction, workspace_id: str | None = None) -> Sequence[sa.RowMapping]:
    """Rows of `price_overrides`, oldest validity first."""
    query = sa.select(price_overrides).order_by(
        price_overrides.c.workspace_id,
        price_overrides.c.provider,
        price_overrides.c.model,
        price_overrides.c.valid_from,
    )
    if workspace_id is not None:
        query = query.where(price_overrides.c.workspace_id == workspace_id)
    return await tx.rows(query)


def override_of(row: Mapping[str, Any] | sa.RowMapping) -> PriceOverride:
    """One of `prices`, as gateways and the price book read it."""
    return PriceOverride(row["provider"], row["model"], row["valid_from"], dict(row["units"]))


async def replace_declared_prices(tx: Transaction, workspace_id: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make `rows` the whole of the declared prices; each has provider, model, valid_from and units."""
    await tx.execute(
        price_overrides.delete().where(
            price_overrides.c.workspace_id == workspace_id, price_overrides.c.declared.is_(True)
        )
    )
    if rows:
        await tx.execute(
            price_overrides.insert(), [{"workspace_id": workspace_id, "declared": True, **row} for row in rows]
        )


def _provider(row: sa.RowMapping) -> Provider:
    return Provider(**{name: row[name] for name in Provider.__slots__})


def _joined_credential(row: sa.RowMapping) -> Credential | None:
    if row["credential_id"] is None:
        return None
    return Credential(row["credential_id"], row["id"], Source(row["source"]), row["reference"], row["sealed"])
