"""A call to a provider that does not speak the caller's dialect: what is sent instead, and how to read what returns."""

import time
from collections.abc import AsyncIterator

import msgspec

from quarterdeck.access.catalogue import Quirks
from quarterdeck.gateway import errors
from quarterdeck.gateway.dialects.base import AnswerFacts, BadBody
from quarterdeck.gateway.dialects.conversation import BadAnswer, CannotExpress, Emitted
from quarterdeck.gateway.dialects.once.translate import FORMS, OnceTranslator
from quarterdeck.gateway.dialects.target import Target as Place
from quarterdeck.gateway.dialects.translate import Translator, carries_foreign
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.headers import forwarded
from quarterdeck.gateway.targets import Target, path_of, query_of, shaped

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
ANTHROPIC_VERSION = "2023-06-01"
"""Pinned for translated calls: the newer one takes no sampling parameters, which other dialects' callers send."""
_PATHS = {
    "openai_chat": "/chat/completions",
    "openai_responses": "/responses",
    "anthropic": "/v1/messages",
    "cohere": "/v2/chat",
    "gemini": "/v1beta/",
    "bedrock": "/",
}
"""Below a provider's base URL; where the model stands in the path, the translation says the rest."""
_OF_A_DIALECT = (b"anthropic-", b"openai-", b"x-stainless-", b"x-goog-", b"content-", b"accept")
"""Headers that say something about the caller's dialect or its body, neither of which the provider sees."""


_BENT = frozenset({"openai_chat", "openai_embeddings"})
"""Dialects whose many speakers differ in small ways."""


class Outgoing(msgspec.Struct, frozen=True):
    """What goes to the provider in place of the caller's request."""

    body: bytes | AsyncIterator[bytes] | None
    path: bytes
    headers: list[tuple[bytes, bytes]]


def needed(draft: Draft, target: Target) -> bool:
    """Whether the call has to be read and written anew: another dialect, or tokens of another provider inside."""
    return target.dialect != draft.endpoint.dialect or carries_foreign(draft.request_body)


def begin(draft: Draft, target: Target) -> Outgoing:
    """Translate the request and keep the translator on the draft for the answer.

    Raises Refusal when the caller's body is broken, or means something the provider has no words for.
    """
    assert draft.facts is not None
    quirks = target.spec.quirks
    place = Place(
        target.model,
        api_version=ANTHROPIC_VERSION if target.dialect == "anthropic" else None,
        reasoning_content=quirks.reasoning_content,
        max_tokens_field=quirks.max_tokens_field,
    )
    endpoint = draft.endpoint
    translator: Translator | OnceTranslator
    try:
        if endpoint.dialect in FORMS:
            translator = OnceTranslator(endpoint.dialect, target.dialect)
            emitted = translator.request(draft.request_body, place)
        else:
            sse = endpoint.form != "gemini_array"
            translator = Translator(endpoint.dialect, target.dialect, call_id=draft.id, now=int(time.time()), sse=sse)
            emitted = translator.request(draft.request_body, place, stream=draft.facts.stream)
    except BadBody as error:
        raise errors.bad_body(str(error)) from None
    except CannotExpress as error:
        raise errors.cannot_express(target.provider.name, str(error)) from None
    draft.translator = translator
    body, left_out = _bent(emitted.body, quirks) if target.dialect in _BENT else (emitted.body, [])
    draft.dropped = [*emitted.dropped, *left_out]
    headers = [pair for pair in forwarded(draft.request_headers) if not pair[0].startswith(_OF_A_DIALECT)]
    headers.append((b"content-type", b"application/json"))
    if target.dialect == "anthropic":
        headers.append((b"anthropic-version", ANTHROPIC_VERSION.encode()))
    if target.spec.in_body or target.spec.model_in_path:
        body = shaped(target, body)
    return Outgoing(body, _path(target, emitted, stream=draft.facts.stream), headers)


def answer(draft: Draft, body: bytes) -> tuple[bytes, AnswerFacts]:
    """A whole answer in the caller's dialect, and what is to be settled of it.

    A provider's error becomes the caller's kind of error. An answer that cannot be read becomes one too: 502.
    """
    translator = draft.translator
    assert translator is not None
    if draft.status >= 400:
        text, failure = translator.error(draft.status, body)
        return text, AnswerFacts(None, None, error=failure.message)
    try:
        text, facts = translator.answer(body)
    except BadAnswer as error:
        raise errors.provider_broken(str(error)) from None
    draft.dropped = list(dict.fromkeys((*draft.dropped, *translator.drops.all())))
    return text, facts


def _path(target: Target, emitted: Emitted, *, stream: bool) -> bytes:
    below = _PATHS.get(target.dialect) or FORMS[target.dialect].path
    usual, _, query = (below + (emitted.path or "")).encode().partition(b"?")
    path, query = path_of(target, target.dialect, usual, stream=stream), query_of(target, query)
    return path + b"?" + query if query else path


def _bent(body: bytes, quirks: Quirks) -> tuple[bytes, list[str]]:
    """A chat body as the provider takes it, and what it does not take. All values keep their bytes."""
    if not quirks.rename and not quirks.drop:
        return body, []
    members = _members.decode(body)
    lost = sorted(quirks.drop & members.keys())
    kept = {quirks.rename.get(name, name): value for name, value in members.items() if name not in quirks.drop}
    # Usage is told unasked, so not asking for it loses nothing.
    return msgspec.json.encode(kept), [name for name in lost if name != "stream_options"]
