"""What every slice's `api.py` shares: who asks, the database, keyset parameters.

The application sets `request.state.actor` before a route runs and puts the shared objects on `app.state`.
"""

from collections.abc import Callable, Collection, Coroutine
from typing import Annotated, Any, Protocol

from fastapi import Depends, Header, Query, Request

from quarterdeck.access import wire
from quarterdeck.access.actors import Actor, Permission, require
from quarterdeck.access.vault import Vault
from quarterdeck.db import Database
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.pages import DEFAULT_LIMIT, MAX_LIMIT

_LAST_VERSION = 2**31 - 1
PERMISSION_ATTRIBUTE = "quarterdeck_permission"


def may(permission: Permission) -> Callable[[Request], Coroutine[Any, Any, Actor]]:
    """A dependency that yields the actor and refuses one who lacks `permission`.

    Every route has exactly one; the application refuses to start with a route that has none.
    """

    async def dependency(request: Request) -> Actor:
        return require(getattr(request.state, "actor", None), permission)

    setattr(dependency, PERMISSION_ATTRIBUTE, permission)
    return dependency


async def anyone(request: Request) -> Actor | None:
    """The dependency of a route that needs nobody; yields the actor when there is one."""
    return getattr(request.state, "actor", None)


setattr(anyone, PERMISSION_ATTRIBUTE, Permission.PUBLIC)


async def database(request: Request) -> Database:
    """`async`, like all dependencies here: FastAPI calls any other in a thread."""
    found: Database = request.app.state.db
    return found


async def vault(request: Request) -> Vault:
    """What seals secrets."""
    found: Vault = request.app.state.vault
    return found


class Gateways(Protocol):
    """What a verb asks of the gateways, after its transaction has committed."""

    async def ensure_published(self) -> None:
        """Return once every gateway acts on all that was committed before this call."""
        ...

    async def end_calls(self, *, scope: str, ids: Collection[str], code: str, message: str) -> int:
        """End the open calls of these agents, runs, keys or workspaces (`agent`, `run`, `key`, `workspace`) and return
        how many, once they have ended."""
        ...

    def budget_states(self, workspace_id: str) -> list[wire.BudgetState]:
        """How budgets stand at the gateways, calls in flight included."""
        ...

    def limit_states(self, workspace_id: str) -> list[wire.LimitState]:
        """What remains of limits at the gateways."""
        ...


async def gateways_now(request: Request) -> Gateways:
    """The gateways themselves: for a verb whose answer is good whether they have confirmed or not."""
    found: Gateways = request.app.state.gateways
    return found


async def gateways(request: Request) -> Gateways:
    """The gateways; of a request that may be repeated, those that note what is left to be confirmed."""
    return getattr(request.state, "gateways", None) or await gateways_now(request)


async def refuse_and_end(gate: Gateways, *, scope: str, ids: Collection[str], code: str, message: str) -> None:
    """Return once every gateway refuses what is stored as over, and has ended its open calls.

    Raises Unavailable `not_published` when a gateway does not confirm in time; what is open has ended all the same.
    """
    try:
        await gate.ensure_published()
    finally:
        await gate.end_calls(scope=scope, ids=ids, code=code, message=message)


async def expected_version(
    if_match: Annotated[str | None, Header(description='The `version` the change was made from: `"3"`.')] = None,
) -> int | None:
    """The number in `If-Match`; None when the caller does not care what it overwrites."""
    if if_match is None or if_match.strip() == "*":
        return None
    try:
        # No row comes so far, and no store compares with a larger one.
        return min(max(int(if_match.strip().removeprefix("W/").strip('"')), -1), _LAST_VERSION)
    except ValueError:
        raise Invalid('If-Match must be the row\'s version in quotes, such as "3".', field="if-match") from None


Db = Annotated[Database, Depends(database)]
Sealing = Annotated[Vault, Depends(vault)]
Gate = Annotated[Gateways, Depends(gateways)]
GateNow = Annotated[Gateways, Depends(gateways_now)]
IfMatch = Annotated[int | None, Depends(expected_version)]
Anyone = Annotated[Actor | None, Depends(anyone)]
Reader = Annotated[Actor, Depends(may(Permission.READ))]
BodyReader = Annotated[Actor, Depends(may(Permission.READ_BODIES))]
Worker = Annotated[Actor, Depends(may(Permission.WORK))]
Operator = Annotated[Actor, Depends(may(Permission.OPERATE))]
Admin = Annotated[Actor, Depends(may(Permission.ADMINISTER))]
Rater = Annotated[Actor, Depends(may(Permission.RATE))]
Self = Annotated[Actor, Depends(may(Permission.SELF))]
Listener = Annotated[Actor, Depends(may(Permission.LISTEN))]
AgentCaller = Annotated[Actor, Depends(may(Permission.AGENT_VERB))]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many rows at the most.")]
NamePart = Annotated[str | None, Query(description="A part of the name.")]
After = Annotated[str | None, Query(description="The `next` of the page before.")]

__all__ = [
    "DEFAULT_LIMIT",
    "Admin",
    "After",
    "AgentCaller",
    "Anyone",
    "BodyReader",
    "Db",
    "Gate",
    "GateNow",
    "Gateways",
    "IfMatch",
    "Limit",
    "Listener",
    "NamePart",
    "Operator",
    "Rater",
    "Reader",
    "Self",
    "Worker",
    "anyone",
    "database",
    "may",
    "refuse_and_end",
]
