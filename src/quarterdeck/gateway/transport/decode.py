"""Undoing content-encoding for bodies that we ourselves must read, within a limit that no bomb passes."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import brotli
import zstandard

from quarterdeck.gateway.transport.errors import BodyTooLarge, ProtocolError, Truncated
from quarterdeck.gateway.transport.messages import Headers

_STEP = 64 * 1024
"""What a coder may hand out at once; so a bomb is noticed while it is still small."""
_ZSTD_SLICE = 128
"""zstd cannot be stopped in the middle of its input, and 4 bytes of it may mean 128 KiB."""
_ZSTD_WINDOW = 8 * 1024 * 1024
"""What decoders must be able to hold (RFC 9659)."""
_MOST_CODINGS = 4
FREE = 8 * 1024 * 1024
RATIO = 100
"""What unpacks to more than `FREE` bytes and to more than so many times its size is no answer: text does not."""


class _Coder(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def whole(self) -> bool:
        """Whether the input may end here."""
        ...


class _Zlib:
    """gzip, with members one after another, and deflate, with or without the zlib frame it should have."""

    def __init__(self, gzip: bool) -> None:
        self._gzip = gzip
        self._fresh = True
        self._inner = zlib.decompressobj(31 if gzip else 15)

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._inner.eof:
                if not self._gzip:
                    raise ProtocolError("Bytes follow the end of a deflate stream.", sent=True)
                if not data.strip(b"\0"):
                    return
                self._inner = zlib.decompressobj(31)
            elif self._fresh and not self._gzip and data[0] & 0x0F != 8:
                self._inner = zlib.decompressobj(-15)
            self._fresh = False
            yield self._inner.decompress(data, _STEP)
            data = self._inner.unconsumed_tail or self._inner.unused_data

    def whole(self) -> bool:
        return self._inner.eof or self._fresh


class _Brotli:
    def __init__(self) -> None:
        self._fresh = True
        self._inner = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not data:
            return
        self._fresh = False
        piece = self._inner.process(data, output_buffer_limit=_STEP)
        yield piece
        # A full piece may have left more inside, although new input would be accepted.
        while len(piece) >= _STEP or not self._inner.can_accept_more_data():
            piece = self._inner.process(b"", output_buffer_limit=_STEP)
            yield piece

    def whole(self) -> bool:
        return self._fresh or bool(self._inner.is_finished())


class _Zstd:
    def __init__(self) -> None:
        self._fresh = True
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._inner = self._decompressor.decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_SLICE):
            piece = data[start : start + _ZSTD_SLICE]
            while piece:
                self._fresh = False
                if self._inner.eof:
                    self._inner = self._decompressor.decompressobj()
                yield self._inner.decompress(piece)
                piece = self._inner.unused_data

    def whole(self) -> bool:
        return self._fresh or self._inner.eof


_CODERS: dict[str, Callable[[], _Coder]] = {
    "gzip": lambda: _Zlib(gzip=True),
    "x-gzip": lambda: _Zlib(gzip=True),
    "deflate": lambda: _Zlib(gzip=False),
    "br": _Brotli,
    "zstd": _Zstd,
}


def codings(headers: Headers) -> list[str]:
    """The content codings in the order they were applied, `identity` left out."""
    values = b",".join(value for name, value in headers if name == b"content-encoding").decode("latin-1")
    return [word for each in values.split(",") if (word := each.strip().lower()) and word != "identity"]


class Decoder:
    """Undoes the content codings that `headers` name, piece by piece; hands out `limit` bytes at the most.

    What unpacks to more than `FREE` bytes may not be more than `RATIO` times what was fed.
    """

    __slots__ = ("_coders", "_fed", "_left", "_limit")

    def __init__(self, headers: Headers, limit: int) -> None:
        """Raises ProtocolError when a coding is unknown, or there are suspiciously many."""
        words = codings(headers)
        unknown = [word for word in words if word not in _CODERS]
        if unknown or len(words) > _MOST_CODINGS:
            raise ProtocolError(f"The answer's content-encoding is {', '.join(words)}.", sent=True)
        self._coders = [_CODERS[word]() for word in reversed(words)]
        self._limit = self._left = limit
        self._fed = 0

    def feed(self, data: bytes) -> bytes:
        """What `data` adds to the decoded body.

        Raises BodyTooLarge past the limit, ProtocolError when the data is not in its coding.
        """
        pieces: Iterable[bytes] = (data,)
        self._fed += len(data)
        most = max(FREE, RATIO * self._fed)
        for coder in self._coders:
            pieces = _through(coder, pieces)
        out: list[bytes] = []
        try:
            for piece in pieces:
                self._left -= len(piece)
                if self._left < 0:
                    raise BodyTooLarge(f"The decoded answer is larger than {self._limit} bytes.", sent=True)
                if self._limit - self._left > most:
                    raise BodyTooLarge(f"The answer unpacks to more than {RATIO} times its size.", sent=True)
                out.append(piece)
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            raise ProtocolError(f"The answer's content-encoding is broken: {error}.", sent=True) from error
        return b"".join(out)

    def end(self) -> None:
        """The encoded body is over.

        Raises Truncated when its decoded form is not.
        """
        if not all(coder.whole() for coder in self._coders):
            raise Truncated("The encoded answer ends in the middle.", sent=True)


def _through(coder: _Coder, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from coder.feed(piece)


def decode(headers: Headers, body: bytes, limit: int) -> bytes:
    """`body` without the content codings that `headers` name.

    Raises BodyTooLarge when that is larger than `limit`, ProtocolError when it is no such body, Truncated when it is
    cut short.
    """
    decoder = Decoder(headers, limit)
    decoded = decoder.feed(body)
    decoder.end()
    return decoded
