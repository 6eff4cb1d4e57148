"""AWS Signature Version 4 over one request, as in AWS's own description ("Create a signed AWS API request")."""

import hashlib
import hmac
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from quarterdeck.access.catalogue import AwsKeys

UNSIGNED = "UNSIGNED-PAYLOAD"
Headers = list[tuple[bytes, bytes]]


def sign(
    keys: AwsKeys,
    *,
    region: str,
    service: str,
    method: bytes,
    host: str,
    target: bytes,
    body: bytes | None,
    at: int,
) -> Headers:
    """The headers that make the request AWS's: date, token if there is one, and the signature over host, path, query
    and body.

    `target` is path and query as they go on the wire; `body` None leaves a streamed body out of the signature. `at` is
    microseconds since the epoch.
    """
    moment = datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y%m%dT%H%M%SZ")
    digest = UNSIGNED if body is None else hashlib.sha256(body).hexdigest()
    signed = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": moment}
    if keys.session_token is not None:
        signed["x-amz-security-token"] = keys.session_token
    names = ";".join(signed)
    path, _, query = target.partition(b"?")
    canonical = "\n".join(
        (
            method.decode(),
            # The path is encoded once more on top of what is on the wire: that is so for every service but S3.
            quote(path, safe="/~"),
            _canonical_query(query),
            *(f"{name}:{value}" for name, value in signed.items()),
            "",
            names,
            digest,
        )
    )
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(_signing_key(keys.secret_access_key, scope), text.encode(), hashlib.sha256).hexdigest()
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={keys.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    sent = {name: value for name, value in signed.items() if name != "host"} | {"authorization": authorization}
    return [(name.encode(), value.encode()) for name, value in sent.items()]


def _canonical_query(query: bytes) -> str:
    pairs = [part.partition(b"=") for part in query.split(b"&") if part]
    return "&".join(f"{name.decode()}={value.decode()}" for name, _, value in sorted(pairs))


@lru_cache(64)
def _signing_key(secret: str, scope: str) -> bytes:
    """The same for a whole day."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
