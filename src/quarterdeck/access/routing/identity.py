"""Which config a route has, the same for all processes."""

import hashlib
import json
from typing import Any


def identity_of(workspace_id: str, text: bytes, base_key: bytes) -> bytes:
    """Of a config as it is written, with what the request says beside it."""
    digest = hashlib.sha256(workspace_id.encode() + b"\0" + base_key + b"\0")
    digest.update(text)
    return digest.digest()


def written(config: dict[str, Any]) -> bytes:
    """A saved config, as gateways get it."""
    return json.dumps(config, separators=(",", ":")).encode()
