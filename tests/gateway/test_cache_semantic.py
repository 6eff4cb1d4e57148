"""The semantic cache in a whole gateway: another wording is answered, another question is not."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from gateway_world import KEY, Gateway, gateway_running, key_entry

from quarterdeck.access.snapshot import AgentEntry, Snapshot, WorkspaceEntry, encode
from quarterdeck.gateway.cache.answering import Cache
from quarterdeck.gateway.cache.memory import MemoryStore
from quarterdeck.gateway.cache.semantic.answers import SimilarAnswers
from quarterdeck.gateway.cache.semantic.local import LocalModel, LocalVectors
from quarterdeck.gateway.cache.semantic.remote import ProviderModel

ASKED, REWORDED = "How do I reset my password?", "How can I reset my password, please?"
SAY = {"text": "Click on Forgot password.", "usage": {"input": 1000, "output": 100}}
SEMANTIC = {"x-portkey-cache": "semantic"}


MODEL = LocalModel()
"""Loaded once for all tests of this file."""
PATIENT_S = 60.0
"""A busy machine may be slow; a call of a user's is not kept waiting so long."""


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    def similar(_: object) -> SimilarAnswers:
        return SimilarAnswers(MODEL, LocalVectors(tmp_path / "semantic.db", 1 << 20), within_s=PATIENT_S)

    async with gateway_running(tmp_path, semantic=similar) as made:
        yield made


async def ask(gateway: Gateway, text: str, *, key: str = KEY, **changes: Any) -> httpx.Response:
    headers = {**SEMANTIC, **changes.pop("headers", {})}
    before = changes.pop("before", [])
    body = {"model": "gpt-4o-mini", "messages": [*before, {"role": "user", "content": text}], **changes}
    answer = await gateway.post("/v1/chat/completions", body, key=key, script=SAY, **headers)
    assert gateway.similar is not None
    await gateway.similar.settled()
    return answer


def statuses(*answers: httpx.Response) -> list[str]:
    return [answer.headers["x-portkey-cache-status"] for answer in answers]


async def test_another_wording_of_the_same_question_is_answered_for_nothing(gateway: Gateway) -> None:
    answers = [await ask(gateway, text) for text in (ASKED, REWORDED, ASKED)]
    assert statuses(*answers) == ["SEMANTIC MISS", "SEMANTIC HIT", "HIT"]
    assert [answer.headers["x-quarterdeck-cache"] for answer in answers] == ["miss", "semantic-hit", "hit"]
    assert answers[1].content == answers[0].content
    assert len(gateway.seen) == 1
    await gateway.record(3)
    hit = gateway.records()[1]
    assert (hit.cost, hit.outcome, hit.attempts) == (0, "ok", [])
    of = answers[0].headers["x-quarterdeck-call-id"]
    assert hit.extra["cache"] == {"status": "semantic-hit", "of": of, "saved": 210_000}


@pytest.mark.parametrize(
    "text",
    [
        "How do I not reset my password?",
        "How do I reset 2 passwords?",
        "How do I reset my password in Zammad?",
        "How do I reset my router?",
    ],
)
async def test_another_question_is_not_answered(gateway: Gateway, text: str) -> None:
    assert statuses(await ask(gateway, ASKED), await ask(gateway, text)) == ["SEMANTIC MISS", "SEMANTIC MISS"]


TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    "changes",
    [
        {"before": [{"role": "system", "content": "Answer in French."}]},
        {"before": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]},
        {"tools": [TOOL]},
        {"temperature": 0.1},
        {"model": "gpt-4o"},
        {"stream": True},
        {"headers": {"x-portkey-cache-namespace": "other"}},
        {"headers": {"x-portkey-cache": "simple"}},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_only_the_last_turn_may_differ(gateway: Gateway, changes: dict[str, Any]) -> None:
    await ask(gateway, ASKED)
    assert "HIT" not in statuses(await ask(gateway, REWORDED, **dict(changes)))[0]


async def test_earlier_turns_that_are_the_same_do_not_hinder(gateway: Gateway) -> None:
    before = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    answers = [await ask(gateway, text, before=before) for text in (ASKED, REWORDED)]
    assert statuses(*answers) == ["SEMANTIC MISS", "SEMANTIC HIT"]


