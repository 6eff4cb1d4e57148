"""A batch's results as they are read: a line an answer, each with its own usage, billed at the batch rate.

Lines as in OpenAI's output files (`response.body`) and Anthropic's results (`result.message`).
"""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import usage
from quarterdeck.gateway.dialects.base import UNREADABLE
from quarterdeck.gateway.dialects.native import Native
from quarterdeck.ledger.record import Usage

LINE_LIMIT = 64 * 1024 * 1024
TIER = "batch"
"""The price table's word for it."""
_COUNTS = ("input_total", "cache_read", "cache_write_5m", "cache_write_1h", "output_total", "reasoning")
_line = msgspec.json.Decoder(dict[str, Any])


class BatchReader:
    """Adds up what the answers of a batch used, by model. Whatever is no result of a batch counts nothing."""

    def __init__(self) -> None:
        self._held = b""
        self._skips = False
        self.by_model: dict[str, Usage] = {}
        self.usage: Usage | None = None
        """Of all answers together."""
        self.model: str | None = None
        """None as well when there are several."""
        self.cost: int | None = None
        self.stop: str | None = None
        self.error: str | None = None
        self.finished = False
        self.content_seen = False

    def feed(self, chunk: bytes) -> bytes:
        *lines, self._held = (self._held + chunk).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._held) > LINE_LIMIT:
            self._held, self._skips = b"", True
        return chunk

    def end(self) -> bytes:
        self._take(self._held)
        self._held = b""
        return b""

    def _take(self, line: bytes) -> None:
        skips, self._skips = self._skips, False
        if skips or b'"usage"' not in line:
            return
        try:
            row = _line.decode(line)
        except UNREADABLE:
            return
        answer = usage.fields_of(usage.fields_of(row.get("response")).get("body"))
        told = usage.from_openai(answer.get("usage"))
        if not answer:
            answer = usage.fields_of(usage.fields_of(row.get("result")).get("message"))
            told = usage.from_anthropic(answer.get("usage"))
        model = usage.text_or_none(answer.get("model"))
        if told is None or model is None:
            return
        told = msgspec.structs.replace(told, service_tier=TIER)
        known = self.by_model.get(model)
        self.by_model[model] = told if known is None else _added(known, told)
        self.usage = told if self.usage is None else _added(self.usage, told)
        self.model = model if len(self.by_model) == 1 else None


def _added(one: Usage, other: Usage) -> Usage:
    return msgspec.structs.replace(one, **{name: getattr(one, name) + getattr(other, name) for name in _COUNTS})


class BatchResults(Native):
    def reader(self, *, withhold_usage: bool = False) -> BatchReader:
        return BatchReader()


DIALECT = BatchResults("native_batch", reads_usage=False)
