"""One request of a client's dialect to a provider of another, its answer back, and its stream."""

from dataclasses import replace

from quarterdeck.gateway.dialects import carry
from quarterdeck.gateway.dialects.base import AnswerFacts
from quarterdeck.gateway.dialects.conversation import Answer, BadAnswer, Drops, Emitted, Failure
from quarterdeck.gateway.dialects.fields import Misshapen
from quarterdeck.gateway.dialects.grammars import GRAMMARS, Grammar
from quarterdeck.gateway.dialects.stream_parts import Emitter, Head, Note, Ping, StreamError, StreamPart, Tail
from quarterdeck.gateway.dialects.target import Target
from quarterdeck.ledger.record import Usage


def carries_foreign(body: bytes) -> bool:
    """Whether a request may hold another provider's token: then even its own dialect must be read and written anew."""
    return carry.MARK in body


class Translator:
    """Translates one call. `now` (seconds) and `call_id` fill in what the provider's dialect does not say.

    Raises KeyError for a dialect without a grammar: embeddings and the older completions have none.
    """

    def __init__(self, client: str, upstream: str, *, call_id: str = "", now: int = 0, sse: bool = True) -> None:
        self._client: Grammar = GRAMMARS[client]
        self._upstream: Grammar = GRAMMARS[upstream]
        self._call_id = call_id
        self._now = now
        self._sse = sse
        self._wants_usage = True
        self._model = ""
        self.drops = Drops()
        """What the answer lost on its way back; what the request lost is in its Emitted."""

    def request(self, body: bytes, target: Target | str, *, stream: bool | None = None) -> Emitted:
        """The request for the provider. `stream` is for dialects that say it in their path.

        Raises BadBody and CannotExpress.
        """
        target = Target(target) if isinstance(target, str) else target
        self._model = target.model
        conversation = self._client.parse_request(body)
        if stream is not None and conversation.stream != stream:
            conversation = replace(conversation, stream=stream)
        self._wants_usage = conversation.wants_usage
        return self._upstream.emit_request(conversation, target)

    def answer(self, body: bytes) -> tuple[bytes, AnswerFacts]:
        """The answer for the client, and what of it is to be settled. Raises BadAnswer."""
        answer = self._upstream.parse_answer(body)
        facts = AnswerFacts(answer.usage, answer.model or None, answer.stop_raw)
        try:
            return self._client.emit_answer(self._named(answer), self.drops, now=self._now), facts
        except Misshapen as problem:
            raise BadAnswer(f"The provider's answer cannot be told: {problem}.") from None

    def _named(self, answer: Answer) -> Answer:
        if answer.origin == self._client.name or (answer.id and answer.model):
            return answer
        return replace(answer, id=answer.id or self._call_id, model=answer.model or self._model)

    def error(self, status: int, body: bytes) -> tuple[bytes, Failure]:
        """A provider's error in the client's dialect. Never raises."""
        failure = self._upstream.parse_error(status, body)
        return self._client.emit_error(failure), failure

    def stream(self) -> "TranslatedStream":
        options: dict[str, bool] = {}
        if self._client.name == "openai_chat":
            options["include_usage"] = self._wants_usage
        if self._client.name == "gemini":
            options["sse"] = self._sse
        emitter = self._client.emitter(self.drops, now=self._now, **options)
        return TranslatedStream(self._upstream, emitter, self._call_id, self._model)


class TranslatedStream:
    """A provider's stream in the client's dialect. Nothing follows an error."""

    def __init__(self, upstream: Grammar, emitter: Emitter, call_id: str, model: str) -> None:
        self._parser = upstream.parser()
        self._emitter = emitter
        self._call_id = call_id
        self._asked = model
        self._begun = False
        self.usage: Usage | None = None
        self.cost: int | None = None
        self.model: str | None = None
        self.stop: str | None = None
        self.error: str | None = None
        self.finished = False
        self.content_seen = False

    def feed(self, chunk: bytes) -> bytes:
        if self.finished or self.error is not None:
            return b""
        try:
            return self._emit(self._parser.feed(chunk))
        except (BadAnswer, Misshapen) as problem:
            return self._failed(str(problem))

    def end(self) -> bytes:
        """The upstream closed: what is still due, or an error when it closed too early."""
        if self.finished or self.error is not None:
            return b""
        try:
            return self._emit(self._parser.end())
        except (BadAnswer, Misshapen) as problem:
            return self._failed(str(problem))

    def _failed(self, words: str) -> bytes:
        return self._emit([StreamError(Failure(502, words, "provider_garbled"))])

    def _emit(self, parts: list[StreamPart]) -> bytes:
        out: list[bytes] = []
        for part in parts:
            if not self._begun and not isinstance(part, Head | Ping | Note | StreamError):
                raise BadAnswer("The provider's stream has no beginning.")
            out.append(self._emitter.feed(self._noted(part)))
            if self.error is not None or self.finished:
                break
        return b"".join(out)

    def _noted(self, part: StreamPart) -> StreamPart:
        match part:
            case Head():
                self._begun = True
                self.model = part.model or None
                self.usage = part.usage or self.usage
                if part.origin != self._emitter.name:
                    return replace(part, id=part.id or self._call_id, model=part.model or self._asked)
            case Tail():
                self.finished = True
                self.usage = part.usage or self.usage
                self.stop = part.stop_raw
            case StreamError():
                self.error = part.failure.message
            case _:
                self.content_seen = True
        return part
