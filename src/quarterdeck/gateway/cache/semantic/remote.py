"""Embeddings by a provider that is set up. Each is a call of its own, for the same agent, recorded and priced."""

import math
import time
from array import array
from collections.abc import Sequence

import msgspec

from quarterdeck.gateway import targets
from quarterdeck.gateway.attempts.once import attempt, outgoing
from quarterdeck.gateway.dialects.registry import BY_NAME
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.endpoints import ENDPOINTS
from quarterdeck.gateway.parts import Parts
from quarterdeck.kernel.ids import new_id

_ENDPOINT = ENDPOINTS["/v1/embeddings"]
_LIMIT = 16 << 20
_HEADERS = ((b"content-type", b"application/json"), (b"user-agent", b"quarterdeck-semantic-cache"))


class NoVectors(Exception):
    """The provider gave none; the text says why."""


class _Row(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Row]


_answer = msgspec.json.Decoder(_Answer)


class ProviderModel:
    """An embeddings model of a provider, named `provider/model` as callers name models."""

    def __init__(self, model: str, parts: Parts) -> None:
        self.name = model
        self._parts = parts

    async def embed(self, texts: Sequence[str], draft: Draft) -> list[bytes | None]:
        """Raises NoVectors, Refusal, UpstreamError."""
        own = self._draft(texts, draft)
        dialect, parts = BY_NAME[_ENDPOINT.reader], self._parts
        assert draft.workspace is not None and own.target is None
        knows = parts.settler.prices.knows
        target = own.target = targets.pick(draft.workspace, _ENDPOINT.dialect, self.name, knows)
        parts.settler.prepare(own, target)
        out = outgoing(own, dialect, target, b"")
        response = await attempt(own, target, out, parts.transport, parts.signer)
        try:
            body = await response.read(_LIMIT)
        finally:
            response.abort()
        own.upstream_done = own.elapsed()
        own.chunks, own.response_size = [body], len(body)
        facts = dialect.read_answer(body)
        own.usage, own.model_answered, own.reported_cost = facts.usage, facts.model, facts.cost
        if response.status >= 400:
            own.outcome, own.error_code, own.error_message = "error", f"status_{response.status}", facts.error
        await parts.settler.settle(own, dialect)
        if response.status != 200:
            raise NoVectors(f"{self.name} answered with status {response.status}")
        rows = sorted(_answer.decode(body).data, key=lambda row: row.index)
        if len(rows) != len(texts):
            raise NoVectors(f"{self.name} answered with {len(rows)} vectors for {len(texts)} texts")
        return [_unit(row.embedding) for row in rows]

    def _draft(self, texts: Sequence[str], draft: Draft) -> Draft:
        body = msgspec.json.encode({"model": self.name, "input": list(texts), "encoding_format": "float"})
        own = Draft(
            _ENDPOINT,
            "/v1/embeddings",
            _HEADERS,
            dict(_HEADERS),
            new_id("call"),
            time.time_ns() // 1_000,
            time.perf_counter_ns(),
            request_body=body,
            key=draft.key,
            agent=draft.agent,
            workspace=draft.workspace,
            attribution=draft.attribution,
            body_mode=draft.body_mode,
        )
        own.facts = BY_NAME[_ENDPOINT.reader].read_request(body)
        return own


def _unit(vector: list[float]) -> bytes | None:
    length = math.sqrt(sum(each * each for each in vector))
    return array("f", (each / length for each in vector)).tobytes() if length else None
