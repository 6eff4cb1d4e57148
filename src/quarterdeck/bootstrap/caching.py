"""The gateway's caches, as far as what they need is configured and installed."""

import logging

from quarterdeck.gateway.cache.answering import Cache
from quarterdeck.gateway.cache.memory import MemoryStore
from quarterdeck.gateway.cache.semantic import local as local_parts
from quarterdeck.gateway.cache.semantic.answers import SimilarAnswers
from quarterdeck.gateway.cache.semantic.remote import ProviderModel
from quarterdeck.gateway.parts import Parts
from quarterdeck.kernel.settings import Settings

log = logging.getLogger(__name__)


class Caches:
    """Takes its place on the way of calls when it is made; to be closed when no call comes any more."""

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.kept = MemoryStore(settings.cache.max_bytes)
        self._similar = _similar(settings, parts)
        parts.hooks.cache = Cache(self.kept, parts, self._similar)

    async def close(self) -> None:
        if self._similar is not None:
            await self._similar.close()


def _similar(settings: Settings, parts: Parts) -> SimilarAnswers | None:
    """Nothing of it is loaded before it is asked."""
    local = settings.cache.embedder == "local"
    absent = local_parts.file_missing() or (local_parts.model_missing() if local else None)
    if absent is not None:
        log.info("no_semantic_cache missing=%s", absent)
        return None
    embedder = local_parts.LocalModel() if local else ProviderModel(settings.cache.embedder, parts)
    vectors = local_parts.LocalVectors(settings.data / "semantic.db", settings.cache.semantic_bytes)
    return SimilarAnswers(embedder, vectors)
