"""One embeddings or reranking request of a client's dialect to a provider of another, and its answer back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from quarterdeck.gateway.dialects.base import AnswerFacts
from quarterdeck.gateway.dialects.cohere.answer import emit_error as cohere_error
from quarterdeck.gateway.dialects.conversation import BadAnswer, Drops, Emitted, Failure
from quarterdeck.gateway.dialects.fields import Misshapen
from quarterdeck.gateway.dialects.gemini.answer import emit_error as gemini_error
from quarterdeck.gateway.dialects.once import embeddings, rerank
from quarterdeck.gateway.dialects.openai_chat.answer import emit_error as openai_error
from quarterdeck.gateway.dialects.openai_chat.answer import parse_error
from quarterdeck.gateway.dialects.target import Target
from quarterdeck.gateway.dialects.translate import TranslatedStream


@dataclass(frozen=True, slots=True)
class Form:
    """A dialect of a family whose members can stand for each other."""

    family: str
    words: Any
    """Parses and emits requests and answers of the family's neutral form."""
    path: str
    """Below a provider's base URL; where the model stands in it, the translation says the rest."""
    emit_error: Callable[[Failure], bytes]


FORMS: dict[str, Form] = {
    form.words.name: form
    for form in (
        Form("embeddings", embeddings.OpenAI(), "/embeddings", openai_error),
        Form("embeddings", embeddings.Cohere(), "/v2/embed", cohere_error),
        Form("embeddings", embeddings.Gemini(), "/v1beta/", gemini_error),
        Form("rerank", rerank.COHERE, "/v2/rerank", cohere_error),
        Form("rerank", rerank.VOYAGE, "/rerank", openai_error),
        Form("rerank", rerank.JINA, "/rerank", openai_error),
    )
}


def spoken(dialect: str, speaks: frozenset[str]) -> str | None:
    """The dialect of the same family that a provider speaks; None when it speaks none."""
    form = FORMS.get(dialect)
    if form is None:
        return None
    return next((name for name in sorted(speaks) if name in FORMS and FORMS[name].family == form.family), None)


class OnceTranslator:
    """Translates one call, as a Translator does for chat."""

    def __init__(self, client: str, upstream: str) -> None:
        self._client = FORMS[client]
        self._upstream = FORMS[upstream]
        self._asked: Any = None
        self._model = ""
        self.drops = Drops()

    def request(self, body: bytes, target: Target) -> Emitted:
        """The request for the provider. Raises BadBody and CannotExpress."""
        self._model = target.model
        self._asked = asked = self._client.words.parse_request(body)
        drops = Drops()
        drops.rest(asked.rest)
        emitted: Emitted = self._upstream.words.emit_request(asked, target.model, drops)
        return replace(emitted, dropped=drops.all())

    def answer(self, body: bytes) -> tuple[bytes, AnswerFacts]:
        """The answer for the client, and what of it is to be settled. Raises BadAnswer."""
        found = self._upstream.words.parse_answer(body)
        facts = AnswerFacts(found.usage, found.model)
        found = replace(found, model=found.model or self._model)
        if self._client.family == "embeddings":
            if len(found.vectors) != len(self._asked.inputs):
                raise BadAnswer("The provider's answer has another number of vectors than was asked for.")
            found = replace(found, asked=self._asked)
        try:
            return self._client.words.emit_answer(found), facts
        except Misshapen as problem:
            raise BadAnswer(f"The provider's answer cannot be told: {problem}.") from None

    def stream(self) -> TranslatedStream:
        """Never asked for: whatever the provider calls its answer, it is read whole."""
        raise NotImplementedError

    def error(self, status: int, body: bytes) -> tuple[bytes, Failure]:
        """A provider's error in the client's dialect. Never raises."""
        failure = parse_error(status, body)
        return self._client.emit_error(failure), failure
