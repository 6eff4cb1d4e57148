"""Who calls: the key among the headers, and the entry the snapshot holds for it."""

import hashlib
from urllib.parse import parse_qs

from quarterdeck.access.snapshot import EMPTY, KeyEntry, Snapshot, WorkspaceEntry
from quarterdeck.gateway import errors
from quarterdeck.gateway.attribution import attribute
from quarterdeck.gateway.callers import CHANGING, Caller, shown_in
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.snapshot import SnapshotHolder, Undecided

_BEARER = b"bearer "
_SIGNED = b"AWS4-HMAC-SHA256 Credential="


def key_texts(headers: dict[bytes, bytes], query: bytes) -> list[bytes]:
    """Every key the request shows, in the order they are tried.

    Portkey's clients put the provider's own key into Authorization, so what names itself as ours is tried first.
    """
    found: list[bytes] = []
    authorization = headers.get(b"authorization")
    if authorization is not None and authorization[:7].lower() == _BEARER:
        found.append(authorization[7:].strip())
    elif authorization is not None and authorization.startswith(_SIGNED):
        # AWS's SDKs sign with what they are given; our key is their access key id, and the signature is not looked at.
        found.append(authorization[len(_SIGNED) :].split(b"/", 1)[0])
    for name in (b"x-api-key", b"x-goog-api-key", b"x-portkey-api-key"):
        if (value := headers.get(name)) is not None:
            found.append(value)
    if b"key=" in query:
        found.extend(value.encode() for value in parse_qs(query.decode("latin-1")).get("key", []))
    if len(found) > 1:
        found.sort(key=lambda text: not text.startswith(b"qd-"))
    return found


def key_hash(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def check(entry: KeyEntry, workspace: WorkspaceEntry, now: int, *, may_be_held: bool = False) -> None:
    """Raise the Refusal that fits when this key may not call now; the order is from the key outwards.

    `may_be_held`: a paused agent's call is let by if it is to be held open first (pausing.py).
    """
    if entry.state != "active":
        raise errors.run_ended() if entry.state == "ended" else errors.revoked_key()
    if entry.expires_at is not None and entry.expires_at <= now:
        raise errors.run_ended() if entry.kind == "run" else errors.expired_key()
    if entry.agent_id is None:
        raise errors.member_key()
    agent = workspace.agents.get(entry.agent_id)
    if agent is None:
        raise errors.revoked_key()
    if agent.desired != "enabled" and not (may_be_held and agent.desired == "paused" and agent.hold_s > 0):
        raise errors.agent_paused(agent.name, agent.desired)


def find(snapshot: Snapshot, texts: list[bytes]) -> tuple[KeyEntry | None, bytes]:
    """The first of `texts` the snapshot knows; else None and the hash of the first, to be looked up."""
    first = b""
    for text in texts:
        digest = key_hash(text)
        entry = snapshot.keys.get(digest)
        if entry is not None:
            return entry, digest
        first = first or digest
    return None, first


async def known_key(holder: SnapshotHolder, headers: dict[bytes, bytes], query: bytes) -> KeyEntry:
    """The entry of the key a request shows. Raises Refusal when it shows none, or none that control knows either."""
    texts = key_texts(headers, query)
    if not texts:
        raise errors.no_key()
    entry, digest = find(holder.current, texts)
    if entry is None:
        if holder.current is EMPTY:
            raise errors.not_ready()
        try:
            known = await holder.knows(digest)
        except Undecided:
            raise errors.undecided_key() from None
        if not known:
            raise errors.unknown_key()
        entry = holder.current.keys[digest]
    return entry


def recognised(draft: Draft, query: bytes, holder: SnapshotHolder) -> bool:
    """Whether the same key was identified before and nothing else says whose call it is; then that is known again."""
    if not _by_key_alone(draft, query):
        return False
    caller = holder.callers.of(shown_in(draft.headers), draft.started)
    if caller is None:
        return False
    draft.key, draft.workspace, draft.agent = caller.key, caller.workspace, caller.agent
    draft.attribution, draft.body_mode = caller.attribution, caller.body_mode
    return True


async def identify(draft: Draft, query: bytes, holder: SnapshotHolder) -> None:
    """Whose call it is, and whose work. Raises Refusal when this key may not call."""
    entry = draft.key = await known_key(holder, draft.headers, query)
    workspace = draft.workspace = holder.current.workspaces[entry.workspace_id]
    draft.agent = workspace.agents.get(entry.agent_id) if entry.agent_id is not None else None
    if draft.agent is not None:
        draft.attribution = attribute(draft.headers, None, entry, draft.agent, workspace)
        draft.choose_body_mode()
    check(entry, workspace, draft.started, may_be_held=True)
    if draft.agent is not None and draft.attribution is not None and _by_key_alone(draft, query):
        known = Caller(entry, workspace, draft.agent, draft.attribution, draft.body_mode)
        holder.callers.remember(shown_in(draft.headers), known)


def _by_key_alone(draft: Draft, query: bytes) -> bool:
    return CHANGING.isdisjoint(draft.headers) and b"key=" not in query
