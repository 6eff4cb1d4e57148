"""Whose key a request shows, and whether it may call."""

import hashlib

import msgspec
import pytest

from quarterdeck.access.snapshot import AgentEntry, KeyEntry, Snapshot, WorkspaceEntry
from quarterdeck.gateway.attribution import Attribution
from quarterdeck.gateway.callers import Caller, Callers, shown_in
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.identify import check, find, key_texts

NOW = 1_800_000_000_000_000


def key(**changes: object) -> KeyEntry:
    values: dict[str, object] = {
        "id": "key_1",
        "workspace_id": "ws_1",
        "kind": "agent",
        "agent_id": "agt_1",
        "run_id": None,
        "task_id": None,
        "expires_at": None,
        "state": "active",
    }
    return KeyEntry(**{**values, **changes})  # type: ignore[arg-type]


def workspace(desired: str = "enabled") -> WorkspaceEntry:
    agent = AgentEntry("agt_1", "research", desired, None, [])
    return WorkspaceEntry("ws_1", "default", "full", [], {"agt_1": agent}, {})


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({b"authorization": b"Bearer qd-a-1"}, b""),
        ({b"authorization": b"bearer  qd-a-1 "}, b""),
        ({b"x-api-key": b"qd-a-1"}, b""),
        ({b"x-goog-api-key": b"qd-a-1"}, b""),
        ({b"x-portkey-api-key": b"qd-a-1"}, b""),
        ({}, b"alt=sse&key=qd-a-1"),
    ],
)
def test_it_reads_the_key_from_wherever_a_client_puts_it(headers: dict[bytes, bytes], query: bytes) -> None:
    assert key_texts(headers, query) == [b"qd-a-1"]


def test_our_key_is_tried_before_the_providers_own_key_that_portkey_clients_send() -> None:
    headers = {b"authorization": b"Bearer sk-provider", b"x-portkey-api-key": b"qd-a-1"}
    assert key_texts(headers, b"") == [b"qd-a-1", b"sk-provider"]


@pytest.mark.parametrize("headers", [{}, {b"authorization": b"Basic dXNlcjpwYXNz"}, {b"cookie": b"key=qd-a-1"}])
def test_a_key_in_the_wrong_place_is_no_key(headers: dict[bytes, bytes]) -> None:
    assert key_texts(headers, b"") == []


def test_it_finds_a_key_by_its_hash_alone() -> None:
    snapshot = Snapshot(1, 0, {hashlib.sha256(b"qd-a-1").digest(): key()}, {})
    assert find(snapshot, [b"sk-other", b"qd-a-1"])[0] == key()
    assert find(snapshot, [b"sk-other"]) == (None, hashlib.sha256(b"sk-other").digest())


def refused(entry: KeyEntry, where: WorkspaceEntry, now: int, **how: bool) -> str | None:
    """The code with which this key is refused; None: it may call."""
    try:
        check(entry, where, now, **how)
    except Refusal as refusal:
        return refusal.code
    return None


def test_an_active_key_of_an_enabled_agent_may_call_until_it_expires() -> None:
    expires = key(expires_at=NOW + 1)
    assert [refused(expires, workspace(), at) for at in (NOW, NOW + 1)] == [None, "key_invalid"]


def test_a_paused_agent_is_let_by_only_to_be_held() -> None:
    holding = workspace("paused")
    holding.agents["agt_1"] = msgspec.structs.replace(holding.agents["agt_1"], hold_s=30)
    assert refused(key(), holding, NOW, may_be_held=True) is None
    assert refused(key(), holding, NOW) == "agent_paused"
    assert refused(key(), workspace("paused"), NOW, may_be_held=True) == "agent_paused"


@pytest.mark.parametrize(
    ("entry", "desired", "status", "code"),
    [
        (key(state="revoked"), "enabled", 401, "key_invalid"),
        (key(expires_at=NOW), "enabled", 401, "key_invalid"),
        (key(kind="run", run_id="run_1", state="ended"), "enabled", 400, "run_ended"),
        (key(kind="run", run_id="run_1", expires_at=NOW - 1), "enabled", 400, "run_ended"),
        (key(kind="member", agent_id=None), "enabled", 401, "key_invalid"),
        (key(agent_id="agt_gone"), "enabled", 401, "key_invalid"),
        (key(), "paused", 403, "agent_paused"),
        (key(), "retired", 403, "agent_paused"),
    ],
)
def test_it_refuses_in_words_that_fit(entry: KeyEntry, desired: str, status: int, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        check(entry, workspace(desired), NOW)
    assert (caught.value.status, caught.value.code) == (status, code)


def remembered(callers: Callers, headers: dict[bytes, bytes], entry: KeyEntry) -> None:
    space = workspace()
    caller = Caller(entry, space, space.agents["agt_1"], Attribution(None, None, "unclaimed", None, None), "full")
    callers.remember(shown_in(headers), caller)


def test_a_caller_is_remembered_by_all_it_shows_until_its_key_expires() -> None:
    callers, headers = Callers(), {b"authorization": b"Bearer qd-a-1"}
    remembered(callers, headers, key(expires_at=NOW + 1))
    assert (caller := callers.of(shown_in(headers), NOW)) is not None and caller.key.id == "key_1"
    assert callers.of(shown_in({**headers, b"x-api-key": b"qd-a-2"}), NOW) is None
    assert callers.of(shown_in(headers), NOW + 1) is None


def test_a_signature_is_not_remembered() -> None:
    callers, headers = Callers(), {b"authorization": b"AWS4-HMAC-SHA256 Credential=qd-a-1/20260101, Signature=00"}
    remembered(callers, headers, key())
    assert callers.of(shown_in(headers), NOW) is None
