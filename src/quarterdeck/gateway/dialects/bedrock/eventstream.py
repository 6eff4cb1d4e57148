"""AWS event streams: framed binary messages, each with its lengths and two checksums."""

import struct
import zlib
from dataclasses import dataclass, field

from quarterdeck.gateway.dialects.conversation import BadAnswer

_PRELUDE = struct.Struct(">III")
MESSAGE_LIMIT = 24 * 1024 * 1024
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Sizes of header values by type; 6 (bytes) and 7 (string) say their own."""


@dataclass(frozen=True, slots=True)
class Frame:
    payload: bytes
    headers: dict[str, str] = field(default_factory=dict)
    """The headers that are strings: the others carry nothing we read."""


class Decoder:
    """Frames out of chunks cut anywhere."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, chunk: bytes) -> list[Frame]:
        """Raises BadAnswer when lengths or checksums do not fit."""
        self._held += chunk
        found: list[Frame] = []
        while len(self._held) >= _PRELUDE.size:
            total, headers, checksum = _PRELUDE.unpack_from(self._held)
            if zlib.crc32(self._held[:8]) != checksum:
                raise BadAnswer("The provider's event stream is damaged: a prelude's checksum is wrong.")
            if not 16 + headers <= total <= MESSAGE_LIMIT:
                raise BadAnswer("The provider's event stream is damaged: a message's lengths do not fit.")
            if len(self._held) < total:
                break
            message = bytes(self._held[:total])
            del self._held[:total]
            if zlib.crc32(message[:-4]) != int.from_bytes(message[-4:], "big"):
                raise BadAnswer("The provider's event stream is damaged: a message's checksum is wrong.")
            end = _PRELUDE.size + headers
            found.append(Frame(message[end:-4], _headers(message[_PRELUDE.size : end])))
        return found

    @property
    def unfinished(self) -> bool:
        return bool(self._held)


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(data):
            size = data[at]
            name = data[at + 1 : at + 1 + size].decode()
            at += 1 + size
            kind = data[at]
            at += 1
            if kind in (6, 7):
                length = int.from_bytes(data[at : at + 2], "big")
                value = data[at + 2 : at + 2 + length]
                if len(value) != length:
                    raise BadAnswer("The provider's event stream is damaged: a header is cut.")
                if kind == 7:
                    found[name] = value.decode()
                at += 2 + length
            else:
                at += _FIXED[kind]
    except (IndexError, KeyError, UnicodeDecodeError):
        raise BadAnswer("The provider's event stream is damaged: a header cannot be read.") from None
    return found


def encode_frame(frame: Frame) -> bytes:
    headers = b"".join(
        bytes((len(name),)) + name.encode() + b"\x07" + len(value.encode()).to_bytes(2, "big") + value.encode()
        for name, value in frame.headers.items()
    )
    total = _PRELUDE.size + len(headers) + len(frame.payload) + 4
    lengths = struct.pack(">II", total, len(headers))
    head = lengths + zlib.crc32(lengths).to_bytes(4, "big") + headers + frame.payload
    return head + zlib.crc32(head).to_bytes(4, "big")
