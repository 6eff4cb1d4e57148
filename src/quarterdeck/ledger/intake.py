"""From a journal's record to rows and contents: the part of ingesting that is all computing."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any

import msgspec

from quarterdeck.kernel.ids import encode as encode_id
from quarterdeck.kernel.ids import instant_of
from quarterdeck.ledger import bodies, savings
from quarterdeck.ledger.bodies import ROOT, Part
from quarterdeck.ledger.packs import Place, may_name_directory
from quarterdeck.ledger.partitions import epoch_of, month_of
from quarterdeck.ledger.record import FEATURES, CallRecord, PriceNote, decode
from quarterdeck.ledger.stop_reasons import stop_reason
from quarterdeck.ledger.turns.model import Features, Turn, decode_features, turn_of

Redact = Callable[[CallRecord], CallRecord]


class BodyForm(IntEnum):
    """How a request's bytes are kept."""

    NONE = 0
    WHOLE = 1
    CUT = 2


class Poison(Exception):
    """The record cannot be read or stored; the text says why."""


class Detail(msgspec.Struct, array_like=True, frozen=True):
    """What of a call is asked for seldom, kept as a content beside its bodies."""

    request_headers: list[tuple[str, str]]
    response_headers: list[tuple[str, str]]
    chunk_times: bytes
    extra: dict[str, Any] = {}


class Node(msgspec.Struct, frozen=True, gc=False):
    """A message in its conversation. Its ancestors are wherever it is: a call brings its whole chain."""

    id: bytes
    parent: bytes
    content: bytes
    """Hash of the message."""
    depth: int


@dataclass(slots=True)
class Draft:
    """A record on its way into the store."""

    record: CallRecord
    instant: int
    epoch: int
    form: BodyForm
    request: bytes | None = None
    nodes: list[Node] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    """What the nodes stand for."""
    contents: dict[bytes, bytes] = field(default_factory=dict)
    """What else other calls may have brought already, by hash: heads, the envelope."""
    answer: bytes = b""
    """The response, and after `answer_split` bytes the encoded Detail: this call's own."""
    answer_split: int = 0
    place: Place | None = None
    """Where the answer was written."""
    conversation_id: str | None = None
    turn: Turn | None = None
    """What signals read of it."""

    @property
    def tip(self) -> bytes | None:
        return self.nodes[-1].id if self.nodes else None


log = logging.getLogger("quarterdeck.ingest")
_json = msgspec.json.Encoder()
_FOREIGN_TEXTS = (
    "session",
    "trace_id",
    "endpoint",
    "model_asked",
    "model",
    "model_answered",
    "error_code",
    "error_message",
    "client",
    "response_type",
)
_foreign_texts = attrgetter(*_FOREIGN_TEXTS)
_firsts: dict[bytes, bytes] = {}
_FIRSTS_KEPT = 4_096
_chained: dict[tuple[bytes, bytes], Node] = {}
"""Nodes by their parent and message: agents send their history each turn, and looking here is several times as fast
as making the hashes again."""
_CHAINED_KEPT, _CHAINED_LENGTH = 8_192, 2_000
_msgpack = msgspec.msgpack.Encoder()
_detail = msgspec.msgpack.Decoder(Detail)


def read(payload: bytes, redact: Redact) -> Draft:
    """Raises Poison."""
    try:
        return _read(decode(payload), redact)
    except msgspec.DecodeError as error:
        raise Poison(f"not a record: {error}") from error
    except Exception as error:
        # Whatever is wrong with one record, the others must go on.
        log.exception("record_unreadable")
        raise Poison(f"cannot be read: {error!r}") from error


def _read(record: CallRecord, redact: Redact) -> Draft:
    instant = instant_of(record.id)
    month_of(instant)  # an instant that no calendar has is refused here, and not with the whole batch
    if not may_name_directory(record.workspace_id):
        raise ValueError(f"{record.workspace_id!r} is no workspace's id")
    if record.body_mode == "redacted":
        record = redact(record)
    record, features = _features(_storable(record))
    draft = Draft(
        record=record,
        instant=instant,
        epoch=epoch_of(instant),
        form=BodyForm.NONE,
    )
    pieces = bodies.cut(record.request_body) if record.body_mode != "none" and record.request_body else None
    first = _take_request(draft, pieces) if record.body_mode != "none" else None
    _take_answer(draft)
    draft.turn = features.turn if features is not None else _turn(record, pieces)
    draft.conversation_id = _conversation(record, first or (features.first or None if features is not None else None))
    return draft


def decode_detail(data: bytes) -> Detail:
    """Raises msgspec.DecodeError."""
    return _detail.decode(data)


def price_id(note: PriceNote) -> bytes:
    return blake2b(_msgpack.encode(note), digest_size=8).digest()


def text(value: object) -> str:
    """A value as JSON text."""
    return _json.encode(value).decode()


