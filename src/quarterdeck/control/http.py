"""What every slice's `api.py` shares: who asks, the database, keyset parameters.

The application sets `request.state.actor` before a route runs and puts the shared objects on `app.state`.
"""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from quarterdeck.access.actors import Actor, Permission, allows
from quarterdeck.db import Database
from quarterdeck.kernel.errors import Forbidden, Unauthenticated
from quarterdeck.kernel.pages import DEFAULT_LIMIT, MAX_LIMIT

PERMISSION_ATTRIBUTE = "quarterdeck_permission"


def may(permission: Permission) -> Callable[[Request], Coroutine[Any, Any, Actor]]:
    """A dependency that yields the actor and refuses one who lacks `permission`.

    Every route has exactly one; the application refuses to start with a route that has none.
    """

    async def dependency(request: Request) -> Actor:
        actor: Actor | None = getattr(request.state, "actor", None)
        if actor is None:
            raise Unauthenticated("Sign in, or send a key as 'Authorization: Bearer …'.")
        if not allows(actor, permission):
            raise Forbidden(f"This needs the permission {permission.value!r}.", permission=permission.value)
        return actor

    setattr(dependency, PERMISSION_ATTRIBUTE, permission)
    return dependency


def database(request: Request) -> Database:
    found: Database = request.app.state.db
    return found


Db = Annotated[Database, Depends(database)]
Reader = Annotated[Actor, Depends(may(Permission.READ))]
BodyReader = Annotated[Actor, Depends(may(Permission.READ_BODIES))]
Worker = Annotated[Actor, Depends(may(Permission.WORK))]
Operator = Annotated[Actor, Depends(may(Permission.OPERATE))]
Admin = Annotated[Actor, Depends(may(Permission.ADMINISTER))]
AgentCaller = Annotated[Actor, Depends(may(Permission.AGENT_VERB))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many rows at the most.")]
After = Annotated[str | None, Query(description="The `next` of the page before.")]

__all__ = [
    "DEFAULT_LIMIT",
    "Admin",
    "After",
    "AgentCaller",
    "BodyReader",
    "Db",
    "Limit",
    "Operator",
    "Reader",
    "Worker",
    "database",
    "may",
]
