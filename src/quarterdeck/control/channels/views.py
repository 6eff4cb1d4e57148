"""A channel as the API shows it."""

from collections.abc import Mapping

from pydantic import BaseModel

from quarterdeck.control.channels.model import Channel, ChannelKind
from quarterdeck.control.shapes import Instant, shown
from quarterdeck.kernel.clock import iso


class ChannelOut(BaseModel):
    id: str
    name: str
    kind: ChannelKind
    shared: bool
    """Of the workspace; else your own."""
    shown: str
    """As much of its address as anybody sees."""
    kinds: list[str]
    enabled: bool
    allow_private: bool
    declared: bool
    created_at: Instant
    last_ok_at: Instant | None
    last_failed_at: Instant | None
    last_error: str | None
    waiting: int
    """Deliveries on their way."""
    dead: int
    """Deliveries given up; they can be replayed."""
    version: int


def shown_channel(channel: Channel, counts: Mapping[str, Mapping[str, int]]) -> ChannelOut:
    mine = counts.get(channel.id, {})
    return ChannelOut(
        id=channel.id,
        name=channel.name,
        kind=channel.kind,
        shared=channel.member_id is None,
        shown=channel.shown,
        kinds=list(channel.kinds),
        enabled=channel.enabled,
        allow_private=channel.allow_private,
        declared=channel.declared,
        created_at=iso(channel.created_at),
        last_ok_at=shown(channel.last_ok_at),
        last_failed_at=shown(channel.last_failed_at),
        last_error=channel.last_error,
        waiting=mine.get("pending", 0),
        dead=mine.get("dead", 0),
        version=channel.version,
    )
