"""The API's own description: `python -m quarterdeck.api.openapi` prints it without a server, for generated clients."""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from quarterdeck import __version__
from quarterdeck.api.agent_hints import HINTS
from quarterdeck.api.constants import constants

PROBLEM = {
    "type": "object",
    "description": "What happened and what to do. More members may say more.",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; programs may act on it."},
        "detail": {"type": "string"},
    },
}
_ON_ERROR = {
    "description": "Anything that went wrong.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: FastAPI's, with our problems in place of its validation errors."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = PROBLEM
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        document["components"]["securitySchemes"] = {
            "key": {"type": "http", "scheme": "bearer", "description": "A member's token, an agent's or a run's key."},
            "session": {"type": "apiKey", "in": "cookie", "name": "qd_session"},
        }
        document["x-constants"] = constants()
        document["security"] = [{"key": []}, {"session": []}]
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = _ON_ERROR
                hint = HINTS.get(operation["operationId"])
                if hint is not None:
                    operation["x-when-to-use"] = hint.when
                    operation["x-command"] = f"quarterdeck {hint.command}"
                    if hint.tool is not None:
                        operation["x-mcp-tool"] = hint.tool
        app.openapi_schema = document
    return app.openapi_schema


def main() -> int:
    """Print the document. Nothing is served, and the database it would ask stays empty."""
    # Imported here: the application imports this module to describe itself.
    from quarterdeck.access.throttle import Throttle  # noqa: PLC0415
    from quarterdeck.access.vault import Vault  # noqa: PLC0415
    from quarterdeck.api.app import create_app  # noqa: PLC0415
    from quarterdeck.api.services import Services  # noqa: PLC0415
    from quarterdeck.control.settings.model import About  # noqa: PLC0415
    from quarterdeck.db import Database  # noqa: PLC0415
    from quarterdeck.db.outbox import EventFeed  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as directory:
        db = Database.at(Path(directory))
        about = About(__version__, "http://127.0.0.1:8787")
        services = Services(db, Vault.open(Path(directory)), Throttle(db.clock), about, EventFeed(db))
        document = create_app(services).openapi()
    json.dump(document, sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
