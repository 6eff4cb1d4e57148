"""Files on S3-compatible object storage: the one way out of this process to it, through guarded egress."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

from quarterdeck.access.catalogue import AwsKeys
from quarterdeck.gateway.providers import sigv4
from quarterdeck.gateway.transport import Origin, Request, Timeouts, Transport, UpstreamError
from quarterdeck.gateway.transport.response import Response
from quarterdeck.kernel.clock import Clock, SystemClock
from quarterdeck.kernel.egress import Egress, EgressPolicy, canonical_host
from quarterdeck.kernel.errors import NotFound, QuarterdeckError, Unavailable
from quarterdeck.kernel.settings import ObjectSettings

PIECE_BYTES = 1 << 20
LISTED_AT_ONCE = 1_000
MAX_LISTING_BYTES = 4 << 20
_HASH = re.compile(r"[0-9a-f]{64}")
TIMEOUTS = Timeouts(connect_s=10.0, first_byte_s=120.0, idle_s=60.0, total_s=1800.0)


@dataclass(frozen=True, slots=True)
class Listed:
    """One object of a listing. `came_s` is seconds since the epoch, by the storage's clock."""

    name: str
    size: int
    came_s: float


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

    async def older(self, workspace_id: str, before_s: float) -> AsyncIterator[list[str]]:
        """Hashes of a workspace's files that came before an instant, in seconds since the epoch, a page at a time.

        Raises Unavailable.
        """
        token: str | None = None
        while True:
            found, token = await self._listed(f"{workspace_id}/", token, LISTED_AT_ONCE)
            yield [one.name for one in found if one.came_s < before_s and _HASH.fullmatch(one.name)]
            if token is None:
                return

    async def drop(self, key: str, before_s: float) -> int:
        """Remove what came before that instant; its bytes, 0 when it came since or is gone. Raises Unavailable."""
        found, _ = await self._listed(key, None, 1)
        if not found or found[0].name or found[0].came_s >= before_s:
            return 0
        await self._done(await self._send(b"DELETE", key, None, []), "removed")
        return found[0].size

    async def _listed(self, prefix: str, token: str | None, most: int) -> tuple[list["Listed"], str | None]:
        """Objects whose key begins so, by name, and where the next page goes on. Names are what follows the prefix."""
        bucket, _, below = self._base.lstrip("/").partition("/")
        whole = f"{below}/{prefix}" if below else prefix
        asked = {"list-type": "2", "max-keys": str(most), "prefix": whole}
        if token is not None:
            asked["continuation-token"] = token
        query = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in asked.items())
        answer = await self._signed(b"GET", f"/{bucket}?{query}", None, [])
        if answer.status != 200:
            await self._done(answer, "listed")
        try:
            page = ElementTree.fromstring((await answer.read(MAX_LISTING_BYTES)).decode())  # noqa: S314
            found = [
                Listed(
                    _text(each, "Key").removeprefix(whole),
                    int(_text(each, "Size")),
                    datetime.fromisoformat(_text(each, "LastModified")).timestamp(),
                )
                for each in page.iterfind("{*}Contents")
            ]
            return found, page.findtext("{*}NextContinuationToken") or None
        except (UpstreamError, ElementTree.ParseError, ValueError) as error:
            raise Unavailable(f"The object storage sent no list of its files: {error}") from None
        finally:
            answer.abort()

    async def close(self) -> None:
        await self._transport.close()

    async def _send(
        self, method: bytes, key: str, body: AsyncIterator[bytes] | None, headers: list[tuple[bytes, bytes]]
    ) -> Response:
        return await self._signed(method, f"{self._base}/{key}", body, headers)

    async def _signed(
        self, method: bytes, path: str, body: AsyncIterator[bytes] | None, headers: list[tuple[bytes, bytes]]
    ) -> Response:
        target = path.encode()
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
        if answer.status not in (200, 204):
            raise Unavailable(f"The file could not be {what}: the object storage answered {answer.status}.")


def _text(of: ElementTree.Element, name: str) -> str:
    """Raises ValueError when it is not there."""
    found = of.findtext(f"{{*}}{name}")
    if found is None:
        raise ValueError(f"an object without {name}")
    return found