def row(draft: Draft) -> tuple[Any, ...]:
    """The row of `calls`, in the order of its columns."""
    record, usage = draft.record, draft.record.usage
    return (
        record.workspace_id,
        record.id,
        record.started,
        record.ended,
        record.first_byte,
        record.overhead,
        record.agent_id,
        record.key_id,
        record.run_id,
        record.task_id,
        record.attribution,
        record.session,
        record.trace_id,
        record.dialect,
        record.endpoint,
        record.model_asked,
        record.provider,
        record.provider_kind,
        record.model,
        record.model_answered,
        record.stream,
        record.status,
        record.outcome,
        record.error_code,
        record.error_message,
        text(record.attempts),
        len(record.attempts),
        usage.input_total if usage is not None else None,
        usage.cache_read if usage is not None else 0,
        usage.cache_write_5m if usage is not None else 0,
        usage.cache_write_1h if usage is not None else 0,
        usage.output_total if usage is not None else 0,
        usage.reasoning if usage is not None else 0,
        usage.audio_in if usage is not None else 0,
        usage.audio_out if usage is not None else 0,
        usage.cache_audio_read if usage is not None else 0,
        text(usage.server_tools) if usage is not None and usage.server_tools else None,
        usage.service_tier if usage is not None else None,
        record.usage_source,
        record.cost,
        price_id(record.price) if record.price is not None else None,
        text(dict(record.tags)) if record.tags else None,
        record.client,
        record.body_mode,
        record.request_size,
        record.response_size,
        record.response_type,
        draft.epoch,
        int(draft.form),
        draft.request,
        draft.tip,
        draft.place.encode() if draft.place is not None else None,
        draft.answer_split if draft.place is not None else None,
        draft.conversation_id,
        savings.cache_status(record),
        savings.cache_saved(record),
        route if isinstance(route := record.extra.get("route"), str) else None,
        stop_reason(record),
    )


def _storable(record: CallRecord) -> CallRecord:
    """Without NUL in what clients and providers write, which PostgreSQL cannot hold."""
    changes: dict[str, Any] = {}
    if "\0" in "".join(filter(None, _foreign_texts(record))):
        texts = zip(_FOREIGN_TEXTS, _foreign_texts(record), strict=True)
        changes = {name: value.replace("\0", "\ufffd") for name, value in texts if value is not None}
    if any("\0" in name or "\0" in value for name, value in record.tags):
        changes["tags"] = [(name.replace("\0", "\ufffd"), value.replace("\0", "\ufffd")) for name, value in record.tags]
    usage = record.usage
    if usage is not None and usage.service_tier is not None and "\0" in usage.service_tier:
        changes["usage"] = msgspec.structs.replace(usage, service_tier=None)
    return msgspec.structs.replace(record, **changes) if changes else record


def _features(record: CallRecord) -> tuple[CallRecord, Features | None]:
    """What the gateway kept of bodies that it did not write; taken out of the record, for it has its own place."""
    kept = record.extra.get(FEATURES)
    if kept is None:
        return record, None
    extra = {name: value for name, value in record.extra.items() if name != FEATURES}
    return msgspec.structs.replace(record, extra=extra), decode_features(kept)


def _turn(record: CallRecord, pieces: bodies.Cut | None) -> Turn | None:
    """Signals go without a turn rather than the ledger without a call."""
    try:
        return turn_of(record, pieces.messages if pieces is not None else [])
    except Exception:
        log.exception("turn_unreadable call=%s", record.id)
        return None


def _take_request(draft: Draft, pieces: bodies.Cut | None) -> bytes | None:
    """Put the request's bytes into contents and nodes; returns what tells its conversation by its first message."""
    record, first = draft.record, None
    if record.request_body:
        if pieces is None:
            draft.form = BodyForm.WHOLE
            draft.request = _keep(draft, record.request_body)
        else:
            draft.form = BodyForm.CUT
            _take_messages(draft, pieces.messages)
            first = _first(draft.nodes[0].content, pieces.messages[0])
            envelope = [
                *_without_heads(draft, pieces.before),
                (Part.CHAIN, b""),
                *_without_heads(draft, pieces.after),
            ]
            draft.request = _keep(draft, bodies.encode_envelope(envelope))
    else:
        draft.form = BodyForm.WHOLE
    return first


def _take_answer(draft: Draft) -> None:
    record = draft.record
    detail = Detail(record.request_headers, record.response_headers, record.chunk_times, record.extra)
    if record.response_body or any(msgspec.structs.astuple(detail)):
        draft.answer = record.response_body + _msgpack.encode(detail)
        draft.answer_split = len(record.response_body)


def _first(key: bytes, message: bytes) -> bytes:
    """A hash of a first message that its cache mark does not change; `key` is its own. Remembered: each call asks."""
    found = _firsts.get(key)
    if found is None:
        if len(_firsts) >= _FIRSTS_KEPT:
            _firsts.clear()
        found = _firsts[key] = bodies.content_hash(bodies.first_message(message))
    return found


def _take_messages(draft: Draft, messages: list[bytes]) -> None:
    parent = ROOT
    for depth, message in enumerate(messages, 1):
        node = _chained.get((parent, message))
        if node is None:
            content = bodies.content_hash(message)
            node = Node(bodies.node_id(parent, content), parent, content, depth)
            if len(message) <= _CHAINED_LENGTH:
                if len(_chained) >= _CHAINED_KEPT:
                    _chained.clear()
                _chained[parent, message] = node
        draft.nodes.append(node)
        parent = node.id
    draft.messages = messages


def _without_heads(draft: Draft, segments: list[tuple[Part, bytes]]) -> list[tuple[Part, bytes]]:
    return [(part, _keep(draft, data) if part is Part.HEAD else data) for part, data in segments]


def _keep(draft: Draft, content: bytes) -> bytes:
    key = bodies.content_hash(content)
    draft.contents[key] = content
    return key


def _conversation(record: CallRecord, first: bytes | None) -> str | None:
    """The same id for calls of one agent, in one run or session, that began with the same message.

    Where bodies are not kept, the session that the client names has to do.
    """
    group = record.session if first is None else record.run_id or record.session
    if first is None and group is None:
        return None
    return _conversation_id(record.workspace_id, record.agent_id or "", group or "", first or b"")


@lru_cache(_FIRSTS_KEPT)
def _conversation_id(*parts: str | bytes) -> str:
    digest = blake2b(_msgpack.encode(parts), digest_size=16).digest()
    return f"conv_{encode_id(int.from_bytes(digest, 'big'))}"