async def test_another_agent_gets_no_similar_answer_unless_the_workspace_shares_them(gateway: Gateway) -> None:
    other = "qd-a-of-another-agent"
    gateway.keys[other] = key_entry(id="key_7", agent_id="agt_2")
    _publish_two_agents(gateway)
    await ask(gateway, ASKED)
    assert statuses(await ask(gateway, REWORDED, key=other)) == ["SEMANTIC MISS"]


async def test_a_refresh_replaces_what_similar_questions_get(gateway: Gateway) -> None:
    await ask(gateway, ASKED)
    fresh = await ask(gateway, ASKED, headers={"x-portkey-cache-force-refresh": "true"})
    hit = await ask(gateway, REWORDED)
    assert statuses(fresh, hit) == ["REFRESH", "SEMANTIC HIT"]
    assert (await gateway.record(3)).extra["cache"]["of"] == fresh.headers["x-quarterdeck-call-id"]


async def test_what_was_kept_outlives_a_restart(gateway: Gateway, tmp_path: Path) -> None:
    await ask(gateway, ASKED)
    assert gateway.similar is not None
    await gateway.similar.close()
    vectors = LocalVectors(tmp_path / "semantic.db", 1 << 20)
    gateway.similar = SimilarAnswers(MODEL, vectors, within_s=PATIENT_S)
    gateway.parts.hooks.cache = Cache(MemoryStore(1 << 20), gateway.parts, gateway.similar)
    gateway.closing.append(gateway.similar.close)
    assert statuses(await ask(gateway, ASKED)) == ["SEMANTIC HIT"]


async def test_embedding_computes_elsewhere_than_on_the_event_loop(gateway: Gateway) -> None:
    draft: Any = None
    here, everywhere = time.thread_time(), time.process_time()
    assert None not in await MODEL.embed([f"{ASKED} " * 20 + str(number) for number in range(10)], draft)
    everywhere, here = time.process_time() - everywhere, time.thread_time() - here
    assert everywhere > 0.1
    assert here < everywhere / 5


async def test_redacted_bodies_are_not_kept_by_meaning(gateway: Gateway) -> None:
    headers = {"x-quarterdeck-bodies": "redacted"}
    answers = [await ask(gateway, text, headers=headers) for text in (ASKED, REWORDED, ASKED)]
    assert statuses(*answers) == ["MISS", "MISS", "HIT"]


async def test_embeddings_of_a_provider_are_calls_of_their_own(tmp_path: Path) -> None:
    def similar(parts: Any) -> SimilarAnswers:
        embedder = ProviderModel("openai/text-embedding-3-small", parts)
        return SimilarAnswers(embedder, LocalVectors(tmp_path / "semantic.db", 1 << 20), within_s=PATIENT_S)

    async with gateway_running(tmp_path, semantic=similar) as made:
        assert statuses(await ask(made, ASKED)) == ["SEMANTIC MISS"]
        await made.record(2)
        (embedding,) = [record for record in made.records() if record.dialect == "openai_embeddings"]
        assert (embedding.agent_id, embedding.model, embedding.outcome) == ("agt_1", "text-embedding-3-small", "ok")
        assert embedding.cost is not None
        assert embedding.cost > 0
        assert embedding.client == "quarterdeck-semantic-cache"


async def test_a_provider_that_gives_no_vectors_stops_no_call(tmp_path: Path) -> None:
    def similar(parts: Any) -> SimilarAnswers:
        embedder = ProviderModel("absent/model", parts)
        return SimilarAnswers(embedder, LocalVectors(tmp_path / "semantic.db", 1 << 20), within_s=PATIENT_S)

    async with gateway_running(tmp_path, semantic=similar) as made:
        made.providers[0] = msgspec.structs.replace(made.providers[0], models=["gpt-*"])
        made.publish()
        answers = [await ask(made, ASKED), await ask(made, REWORDED), await ask(made, ASKED)]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert statuses(*answers) == ["SEMANTIC MISS", "SEMANTIC MISS", "HIT"]


def _publish_two_agents(gateway: Gateway) -> None:
    gateway.publish()
    current = gateway.holder.current
    workspace = current.workspaces["ws_1"]
    second = AgentEntry("agt_2", "drafting", "enabled", None, [])
    both = WorkspaceEntry(
        "ws_1", "default", "full", gateway.providers, {**workspace.agents, second.id: second}, gateway.runs
    )
    gateway.holder.publish(encode(Snapshot(current.version + 1, 0, current.keys, {"ws_1": both})))
