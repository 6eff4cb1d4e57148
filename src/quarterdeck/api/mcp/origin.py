"""Which conversation a tool was called from, where the client says only which tool use of the model it answers."""

import asyncio

from quarterdeck.access.actors import Actor
from quarterdeck.db import Database
from quarterdeck.kernel.clock import MINUTE
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.ledger import listing
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.rebuild import Bodies

TOOL_USE = "claudecode/toolUseId"
"""Claude Code puts the id of the model's tool use into `_meta` of each tool call."""
LOOKED_AT = 20
RECENT = 10 * MINUTE
TRIES = 8
PAUSE_S = 0.5
"""The call that asked for the tool ended a moment ago: it may not have reached the store yet."""
_LONGEST = 200


async def session_of_tool_use(db: Database, bodies: Bodies, actor: Actor, tool_use_id: object) -> str | None:
    """The session of the agent's call whose answer holds that tool use; None when none does or bodies are not kept."""
    if not isinstance(tool_use_id, str) or not 0 < len(tool_use_id) <= _LONGEST:
        return None
    needle = tool_use_id.encode()
    seen: set[str] = set()
    for attempt in range(TRIES):
        async with db.read() as tx:
            which = CallFilter(agent_id=actor.id, begin=tx.now - RECENT)
            recent = (await listing.page(tx, actor.workspace_id, which, limit=LOOKED_AT)).items
        for call in recent:
            if call.session is None or call.id in seen:
                continue
            try:
                if needle in await bodies.response(call):
                    return call.session
            except QuarterdeckError:
                # Its body is not kept, or not to be read yet: another call, or the next look, may still tell.
                continue
            seen.add(call.id)
        if attempt < TRIES - 1:
            await asyncio.sleep(PAUSE_S)
    return None
