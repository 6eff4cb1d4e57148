"""The gateway's caches, as far as what they need is configured and installed."""

import logging

from quarterdeck.gateway.cache.answering import Cache
from quarterdeck.gateway.cache.entry import EntryStore
from quarterdeck.gateway.cache.known import KnownRequests
from quarterdeck.gateway.cache.memory import MemoryStore
from quarterdeck.gateway.cache.semantic import local as local_parts
from quarterdeck.gateway.cache.semantic.answers import SimilarAnswers
from quarterdeck.gateway.cache.semantic.remote import ProviderModel
from quarterdeck.gateway.cache.semantic.vectors import Vectors
from quarterdeck.gateway.cache.shared import SharedCache, SharedStore, SharedVectors
from quarterdeck.gateway.parts import Parts
from quarterdeck.kernel.settings import Settings

log = logging.getLogger(__name__)


class Caches:
    """Takes its place on the way of calls when it is made; to be closed when no call comes any more."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.kept = MemoryStore(settings.cache.max_bytes)
        self.known: KnownRequests | None = None
        self._shared: SharedCache | None = None
        store: EntryStore = self.kept
        vectors: Vectors | None = None
        if settings.redis_url is not None:
            self._shared = SharedCache(settings.redis_url)
            store, vectors = SharedStore(self._shared), SharedVectors(self._shared)
        else:
            self.known = KnownRequests(self.kept, parts)
        self._similar = _similar(settings, parts, vectors)
        parts.hooks.cache = Cache(store, parts, self._similar, self.known)

    async def close(self) -> None:
        if self._similar is not None:
            await self._similar.close()
        if self._shared is not None:
            await self._shared.close()


def _similar(settings: Settings, parts: Parts, shared: Vectors | None) -> SimilarAnswers | None:
    """Nothing of it is loaded before it is asked."""
    local = settings.cache.embedder == "local"
    absent = local_parts.model_missing() if local else None
    if shared is None:
        absent = absent or local_parts.file_missing()
    if absent is not None:
        log.info("no_semantic_cache missing=%s", absent)
        return None
    embedder = local_parts.LocalModel() if local else ProviderModel(settings.cache.embedder, parts)
    if shared is None:
        shared = local_parts.LocalVectors(settings.data / "semantic.db", settings.cache.semantic_bytes)
    return SimilarAnswers(embedder, shared)
