"""What a gateway and its control process say to each other: length-prefixed msgpack frames on a local socket.

The gateway connects, says hello and from then on both sides send when they have something to say. A question carries
a number that its answer repeats; everything else is a statement.
"""

import asyncio
import struct

import msgspec

MAX_FRAME = 256 * 1024 * 1024
_LENGTH = struct.Struct("<I")


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Gateway → control, first frame."""

    gateway_id: str
    pid: int
    snapshot_version: int
    journal_id: str = ""
    """The journal it writes."""


class Published(msgspec.Struct, frozen=True, tag="published"):
    """Control → gateway: a snapshot, encoded. Answered by `Done` once it has been swapped in."""

    number: int
    snapshot: bytes


class Command(msgspec.Struct, frozen=True, tag="command"):
    """Control → gateway: end what runs now. Answered by `Done` when every matching call has ended.

    `scope` is agent, run, key, workspace or all; `ids` name which. Refusing the next call is the snapshot's matter;
    this ends the calls that are already open.
    """

    number: int
    verb: str
    scope: str
    ids: list[str]
    code: str
    message: str


class Done(msgspec.Struct, frozen=True, tag="done"):
    """Gateway → control: question `number` has been carried out. `count` is how many calls it ended."""

    number: int
    count: int = 0
    text: str = ""


class Scrape(msgspec.Struct, frozen=True, tag="scrape"):
    """Control → gateway: what do you count? Answered by `Done` with a text in Prometheus' format."""

    number: int


class Lookup(msgspec.Struct, frozen=True, tag="lookup"):
    """Gateway → control: I do not know this key (SHA-256 of its text); do you?"""

    number: int
    key_hash: bytes


class Found(msgspec.Struct, frozen=True, tag="found"):
    """Control → gateway: whether the key exists. If it does, a snapshot that holds it was published before this."""

    number: int
    known: bool


class OpenCall(msgspec.Struct, array_like=True, frozen=True):
    """A call in flight, as the dashboard shows it."""

    id: str
    workspace_id: str
    agent_id: str | None
    run_id: str | None
    task_id: str | None
    provider: str | None
    model: str | None
    started: int
    first_byte: int | None
    stream: bool
    last_byte: int | None = None
    """When the answer last grew; instants are microseconds since the epoch."""
    held: str | None = None
    """Why it has not been sent: `queue` (for the provider's rate), `retry` (between two tries), `budget` (other calls
    hold the room that is left); None: it has been."""


class ProviderState(msgspec.Struct, array_like=True, frozen=True):
    """A provider as one gateway sees it, from the calls that pass."""

    workspace_id: str
    provider: str
    state: str
    """up, limited (it asked to wait), out (it fails) or probing (one call is out to see whether it still does)."""
    since: int | None
    """Microseconds since the epoch; when the outage began."""
    error_rate: float | None
    """Of the calls of about the last minute; None: there were none."""
    latency_ms: float | None
    """To the first byte, of its slowest model."""
    busy: int
    """Calls in flight."""
    last_error: str | None
    last_error_at: int | None


class SpentRow(msgspec.Struct, array_like=True, frozen=True):
    """What the account says was spent of one window of a budget."""

    budget_id: str
    value: str
    """Empty, or the one that is counted for itself."""
    window: str
    amount: int


class Spent(msgspec.Struct, frozen=True, tag="spent"):
    """Control → gateway: the account's sums, and up to where in each journal they include every call.

    A budget that has no row here has spent nothing in what was read. Answered by `Done`.
    """

    number: int
    journals: dict[str, tuple[int, int]]
    """Journal id → (segment, offset)."""
    rows: list[SpentRow]


class BudgetState(msgspec.Struct, array_like=True, frozen=True):
    """One window of a budget as a gateway counts it, calls in flight included."""

    workspace_id: str
    budget_id: str
    value: str
    window: str
    spent: int
    held: int
    tail: int = 0
    """Of what is spent: what only this gateway has settled, behind the account's word."""


class LimitState(msgspec.Struct, array_like=True, frozen=True):
    """One limit as a gateway counts it now."""

    workspace_id: str
    limit_id: str
    value: str
    remaining: int
    waiting: int
    taken: int = 0
    """Of calls at once: how many of this gateway's."""


class Stop(msgspec.Struct, array_like=True, frozen=True):
    """A budget stopped a call, or would have (mode shadow)."""

    workspace_id: str
    budget_id: str
    value: str
    window: str
    mode: str
    agent_id: str | None
    task_id: str | None
    run_id: str | None


class ArmState(msgspec.Struct, array_like=True, frozen=True):
    """What was seen of one of a canary's two."""

    answered: int = 0
    failed: int = 0
    latency_ms: float | None = None


class TrialState(msgspec.Struct, array_like=True, frozen=True):
    """A canary of a saved route."""

    workspace_id: str
    route: str
    identity: str
    """Which config of the route: another one is another trial."""
    path: str
    """Where the canary stands in it."""
    verdict: str
    """undecided, promoted or rolled_back."""
    why: str
    stable: ArmState
    newcomer: ArmState
    since: int | None = None
    """When it was decided."""


class Verdicts(msgspec.Struct, frozen=True, tag="verdicts"):
    """Control → gateway: trials that were decided, here or by other gateways."""

    trials: list[TrialState]


class Traffic(msgspec.Struct, frozen=True, tag="traffic"):
    """Gateway → control, about twice a second while anything moves: runs that had traffic, and what is in flight."""

    runs: list[str]
    open_calls: list[OpenCall]
    journal_dropped: int
    providers: list[ProviderState] | None = None
    """None: as told before."""
    budgets: list[BudgetState] = []
    limits: list[LimitState] = []
    stops: list[Stop] = []
    """Since the last time; each window once."""
    trials: list[TrialState] | None = None
    """None: as told before."""


class Written(msgspec.Struct, frozen=True, tag="written"):
    """Gateway → control: the journal has grown; the ingester need not wait for its next look."""


Frame = Hello | Published | Command | Done | Scrape | Verdicts | Lookup | Found | Traffic | Written | Spent

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def write(writer: asyncio.StreamWriter, frame: Frame) -> None:
    """Put a frame on its way; `await writer.drain()` where many follow each other."""
    body = _encoder.encode(frame)
    writer.write(_LENGTH.pack(len(body)) + body)


async def read(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None when the other side has gone.

    Raises msgspec.DecodeError for a frame that is none of ours, ValueError for one past `MAX_FRAME` bytes.
    """
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        if length > MAX_FRAME:
            raise ValueError(f"a frame of {length} bytes is larger than {MAX_FRAME}")
        return _decoder.decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
