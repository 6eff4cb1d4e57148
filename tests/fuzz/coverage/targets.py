"""What is fuzzed. A target takes any bytes; whatever leaves it but its typed errors is a crash.

    cd tests && PYTHONPATH=. ../.venv/bin/python -m fuzz.coverage.targets request_anthropic --seconds 600

What it finds worth keeping goes to `fuzz/coverage/corpus/<target>`, which later runs start from.
"""

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["quarterdeck.gateway"]):
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

CORPUS = Path(__file__).parent / "corpus"
TARGET = Target("m")


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
                Translator(dialect, upstream).request(data, TARGET)
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
                    translator.request(data, TARGET)
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


TARGETS: dict[str, Callable[[bytes], None]] = {
    **{f"request_{name}": _request(name) for name in GRAMMARS},
    **{f"answer_{name}": _answer(name) for name in GRAMMARS},
    **{f"stream_{name}": _stream(name) for name in GRAMMARS},
    "embeddings_and_rerank": _once,
    "patched_bytes": _patch,
    "event_stream_frames": _frames,
    "realtime_frames": _realtime,
}


def any_of_them(data: bytes) -> None:
    """One process for all targets: the first byte says which."""
    if data:
        names = sorted(TARGETS)
        TARGETS[names[data[0] % len(names)]](data[1:])


def gathered(folder: Path) -> Path:
    """The corpus of every target, for `any_of_them`."""
    for number, name in enumerate(sorted(TARGETS)):
        for path in (CORPUS / name).glob("*"):
            (folder / f"{name}-{path.name}").write_bytes(bytes((number,)) + path.read_bytes())
    return folder


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("target", choices=[*sorted(TARGETS), "all"])
    given.add_argument("--seconds", type=int, default=60)
    asked = given.parse_args()
    together = asked.target == "all"
    if together:
        folders = [str(gathered(Path(tempfile.mkdtemp())))]
    else:
        (CORPUS / asked.target).mkdir(parents=True, exist_ok=True)
        folders = [str(CORPUS / asked.target)]
    options = [f"-max_total_time={asked.seconds}", "-max_len=4096", "-timeout=5", "-rss_limit_mb=2048", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *folders, *options], any_of_them if together else TARGETS[asked.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
