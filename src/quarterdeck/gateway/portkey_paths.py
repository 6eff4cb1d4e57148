"""Which paths below /v1 are Portkey's own, and not a model's: control answers them."""

PREFIX = b"/api/v1/portkey"
_FIRST = frozenset(
    {
        "admin",
        "analytics",
        "api-keys",
        "audit-logs",
        "collections",
        "configs",
        "feedback",
        "guardrails",
        "integrations",
        "labels",
        "logs",
        "mcp-integrations",
        "mcp-servers",
        "model-configs",
        "otel",
        "policies",
        "prompts",
        "providers",
        "scim",
        "secret-references",
        "virtual-keys",
    }
)


def in_control(path: str, raw_path: bytes) -> bytes | None:
    """Where control answers one of Portkey's paths; None for every other path."""
    if not path.startswith("/v1/") or path[4:].partition("/")[0] not in _FIRST:
        return None
    return PREFIX + raw_path[3:]
