"""Files on S3-compatible object storage: the one way out of this process to it, through guarded egress."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from quarterdeck.access.catalogue import AwsKeys
from quarterdeck.gateway.providers import sigv4
from quarterdeck.gateway.transport import Origin, Request, Timeouts, Transport, UpstreamError
from quarterdeck.gateway.transport.response import Response
from quarterdeck.kernel.clock import Clock, SystemClock
from quarterdeck.kernel.egress import Egress, EgressPolicy, canonical_host
from quarterdeck.kernel.errors import NotFound, QuarterdeckError, Unavailable
from quarterdeck.kernel.settings import ObjectSettings

PIECE_BYTES = 1 << 20
TIMEOUTS = Timeouts(connect_s=10.0, first_byte_s=120.0, idle_s=60.0, total_s=1800.0)


class S3:
    """A bucket, or a part of one below a prefix. Path-style addresses, which every S3-compatible server knows."""

    def __init__(self, settings: ObjectSettings, *, clock: Clock | None = None, timeouts: Timeouts = TIMEOUTS) -> None:
        parts = urlsplit(settings.url)
        host = canonical_host(parts.hostname or "")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self._origin = Origin(parts.scheme, host, port)
        self._base = parts.path.rstrip("/")
        self._region = settings.region
        self._keys = AwsKeys(settings.access_key, settings.secret_key)
        self._clock = clock or SystemClock()
        self._timeouts = timeouts
        # Whoever runs this server wrote the address down, a private one too: it may be reached, and nothing beside it.
        self._transport = Transport(Egress(EgressPolicy(frozenset({self._origin.place}))))

    async def put(self, key: str, path: Path, size: int) -> None:
        """Keep a file under that key, a piece of it in memory at a time. Raises Unavailable."""

        file = await asyncio.to_thread(path.open, "rb")

        async def pieces() -> AsyncIterator[bytes]:
            while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                yield piece

        try:
            answer = await self._send(b"PUT", key, pieces(), [(b"content-length", str(size).encode())])
            await self._done(answer, "kept")
        finally:
            # Not by the pieces: a storage that refuses early never reads them to their end.
            await asyncio.to_thread(file.close)

    async def get(self, key: str) -> AsyncIterator[bytes]:
        """What is kept under that key, piece by piece. Raises NotFound; Unavailable."""
        answer = await self._send(b"GET", key, None, [])
        if answer.status == 404:
            answer.abort()
            raise NotFound("This file is gone from the object storage.", code="file_gone")
        if answer.status != 200:
            await self._done(answer, "read")
        try:
            while (piece := await answer.chunk()) is not None:
                yield piece
        except UpstreamError as error:
            raise Unavailable(f"The object storage broke off: {error.message}", retry_after_s=5) from None
        finally:
            answer.abort()

    async def close(self) -> None:
        await self._transport.close()

    async def _send(
        self, method: bytes, key: str, body: AsyncIterator[bytes] | None, headers: list[tuple[bytes, bytes]]
    ) -> Response:
        target = f"{self._base}/{key}".encode()
        signed = sigv4.sign(
            self._keys,
            region=self._region,
            service="s3",
            method=method,
            host=self._origin.authority,
            target=target,
            body=None,
            at=self._clock.now(),
        )
        try:
            return await self._transport.send(
                self._origin, Request(method, target, [*headers, *signed], body), self._timeouts
            )
        except (UpstreamError, QuarterdeckError) as error:
            raise Unavailable(f"The object storage cannot be reached: {error.message}", retry_after_s=5) from None

    async def _done(self, answer: Response, what: str) -> None:
        with contextlib.suppress(UpstreamError):
            await answer.read(1 << 16)
        answer.abort()
        if answer.status != 200:
            raise Unavailable(f"The file could not be {what}: the object storage answered {answer.status}.")
