"""Answers in this process's memory: the least recently asked for go first when there is no room."""

from collections import OrderedDict

from quarterdeck.gateway.cache.entry import Entry

BIGGEST_SHARE = 8
"""An answer that would fill more than this part of the room is not kept: it would push out everything else."""


class MemoryStore:
    """Bounded by bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._most = max_bytes // BIGGEST_SHARE
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes, now: int) -> Entry | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires_at <= now:
            self.drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: bytes, entry: Entry) -> None:
        size, before = entry.size, self._entries.pop(key, None)
        if before is not None:
            self.bytes -= before.size
        if size > self._most:
            return
        self._entries[key] = entry
        self.bytes += size
        while self.bytes > self._max:
            _, oldest = self._entries.popitem(last=False)
            self.bytes -= oldest.size

    def drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry.size
