"""OpenAI embeddings: vectors made of the words of a text, so that texts that share words are near each other."""

import base64
import hashlib
import math
import re
import struct
from typing import Any

import msgspec

from quarterdeck.sandbox.asks import Answered, Ask, BadAsk, decode, model_of
from quarterdeck.sandbox.openai_errors import error_body, openai_headers

_DIMENSIONS = 1536
_WORD = re.compile(r"\w+")


class OpenAIEmbeddings:
    name = "openai_embeddings"
    stream_type = "text/event-stream; charset=utf-8"

    def read(self, body: bytes, model: str | None) -> Ask:
        value = decode(body)
        if not _texts(value):
            raise BadAsk("'input' must be a text or a list of texts or of tokens, and not empty.")
        return Ask(model=model or model_of(value), stream=False, turn=0, last="", size=len(body), body=value)

    def whole(self, ask: Ask, answer: Answered) -> bytes:
        value = ask.body or {}
        size = value.get("dimensions")
        size = size if isinstance(size, int) and size > 0 else _DIMENSIONS
        plain = value.get("encoding_format") != "base64"
        data = []
        for index, text in enumerate(_texts(value)):
            vector = vector_of(text, size)
            embedding = vector if plain else base64.b64encode(struct.pack(f"<{size}f", *vector)).decode()
            data.append({"object": "embedding", "index": index, "embedding": embedding})
        out: dict[str, Any] = {"object": "list", "data": data, "model": answer.model}
        if answer.usage:
            out["usage"] = {"prompt_tokens": answer.usage.input, "total_tokens": answer.usage.input}
        return msgspec.json.encode(out)

    def events(self, ask: Ask, answer: Answered) -> list[bytes]:
        return []

    def is_end(self, event: bytes) -> bool:
        return False

    def error(self, status: int, code: str | None, message: str | None) -> bytes:
        return error_body(status, code, message)

    def error_event(self, status: int, code: str | None, message: str | None) -> bytes:
        return b"data: " + error_body(status, code, message) + b"\n\n"

    def headers(self, ident: str) -> tuple[tuple[str, str], ...]:
        return openai_headers(ident)


def vector_of(text: str, size: int) -> list[float]:
    """A unit vector: each word adds or subtracts one at eight places its hash names."""
    vector = [0.0] * size
    for word in _WORD.findall(text.lower()) or [text]:
        digest = hashlib.blake2b(word.encode(), digest_size=40).digest()
        for place, sign in struct.iter_unpack("<IB", digest):
            vector[place % size] += 1.0 if sign & 1 else -1.0
    length = math.sqrt(sum(value * value for value in vector))
    if not length:
        vector[0] = length = 1.0
    return [value / length for value in vector]


def _texts(value: dict[str, Any]) -> list[str]:
    given = value.get("input")
    if isinstance(given, str):
        return [given] if given else []
    if not isinstance(given, list):
        return []
    if given and all(isinstance(token, int) for token in given):
        return [" ".join(map(str, given))]
    return [
        text if isinstance(text, str) else " ".join(map(str, text)) for text in given if isinstance(text, str | list)
    ]
