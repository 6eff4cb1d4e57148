"""Embeddings in OpenAI's, Cohere's and Gemini's words. Sources: each provider's API reference for embeddings."""

import base64
import binascii
import struct
from typing import Any
from urllib.parse import quote

from quarterdeck.gateway.dialects import usage
from quarterdeck.gateway.dialects.conversation import CannotExpress, Drops, Emitted
from quarterdeck.gateway.dialects.fields import (
    Misshapen,
    answer_from,
    arr,
    encode,
    obj,
    pull_int,
    pull_text,
    put,
    request_from,
    text,
)
from quarterdeck.gateway.dialects.once.model import Embedding, Task, Vectors
from quarterdeck.ledger.record import Usage

_COHERE_TASKS: dict[str, Task] = {
    "search_query": "query",
    "search_document": "document",
    "classification": "classification",
    "clustering": "clustering",
}
_GEMINI_TASKS: dict[str, Task] = {
    "RETRIEVAL_QUERY": "query",
    "RETRIEVAL_DOCUMENT": "document",
    "SEMANTIC_SIMILARITY": "similarity",
    "CLASSIFICATION": "classification",
    "CLUSTERING": "clustering",
}
_TO_COHERE = {task: word for word, task in _COHERE_TASKS.items()}
_TO_GEMINI = {task: word for word, task in _GEMINI_TASKS.items()}


class OpenAI:
    """`/embeddings`."""

    name = "openai_embeddings"

    def parse_request(self, body: bytes) -> Embedding:
        """Raises BadBody, and CannotExpress for tokens in place of texts: they mean something to one model only."""
        return request_from(self._parse, body)

    def _parse(self, raw: dict[str, Any]) -> Embedding:
        rest = {name: value for name, value in raw.items() if name not in ("model", "input", "encoding_format")}
        given = raw.get("input")
        inputs = [given] if isinstance(given, str) else arr(given, "input")
        if any(isinstance(each, int | list) for each in inputs):
            raise CannotExpress("`input` holds tokens, which only the model they were made for can read: send text.")
        return Embedding(
            inputs=tuple(text(each, "input") for each in inputs),
            dimensions=pull_int(rest, "dimensions"),
            base64=raw.get("encoding_format") == "base64",
            rest=rest,
        )

    def emit_request(self, asked: Embedding, model: str, drops: Drops) -> Emitted:
        if asked.task is not None:
            drops.add("task type")
        out = put({"model": model, "input": list(asked.inputs)}, dimensions=asked.dimensions)
        return Emitted(encode(out), None, ())

    def parse_answer(self, body: bytes) -> Vectors:
        """Raises BadAnswer."""
        return answer_from(self._parse_answer, body)

    def _parse_answer(self, raw: dict[str, Any]) -> Vectors:
        items = [obj(item, "data") for item in arr(raw.get("data"), "data")]
        items.sort(key=lambda item: item["index"] if isinstance(item.get("index"), int) else 0)
        vectors = tuple(_floats(item.get("embedding")) for item in items)
        return Vectors(vectors, usage.text_or_none(raw.get("model")), usage.from_openai(raw.get("usage")))

    def emit_answer(self, found: Vectors) -> bytes:
        tokens = found.usage.input_total if found.usage is not None else 0
        data = [
            {"object": "embedding", "index": index, "embedding": _packed(each) if found.asked.base64 else each}
            for index, each in enumerate(found.vectors)
        ]
        counted = {"prompt_tokens": tokens, "total_tokens": tokens}
        return encode({"object": "list", "data": data, "model": found.model or "", "usage": counted})


class Cohere:
    """`/v2/embed`."""

    name = "cohere_embed"

    def parse_request(self, body: bytes) -> Embedding:
        """Raises BadBody and CannotExpress."""
        return request_from(self._parse, body)

    def _parse(self, raw: dict[str, Any]) -> Embedding:
        known = ("model", "texts", "input_type", "embedding_types", "output_dimension")
        rest = {name: value for name, value in raw.items() if name not in known}
        if raw.get("images") or raw.get("inputs"):
            raise CannotExpress("Only texts can be embedded by another provider: send `texts`.")
        kinds = raw.get("embedding_types") or ["float"]
        if kinds != ["float"]:
            raise CannotExpress('Another provider gives floats only: ask for the `embedding_types` ["float"].')
        word = raw.get("input_type")
        return Embedding(
            inputs=tuple(text(each, "texts") for each in arr(raw.get("texts"), "texts")),
            dimensions=pull_int(dict(raw), "output_dimension"),
            task=_COHERE_TASKS.get(word) if isinstance(word, str) else None,
            rest=rest,
        )

    def emit_request(self, asked: Embedding, model: str, drops: Drops) -> Emitted:
        """Cohere wants to know what the vectors are for; untold, they are for documents."""
        task = _TO_COHERE.get(asked.task or "document")
        if task is None:
            drops.add(f"task type {asked.task}")
        out = {
            "model": model,
            "texts": list(asked.inputs),
            "input_type": task or "search_document",
            "embedding_types": ["float"],
        }
        return Emitted(encode(put(out, output_dimension=asked.dimensions)), None, ())

    def parse_answer(self, body: bytes) -> Vectors:
        """Raises BadAnswer."""
        return answer_from(self._parse_answer, body)

    def _parse_answer(self, raw: dict[str, Any]) -> Vectors:
        found = arr(obj(raw.get("embeddings"), "embeddings").get("float"), "embeddings.float")
        return Vectors(tuple(_floats(each) for each in found), None, usage.from_cohere(raw.get("meta")))

    def emit_answer(self, found: Vectors) -> bytes:
        tokens = found.usage.input_total if found.usage is not None else 0
        return encode(
            {
                "id": "",
                "response_type": "embeddings_by_type",
                "embeddings": {"float": list(found.vectors)},
                "texts": list(found.asked.inputs),
                "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": tokens}},
            }
        )


