"""Undoing content-encoding: right, in pieces, and never larger than allowed."""

import contextlib
import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.gateway.transport import BodyTooLarge, Decoder, ProtocolError, Truncated, UpstreamError, decode


def raw_deflate(data: bytes) -> bytes:
    coder = zlib.compressobj(wbits=-15)
    return coder.compress(data) + coder.flush()


ENCODERS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "gzip": (b"gzip", gzip.compress),
    "x-gzip": (b"X-GZIP", gzip.compress),
    "gzip of two members": (b"gzip", lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:])),
    "gzip padded with zeros": (b"gzip", lambda data: gzip.compress(data) + b"\0" * 20),
    "deflate": (b"deflate", zlib.compress),
    "deflate without its frame": (b"deflate", raw_deflate),
    "br": (b"br", lambda data: brotli.compress(data, quality=5)),
    "zstd": (b"zstd", lambda data: zstandard.ZstdCompressor().compress(data)),
    "zstd of two frames": (
        b"zstd",
        lambda data: zstandard.ZstdCompressor().compress(data[:7]) + zstandard.ZstdCompressor().compress(data[7:]),
    ),
    "gzip, then br": (b"gzip, br", lambda data: brotli.compress(gzip.compress(data), quality=5)),
    "identity": (b"identity", lambda data: data),
}
TEXT = b'data: {"delta":"hello"}\n\n' * 5000


def headers(coding: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", b"text/plain"), (b"content-encoding", coding)]


@pytest.mark.parametrize("name", list(ENCODERS))
@pytest.mark.parametrize("data", [b"", b"x", TEXT])
def test_it_decodes_a_whole_body(name: str, data: bytes) -> None:
    coding, encode = ENCODERS[name]
    assert decode(headers(coding), encode(data), len(data)) == data


@pytest.mark.parametrize("name", list(ENCODERS))
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_it_decodes_piece_by_piece(name: str, size: int) -> None:
    coding, encode = ENCODERS[name]
    encoded = encode(TEXT)
    decoder = Decoder(headers(coding), len(TEXT))
    assert b"".join(decoder.feed(encoded[at : at + size]) for at in range(0, len(encoded), size)) == TEXT
    decoder.end()


def test_a_flushed_stream_is_handed_out_as_it_comes() -> None:
    coder = zlib.compressobj(wbits=31)
    decoder = Decoder(headers(b"gzip"), 1000)
    for part in (b"event one\n\n", b"event two\n\n"):
        assert decoder.feed(coder.compress(part) + coder.flush(zlib.Z_SYNC_FLUSH)) == part


def test_without_content_encoding_the_body_is_itself() -> None:
    assert decode([(b"content-type", b"text/plain")], b"as it is", 100) == b"as it is"
    assert decode(headers(b"gzip"), b"", 100) == b""


@pytest.mark.parametrize("name", list(ENCODERS))
def test_a_body_beyond_the_limit_is_refused(name: str) -> None:
    coding, encode = ENCODERS[name]
    with pytest.raises(BodyTooLarge):
        decode(headers(coding), encode(TEXT), len(TEXT) - 1)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd", "gzip, then br"])
def test_a_bomb_is_refused_long_before_it_is_large(name: str) -> None:
    coding, encode = ENCODERS[name]
    bomb = encode(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            decode(headers(coding), bomb, 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_zstd_window_larger_than_every_decoder_must_hold_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    coder = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(ProtocolError):
        decode(headers(b"zstd"), coder.compress(b"x" * 1000) + coder.flush(), 10_000)


@pytest.mark.parametrize("name", ["gzip", "deflate", "deflate without its frame", "br", "zstd"])
def test_an_encoded_body_that_is_cut_short_is_truncated(name: str) -> None:
    coding, encode = ENCODERS[name]
    with pytest.raises(Truncated):
        decode(headers(coding), encode(TEXT)[:-3], len(TEXT))


@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd"])
def test_what_is_not_in_its_coding_is_a_protocol_error(coding: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode(headers(coding), b"this is plain text, is it not?" * 10, 10_000)


@pytest.mark.parametrize("name", ["deflate", "br"])
def test_bytes_after_the_end_are_a_protocol_error(name: str) -> None:
    coding, encode = ENCODERS[name]
    with pytest.raises(ProtocolError):
        decode(headers(coding), encode(TEXT) + b"tail", 1_000_000)


def test_unknown_or_suspiciously_many_codings_are_refused() -> None:
    with pytest.raises(ProtocolError, match="compress"):
        decode(headers(b"compress"), b"x", 10)
    with pytest.raises(ProtocolError):
        decode(headers(b", ".join([b"gzip"] * 5)), b"x", 10)


@given(st.sampled_from([b"gzip", b"deflate", b"br", b"zstd", b"gzip, zstd"]), st.binary(max_size=300))
def test_any_bytes_decode_or_raise_one_of_our_errors(coding: bytes, data: bytes) -> None:
    with contextlib.suppress(UpstreamError):
        assert len(decode(headers(coding), data, 100_000)) <= 100_000


def test_what_unpacks_to_a_hundred_times_its_size_is_no_answer() -> None:
    bomb = gzip.compress(b"\0" * (64 << 20))
    began = time.process_time()
    with pytest.raises(BodyTooLarge, match="100 times"):
        decode(headers(b"gzip"), bomb, 1 << 30)
    stream = Decoder(headers(b"gzip"), 1 << 30)
    with pytest.raises(BodyTooLarge, match="100 times"):
        stream.feed(bomb[:40_000])
    # Each was given up on at eight megabytes.
    assert time.process_time() - began < 2
    # Few bytes may become many, and much that packs well is fine.
    assert len(decode(headers(b"gzip"), gzip.compress(b"\0" * (7 << 20)), 1 << 30)) == 7 << 20
    rows = b"".join(b'{"index": %d, "text": "%d"}' % (n, n * n) for n in range(400_000))
    assert decode(headers(b"gzip"), gzip.compress(rows), 1 << 30) == rows
