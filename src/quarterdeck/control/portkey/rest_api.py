"""Whatever else Portkey has a path for: 501, with a pointer to where we keep the like of it."""

from typing import Any

from fastapi import APIRouter

from quarterdeck.control.http import Anyone
from quarterdeck.kernel.errors import NotFound, NotImplementedHere

router = APIRouter(tags=["portkey"], include_in_schema=False)
POINTERS = {
    "logs": "insert with POST /v1/logs, read with GET /v1/logs/{id} or GET /api/v1/calls",
    "admin": "members and workspaces are managed under /api/v1/members",
    "scim": "members are managed under /api/v1/members",
    "guardrails": "declare guardrails in quarterdeck.toml",
    "integrations": "providers are managed under /api/v1/providers",
    "providers": "providers are managed under /api/v1/providers",
    "prompts": "prompts are managed under /api/v1/prompts",
    "labels": "prompts are managed under /api/v1/prompts",
    "collections": "prompts are managed under /api/v1/prompts",
    "policies": "budgets and limits are managed under /api/v1/budgets and /api/v1/limits",
    "mcp-integrations": "agents' verbs are served as MCP tools at /mcp",
    "mcp-servers": "agents' verbs are served as MCP tools at /mcp",
    "secret-references": "credentials are given as env:NAME or file:PATH in quarterdeck.toml",
    "audit-logs": "the audit is at GET /api/v1/audit",
    "model-configs": "prices are declared in quarterdeck.toml",
    "otel": "set OTEL_EXPORTER_OTLP_ENDPOINT to have calls sent to a collector",
    "feedback": "give feedback with POST /v1/feedback, change it with PUT /v1/feedback/{id}",
    "configs": "routes and their versions are managed under /api/v1/routes",
    "api-keys": "keys are managed under /api/v1/keys",
    "virtual-keys": "providers are managed under /api/v1/providers",
    "analytics": "sums of calls are at GET /api/v1/costs",
}


async def not_here(path: str, actor: Anyone) -> dict[str, Any]:
    """Raises NotImplementedHere for what Portkey has, NotFound for what nobody has."""
    pointer = POINTERS.get(path.partition("/")[0])
    if pointer is None:
        raise NotFound(f"There is nothing at /v1/{path}; see /api/docs for what there is.")
    raise NotImplementedHere(f"/v1/{path} is not served here in this way: {pointer}.")


for _method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
    router.add_api_route("/{path:path}", not_here, methods=[_method], name=f"portkey_not_here_{_method.lower()}")