class Gemini:
    """`:embedContent` for one text and `:batchEmbedContents` for many. The model stands in the path."""

    name = "gemini_embeddings"

    def parse_request(self, body: bytes) -> Embedding:
        """Raises BadBody and CannotExpress."""
        return request_from(self._parse, body)

    def _parse(self, raw: dict[str, Any]) -> Embedding:
        if "requests" not in raw:
            return self._one(raw)
        each = [self._one(obj(item, "requests")) for item in arr(raw.get("requests"), "requests")]
        if len({(one.dimensions, one.task) for one in each}) > 1:
            raise CannotExpress("Another provider embeds all texts alike: give them one taskType and one dimension.")
        first = each[0] if each else Embedding(())
        return Embedding(tuple(one.inputs[0] for one in each), first.dimensions, first.task, rest=first.rest)

    def _one(self, raw: dict[str, Any]) -> Embedding:
        rest = {name: value for name, value in raw.items() if name not in ("model", "content")}
        parts = [obj(part, "content.parts") for part in arr(obj(raw.get("content"), "content").get("parts"), "parts")]
        if any("text" not in part for part in parts):
            raise CannotExpress("Only texts can be embedded by another provider: send text parts.")
        word = pull_text(rest, "taskType") or pull_text(rest, "task_type")
        return Embedding(
            inputs=("".join(text(part["text"], "text") for part in parts),),
            dimensions=pull_int(rest, "outputDimensionality") or pull_int(rest, "output_dimensionality"),
            task=_GEMINI_TASKS.get(word) if word is not None else None,
            single=True,
            rest=rest,
        )

    def emit_request(self, asked: Embedding, model: str, drops: Drops) -> Emitted:
        task = _TO_GEMINI[asked.task] if asked.task is not None else None

        def one(words: str) -> dict[str, Any]:
            out = {"model": f"models/{model}", "content": {"parts": [{"text": words}]}}
            return put(out, taskType=task, outputDimensionality=asked.dimensions)

        body = {"requests": [one(words) for words in asked.inputs]}
        return Emitted(encode(body), f"models/{quote(model, safe='')}:batchEmbedContents", ())

    def parse_answer(self, body: bytes) -> Vectors:
        """Raises BadAnswer."""
        return answer_from(self._parse_answer, body)

    def _parse_answer(self, raw: dict[str, Any]) -> Vectors:
        items = [raw["embedding"]] if "embedding" in raw else arr(raw.get("embeddings"), "embeddings")
        vectors = tuple(_floats(obj(item, "embedding").get("values")) for item in items)
        return Vectors(vectors, None, usage.from_gemini(raw.get("usageMetadata")))

    def emit_answer(self, found: Vectors) -> bytes:
        values = [{"values": each} for each in found.vectors]
        counted: dict[str, Any] = {}
        if isinstance(found.usage, Usage):
            counted = {"usageMetadata": {"promptTokenCount": found.usage.input_total}}
        if found.asked.single and values:
            return encode({"embedding": values[0]} | counted)
        return encode({"embeddings": values} | counted)


def _floats(value: Any) -> list[float]:
    """Raises Misshapen."""
    if isinstance(value, str):
        try:
            packed = base64.b64decode(value, validate=True)
            return list(struct.unpack(f"<{len(packed) // 4}f", packed))
        except (binascii.Error, struct.error):
            raise Misshapen("a vector is neither numbers nor base64 of them") from None
    numbers = arr(value, "a vector")
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers):
        raise Misshapen("a vector holds something that is no number")
    return numbers


def _packed(vector: list[float]) -> str:
    """Raises Misshapen when a number does not fit."""
    try:
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    except (OverflowError, struct.error):
        raise Misshapen("a number of a vector does not fit 32 bits") from None
