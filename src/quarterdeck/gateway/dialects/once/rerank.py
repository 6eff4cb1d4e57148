"""Reranking in Cohere's words, which callers speak, and Voyage's and Jina's, which providers do.

Sources: docs.cohere.com/reference/rerank, docs.voyageai.com/reference/reranker-api, jina.ai/reranker.
"""

from typing import Any

from quarterdeck.gateway.dialects import usage
from quarterdeck.gateway.dialects.conversation import CannotExpress, Drops, Emitted
from quarterdeck.gateway.dialects.fields import (
    Misshapen,
    answer_from,
    arr,
    encode,
    obj,
    put,
    request_from,
    text,
)
from quarterdeck.gateway.dialects.once.model import Ranking, Reranking

_KNOWN = frozenset({"model", "query", "documents", "top_n", "top_k", "return_documents"})


class Rerank:
    """One dialect: they differ in the names of a few members."""

    def __init__(self, name: str, *, top: str, results: str) -> None:
        self.name = name
        self._top = top
        self._results = results

    def parse_request(self, body: bytes) -> Reranking:
        """Raises BadBody and CannotExpress."""
        return request_from(self._parse, body)

    def _parse(self, raw: dict[str, Any]) -> Reranking:
        documents = arr(raw.get("documents"), "documents")
        if not all(isinstance(each, str) for each in documents):
            raise CannotExpress("Another provider ranks texts only: send `documents` as strings.")
        top = raw.get(self._top)
        return Reranking(
            query=text(raw.get("query"), "query"),
            documents=tuple(documents),
            top=top if isinstance(top, int) and not isinstance(top, bool) else None,
            rest={name: value for name, value in raw.items() if name not in _KNOWN},
        )

    def emit_request(self, asked: Reranking, model: str, drops: Drops) -> Emitted:
        out: dict[str, Any] = {"model": model, "query": asked.query, "documents": list(asked.documents)}
        return Emitted(encode(put(out, **{self._top: asked.top})), None, ())

    def parse_answer(self, body: bytes) -> Ranking:
        """Raises BadAnswer."""
        return answer_from(self._parse_answer, body)

    def _parse_answer(self, raw: dict[str, Any]) -> Ranking:
        found = []
        for item in arr(raw.get(self._results), self._results):
            entry = obj(item, self._results)
            index, score = entry.get("index"), entry.get("relevance_score")
            if not isinstance(index, int) or not isinstance(score, int | float):
                raise Misshapen(f"{self._results} holds something that is no result")
            found.append((index, score))
        found.sort(key=lambda each: -each[1])
        counted = usage.fields_of(raw.get("usage"))
        # Both count all that was read in one figure.
        told = usage.from_openai({"prompt_tokens": usage.count(counted, "total_tokens")}) if counted else None
        return Ranking(tuple(found), usage.text_or_none(raw.get("model")), told)

    def emit_answer(self, found: Ranking) -> bytes:
        results = [{"index": index, "relevance_score": score} for index, score in found.results]
        tokens = found.usage.input_total if found.usage is not None else 0
        meta = {"api_version": {"version": "2"}, "tokens": {"input_tokens": tokens}}
        return encode({"id": "", "results": results, "meta": meta})


COHERE = Rerank("cohere_rerank", top="top_n", results="results")
JINA = Rerank("jina_rerank", top="top_n", results="results")
VOYAGE = Rerank("voyage_rerank", top="top_k", results="data")
