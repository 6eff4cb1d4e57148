"""WebSocket frames (RFC 6455) followed on their way: messages out of chunks cut anywhere; a frame to close with."""

import struct
from enum import IntEnum

MESSAGE_LIMIT = 16 * 1024 * 1024


class Opcode(IntEnum):
    CONTINUED = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8


class Follower:
    """One direction of a connection without extensions. What cannot be followed is relayed all the same."""

    __slots__ = ("_held", "_kind", "_lost", "_message", "closed")

    def __init__(self) -> None:
        self._held = bytearray()
        self._message = bytearray()
        self._kind: int | None = None
        self._lost = False
        self.closed = False
        """A close frame went by: the end of the connection is a clean one."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The text messages that are whole now."""
        if self._lost:
            return []
        self._held += chunk
        found: list[bytes] = []
        while (frame := self._frame()) is not None:
            first, payload = frame
            opcode, final = first & 0x0F, bool(first & 0x80)
            if opcode == Opcode.CLOSE:
                self.closed = True
            if opcode >= Opcode.CLOSE:
                continue
            if opcode != Opcode.CONTINUED:
                self._kind = opcode
                self._message.clear()
            if self._kind == Opcode.TEXT:
                self._message += payload
            if final and self._kind == Opcode.TEXT:
                found.append(bytes(self._message))
            if final:
                self._kind = None
        if len(self._held) > MESSAGE_LIMIT or len(self._message) > MESSAGE_LIMIT:
            self._lost = True
            self._held.clear()
            self._message.clear()
        return found

    def _frame(self) -> tuple[int, bytes] | None:
        held = self._held
        if len(held) < 2:
            return None
        length, at = held[1] & 0x7F, 2
        if length == 126:
            length, at = int.from_bytes(held[2:4], "big") if len(held) >= 4 else MESSAGE_LIMIT, 4
        elif length == 127:
            length, at = int.from_bytes(held[2:10], "big") if len(held) >= 10 else MESSAGE_LIMIT, 10
        masked = bool(held[1] & 0x80)
        mask, at = held[at : at + 4] if masked else b"", at + (4 if masked else 0)
        if len(held) < at + length:
            return None
        first, payload = held[0], bytes(held[at : at + length])
        if masked:
            payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        del held[: at + length]
        return first, payload


def close_frame(code: int, reason: str) -> bytes:
    """A server's frame that ends the connection, with words of at most 123 bytes for why."""
    payload = struct.pack(">H", code) + reason.encode()[:123]
    return bytes((0x80 | Opcode.CLOSE, len(payload))) + payload
