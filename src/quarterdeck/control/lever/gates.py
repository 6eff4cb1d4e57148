"""Making the gateways do what an order says. When this returns, they have."""

import asyncio

from quarterdeck.control.http import Gateways
from quarterdeck.control.lever.actions import Effect
from quarterdeck.control.lever.model import Order, Scope, Verb

STOPPED = "run_stopped"
_SCOPES = {Scope.AGENT: "agent", Scope.ALL: "workspace"}


async def carry_out(gate: Gateways, effect: Effect, *, end_open: bool) -> int:
    """Let the gateways refuse what is covered and, with `end_open`, end what is in flight; how many calls ended.

    Raises Unavailable when a gateway does not confirm in time; what was saved stays saved.
    """
    order = effect.order
    if order is not None and order.applied_at is None:
        return 0
    if not end_open:
        await gate.ensure_published()
        return 0
    # At once, for every millisecond of a stream is paid for; and again when nothing new can begin any more.
    ended, _ = await asyncio.gather(_end(gate, effect), gate.ensure_published())
    return ended + await _end(gate, effect)


async def _end(gate: Gateways, effect: Effect) -> int:
    order = effect.order
    scope = None if order is None else _SCOPES.get(order.scope)
    if order is None or scope is None:
        ids = effect.run_ids
        return await gate.end_calls(scope="run", ids=ids, code=STOPPED, message=_words(order)) if ids else 0
    ids = [order.workspace_id] if order.scope is Scope.ALL else [order.subject_id]
    return await gate.end_calls(scope=scope, ids=ids, code=STOPPED, message=_words(order))


def _words(order: Order | None) -> str:
    if order is not None and order.verb is Verb.PAUSE:
        return "This work was paused by a person. Stop here; it is resumed by the people who paused it."
    return "This run was stopped by a person. Stop here; nothing more is expected of it."
