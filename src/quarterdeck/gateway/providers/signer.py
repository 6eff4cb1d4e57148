"""Puts on a request what its provider's cloud wants to see: a signature, or a token bought beforehand."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from functools import partial
from urllib.parse import urlsplit

from quarterdeck.access.catalogue import AwsKeys, AwsRole, CloudSecret, EntraApp, ServiceAccount
from quarterdeck.gateway import errors
from quarterdeck.gateway.providers import sigv4, tokens
from quarterdeck.gateway.providers.tokens import NoToken, Purchase, Token
from quarterdeck.gateway.targets import Target
from quarterdeck.gateway.transport import Origin, Request, Timeouts, Transport, UpstreamError
from quarterdeck.kernel.errors import Invalid

log = logging.getLogger(__name__)

Headers = list[tuple[bytes, bytes]]
EARLY_S = 300.0
"""A token is bought anew this long before it ends, so that no call is sent with one about to."""
KEPT = 256
ANSWER_LIMIT = 1 << 20
TIMEOUTS = Timeouts(connect_s=5.0, first_byte_s=10.0, idle_s=10.0, total_s=15.0)
_REGION = re.compile(r"(?:^|[.-])((?:us|eu|ap|sa|ca|me|af|il|mx|cn)(?:-gov|-iso[a-z]?)?-[a-z]+-\d)(?:[.-]|$)")


class Signer:
    """One per gateway process; keeps the tokens it bought, and buys each once however many calls wait for it."""

    def __init__(self, transport: Transport, now: Callable[[], int]) -> None:
        """`now` is microseconds since the epoch."""
        self._transport = transport
        self._now = now
        self._tokens: dict[CloudSecret, tuple[Token, float]] = {}
        self._buying: dict[CloudSecret, asyncio.Task[Token]] = {}

    async def headers(
        self,
        secret: CloudSecret,
        target: Target,
        method: bytes,
        path: bytes,
        body: bytes | AsyncIterator[bytes] | None,
    ) -> Headers:
        """What to add to a request. Raises Refusal when the cloud gives no token for the secret."""
        if isinstance(secret, ServiceAccount | EntraApp):
            bought = await self._token(secret, target)
            return [(b"authorization", f"Bearer {bought}".encode())]
        keys = secret if isinstance(secret, AwsKeys) else await self._token(secret, target)
        assert isinstance(keys, AwsKeys)
        return sigv4.sign(
            keys,
            region=region_of(target.origin.host),
            service="bedrock",
            method=method,
            host=target.origin.authority,
            target=path,
            body=body if isinstance(body, bytes) else b"" if body is None else None,
            at=self._now(),
        )

    async def _token(self, secret: AwsRole | ServiceAccount | EntraApp, target: Target) -> str | AwsKeys:
        loop = asyncio.get_running_loop()
        kept = self._tokens.get(secret)
        if kept is not None and loop.time() < kept[1]:
            return kept[0].value
        buying = self._buying.get(secret)
        if buying is None:
            buying = self._buying[secret] = asyncio.create_task(self._buy(secret, target), name="token")
            buying.add_done_callback(partial(self._bought, secret))
        try:
            token = await asyncio.shield(buying)
        except (NoToken, UpstreamError, Invalid) as problem:
            words = f"no token to be had with its credential: {problem}"
            raise errors.provider_unset(target.provider.name, words) from None
        return token.value

    def _bought(self, secret: CloudSecret, task: "asyncio.Task[Token]") -> None:
        del self._buying[secret]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("token_not_bought kind=%s reason=%s", type(secret).__name__, error)

    async def _buy(self, secret: AwsRole | ServiceAccount | EntraApp, target: Target) -> Token:
        loop = asyncio.get_running_loop()
        if isinstance(secret, ServiceAccount):
            purchase = await asyncio.to_thread(tokens.google, secret, self._now() / 1_000_000)
        elif isinstance(secret, EntraApp):
            purchase = tokens.entra(secret)
        else:
            purchase = tokens.sts(secret, region_of(target.origin.host), self._now())
        status, body = await self._post(purchase)
        token = tokens.read_role(status, body) if isinstance(secret, AwsRole) else tokens.read_bearer(status, body)
        if len(self._tokens) >= KEPT:
            self._tokens.clear()
        self._tokens[secret] = (token, loop.time() + max(1.0, token.lasts_s - EARLY_S))
        return token

    async def _post(self, purchase: Purchase) -> tuple[int, bytes]:
        origin, path = Origin.parse(purchase.url)
        query = urlsplit(purchase.url).query
        where = (path or "/") + (f"?{query}" if query else "")
        request = Request(b"POST", where.encode(), [*purchase.headers], purchase.body)
        response = await self._transport.send(origin, request, TIMEOUTS)
        return response.status, await response.read(ANSWER_LIMIT)


def region_of(host: str) -> str:
    """The region an AWS host names, such as `bedrock-runtime.eu-west-1.amazonaws.com`; else us-east-1."""
    found = _REGION.search(host)
    return found[1] if found is not None else "us-east-1"
