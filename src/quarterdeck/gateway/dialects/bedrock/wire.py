"""Bedrock on the same-dialect path: facts read, bytes kept. The model and whether to stream stand in the path."""

import base64
import binascii
from typing import Any

import msgspec

from quarterdeck.gateway.dialects import bodies, usage
from quarterdeck.gateway.dialects.base import UNREADABLE, AnswerFacts, RequestFacts
from quarterdeck.gateway.dialects.bedrock.answer import emit_error
from quarterdeck.gateway.dialects.bedrock.eventstream import Decoder, Frame, encode_frame
from quarterdeck.gateway.dialects.conversation import BadAnswer, Failure
from quarterdeck.ledger.record import Usage

_EXCEPTION = "modelStreamErrorException"


class _Request(msgspec.Struct):
    config: Any = msgspec.field(name="inferenceConfig", default=None)
    metadata: Any = msgspec.field(name="requestMetadata", default=None)
    max_tokens: Any = None


_request = msgspec.json.Decoder(_Request)
_object = msgspec.json.Decoder(dict[str, Any])


class Bedrock:
    """Converse, and InvokeModel, whose bodies are each model's own."""

    def __init__(self, name: str) -> None:
        self.name = name

    def read_request(self, body: bytes) -> RequestFacts:
        asked = bodies.read(_request, body)
        limit = bodies.positive(usage.fields_of(asked.config).get("maxTokens")) or bodies.positive(asked.max_tokens)
        return RequestFacts(
            model=None, stream=False, wants_usage=True, max_output=limit, tags=bodies.flat_strings(asked.metadata)
        )

    def patch(self, body: bytes, *, model: str | None = None, ask_usage: bool = False) -> bytes:
        return body

    def read_answer(self, body: bytes) -> AnswerFacts:
        answer = _decoded(body)
        stop = usage.text_or_none(answer.get("stopReason")) or usage.text_or_none(answer.get("stop_reason"))
        return AnswerFacts(
            usage=usage_of(answer),
            model=None,
            stop=stop,
            error=usage.text_or_none(answer.get("message")) or usage.text_or_none(answer.get("Message")),
        )

    def reader(self, *, withhold_usage: bool = False) -> "BedrockReader":
        return BedrockReader()

    def error(self, status: int, code: str, message: str) -> bytes:
        return emit_error(Failure(status, message, code))

    def stream_error(self, code: str, message: str) -> bytes:
        headers = {":exception-type": _EXCEPTION, ":content-type": "application/json", ":message-type": "exception"}
        return encode_frame(Frame(msgspec.json.encode({"message": f"{message} ({code})"}), headers))


class BedrockReader:
    """Follows an event stream. What cannot be read is relayed all the same."""

    __slots__ = ("_broken", "_frames", "content_seen", "cost", "error", "finished", "model", "stop", "usage")

    def __init__(self) -> None:
        self._frames = Decoder()
        self._broken = False
        self.usage: Usage | None = None
        self.cost: int | None = None
        self.model: str | None = None
        self.stop: str | None = None
        self.error: str | None = None
        self.finished = False
        self.content_seen = False

    def feed(self, chunk: bytes) -> bytes:
        if not self._broken:
            try:
                for frame in self._frames.feed(chunk):
                    self._read(frame)
            except BadAnswer:
                self._broken = True
        return chunk

    def end(self) -> bytes:
        return b""

    def _read(self, frame: Frame) -> None:
        event = _decoded(frame.payload)
        if frame.headers.get(":message-type") in ("exception", "error"):
            kind = frame.headers.get(":exception-type") or frame.headers.get(":error-code") or "exception"
            self.error = usage.text_or_none(event.get("message")) or kind
            return
        match frame.headers.get(":event-type"):
            case "chunk":
                self._read_model_event(event)
            case "metadata":
                self.usage, self.finished = usage_of(event) or self.usage, True
            case "messageStop":
                self.stop = usage.text_or_none(event.get("stopReason"))
            case "messageStart" | None:
                pass
            case _:
                self.content_seen = True

    def _read_model_event(self, event: dict[str, Any]) -> None:
        """InvokeModel wraps each model's own events; the last one tells Bedrock's count."""
        self.content_seen = True
        try:
            inner = _decoded(base64.b64decode(event.get("bytes") or b""))
        except (binascii.Error, TypeError, ValueError):
            return
        delta = usage.fields_of(inner.get("delta"))
        self.stop = usage.text_or_none(delta.get("stop_reason")) or self.stop
        told = usage_of(inner) or usage_of(usage.fields_of(inner.get("message")))
        if told is not None:
            self.usage = _later(self.usage, told)
        counted = inner.get("amazon-bedrock-invocationMetrics")
        if isinstance(counted, dict):
            self.finished = True
            self.usage = self.usage or _from_metrics(counted)


def usage_of(answer: usage.Fields) -> Usage | None:
    """What an answer says was used: in Converse's words, else in Anthropic's, Nova's or Titan's own."""
    told = answer.get("usage")
    if isinstance(told, dict) and ("inputTokens" in told or "outputTokens" in told):
        return usage.from_bedrock(told, service_tier=answer.get("serviceTier"))
    if isinstance(told, dict) and ("input_tokens" in told or "output_tokens" in told):
        return usage.from_anthropic(told)
    if isinstance(told, dict) and "prompt_tokens" in told:
        return usage.from_openai(told)
    if read := usage.count(answer, "inputTextTokenCount"):
        return Usage(input_total=read)
    return None


def usage_in_headers(headers: dict[bytes, bytes]) -> Usage | None:
    """InvokeModel counts in its answer's headers, whatever the model."""
    read = headers.get(b"x-amzn-bedrock-input-token-count", b"")
    wrote = headers.get(b"x-amzn-bedrock-output-token-count", b"")
    if not read.isdigit() or (wrote and not wrote.isdigit()):
        return None
    return Usage(input_total=int(read), output_total=int(wrote or b"0"))


def _from_metrics(counted: usage.Fields) -> Usage:
    read, written = usage.count(counted, "cacheReadInputTokenCount"), usage.count(counted, "cacheWriteInputTokenCount")
    return Usage(
        input_total=usage.count(counted, "inputTokenCount") + read + written,
        cache_read=read,
        cache_write_5m=written,
        output_total=usage.count(counted, "outputTokenCount"),
    )


def _later(known: Usage | None, told: Usage) -> Usage:
    """Anthropic tells the input at a stream's start and the output at its end."""
    if known is None or told.input_total:
        return told
    return msgspec.structs.replace(known, output_total=told.output_total, reasoning=told.reasoning or known.reasoning)


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        return _object.decode(body) if body else {}
    except UNREADABLE:
        return {}


DIALECT = Bedrock("bedrock")
INVOKE = Bedrock("bedrock_invoke")
