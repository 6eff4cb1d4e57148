"""The record of one finished call: what the gateway writes to the journal and the ingester reads back.

Fields are only ever added, at the end, with a default, so that a newer program reads an older journal.
Instants are microseconds since the epoch; durations are microseconds from `started`.
"""

from typing import Any

import msgspec


class Usage(msgspec.Struct, array_like=True, frozen=True):
    """Tokens of one call in one canonical form, whatever the provider calls them.

    `input_total` counts everything the model read, cached parts included; `cache_*` and `audio_in` are parts of it.
    `output_total` counts everything it wrote; `reasoning` and `audio_out` are parts of it.
    """

    input_total: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output_total: int = 0
    reasoning: int = 0
    audio_in: int = 0
    audio_out: int = 0
    cache_audio_read: int = 0
    server_tools: dict[str, int] = {}
    """Uses of tools the provider ran and bills apart, such as {"web_search_requests": 2}."""
    service_tier: str | None = None
    """The tier the provider says it served, when it says so and it is not the default: priced differently."""


class Attempt(msgspec.Struct, array_like=True, frozen=True):
    """One try at one target."""

    provider: str
    model: str
    status: int | None
    """The upstream's status; None when no answer came."""
    error: str | None
    """A stable code such as `connect_failed`, `first_byte_timeout`, `status_429`; None when it answered well."""
    began: int
    first_byte: int | None
    ended: int
    option: str | None = None
    """Which target of its route it was, such as `config.targets[0]`; None without a route."""
    why: str | None = None
    """retry (the same target again), fallback (the one before failed) or hedge (the one before was slow)."""
    usage: Usage | None = None
    """What this try used, when it was not the one that answered and may have been billed."""
    usage_source: str | None = None
    """provider, estimated, or unknown: it was sent, and nobody knows whether it was billed."""
    cost: int | None = None
    """Nano-dollars for that usage, part of the call's cost."""


class PriceNote(msgspec.Struct, array_like=True, frozen=True):
    """Where a cost came from, so that history never moves. Unit prices are femto-dollars per unit."""

    source: str
    """`genai-prices`, `override` or `provider`."""
    version: str
    units: dict[str, int]


class CallRecord(msgspec.Struct, array_like=True, frozen=True):
    """One call through the gateway, complete: facts, money, and the bytes unless the body mode keeps them out."""

    id: str
    workspace_id: str
    agent_id: str | None
    key_id: str | None
    run_id: str | None
    task_id: str | None
    attribution: str
    """Which source named the run or task: run_key, header, clawrouter, portkey, session_header, trace, session,
    only_run or unclaimed."""
    session: str | None
    """The client's own session or conversation id, when it sends one."""
    trace_id: str | None
    dialect: str
    """The caller's dialect: openai_chat, openai_responses, openai_embeddings, openai_models, anthropic, …"""
    endpoint: str
    """The path asked for, without its query."""
    model_asked: str
    provider: str | None
    """The configured provider's name; None when no provider was reached or chosen."""
    provider_kind: str | None
    model: str | None
    """The model the provider was asked for."""
    model_answered: str | None
    stream: bool
    status: int
    """What the caller saw."""
    outcome: str
    """ok, error (upstream or ours), cut (the provider ended a stream early), cancelled (the caller left), refused."""
    error_code: str | None
    error_message: str | None
    attempts: list[Attempt]
    started: int
    first_byte: int | None
    ended: int
    overhead: int
    """Microseconds of ours, not spent waiting for the provider."""
    usage: Usage | None
    usage_source: str
    """provider, estimated or none."""
    cost: int | None
    """Nano-dollars; None when the model has no price."""
    price: PriceNote | None
    tags: list[tuple[str, str]]
    client: str | None
    """The caller's user-agent."""
    request_headers: list[tuple[str, str]]
    """Without secrets."""
    response_headers: list[tuple[str, str]]
    body_mode: str
    """full, redacted or none; none means the two bodies below are empty."""
    request_body: bytes
    response_body: bytes
    response_type: str | None
    chunk_times: bytes
    """For a stream: pairs of little-endian uint32 (byte offset in response_body, milliseconds since started)."""
    request_size: int
    response_size: int
    extra: dict[str, Any] = {}


FEATURES = "features"
"""What of `extra` stands in for bodies that are not kept: turns.model.Features, encoded."""
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CallRecord)


def encode(record: CallRecord) -> bytes:
    return _encoder.encode(record)


def decode(data: bytes | memoryview) -> CallRecord:
    """Raises msgspec.DecodeError when the bytes are no record."""
    return _decoder.decode(data)
