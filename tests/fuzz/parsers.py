"""Every parser as a function of any bytes; whatever leaves it but its typed errors is a fault."""

import contextlib
from collections.abc import Callable

from quarterdeck.gateway.dialects import bytes_patch
from quarterdeck.gateway.dialects.base import BadBody
from quarterdeck.gateway.dialects.bedrock import eventstream
from quarterdeck.gateway.dialects.conversation import BadAnswer, CannotExpress
from quarterdeck.gateway.dialects.grammars import GRAMMARS
from quarterdeck.gateway.dialects.once.translate import FORMS, OnceTranslator
from quarterdeck.gateway.dialects.openai_realtime import RealtimeReader
from quarterdeck.gateway.dialects.registry import BY_NAME
from quarterdeck.gateway.dialects.target import Target
from quarterdeck.gateway.dialects.translate import Translator

ANY_TARGET = Target("m")


def _pieces(data: bytes) -> list[bytes]:
    """The data cut at places it chooses itself."""
    if not data:
        return []
    size = data[0] % 61 + 1
    rest = data[1:]
    return [rest[at : at + size] for at in range(0, len(rest), size)]


def _request(dialect: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        for upstream in GRAMMARS:
            with contextlib.suppress(BadBody, CannotExpress):
                Translator(dialect, upstream).request(data, ANY_TARGET)
        with contextlib.suppress(BadBody):
            BY_NAME.get(dialect, BY_NAME["openai_chat"]).read_request(data)

    return run


def _answer(dialect: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        for client in GRAMMARS:
            translator = Translator(client, dialect)
            with contextlib.suppress(BadAnswer):
                translator.answer(data)
            translator.error(429, data)
        BY_NAME[dialect].read_answer(data)

    return run


def _stream(dialect: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        pieces = _pieces(data)
        for client in ("openai_chat", "anthropic"):
            stream = Translator(client, dialect).stream()
            for piece in pieces:
                stream.feed(piece)
            stream.end()
            assert stream.finished or stream.error is not None
        reader = BY_NAME[dialect].reader()
        relayed = b"".join(reader.feed(piece) for piece in pieces) + reader.end()
        assert relayed == b"".join(pieces)

    return run


def _once(data: bytes) -> None:
    for client, form in FORMS.items():
        for upstream, other in FORMS.items():
            if form.family == other.family:
                translator = OnceTranslator(client, upstream)
                with contextlib.suppress(BadBody, CannotExpress):
                    translator.request(data, ANY_TARGET)
                    with contextlib.suppress(BadAnswer):
                        translator.answer(data)


def _patch(data: bytes) -> None:
    with contextlib.suppress(BadBody):
        changed = bytes_patch.set_top_level(data, "model", b'"x"')
        assert bytes_patch.set_top_level(changed, "model", b'"x"') == changed
        bytes_patch.remove_top_level(data, "model")


def _frames(data: bytes) -> None:
    decoder = eventstream.Decoder()
    with contextlib.suppress(BadAnswer):
        for piece in _pieces(data):
            decoder.feed(piece)


def _realtime(data: bytes) -> None:
    reader = RealtimeReader()
    for piece in _pieces(data):
        reader.feed(piece)


PARSERS: dict[str, Callable[[bytes], None]] = {
    **{f"request_{name}": _request(name) for name in GRAMMARS},
    **{f"answer_{name}": _answer(name) for name in GRAMMARS},
    **{f"stream_{name}": _stream(name) for name in GRAMMARS},
    "embeddings_and_rerank": _once,
    "patched_bytes": _patch,
    "event_stream_frames": _frames,
    "realtime_frames": _realtime,
}
