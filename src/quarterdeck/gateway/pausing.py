"""Pauses at the gateway: the call of a paused agent or run is held open for as long as its pause says, then refused.

A call that was let in is looked at again before it is sent, should the snapshot have changed meanwhile: when a verb has
been acknowledged, nothing leaves by what was known before it.
"""

import asyncio

from quarterdeck.gateway import errors
from quarterdeck.gateway.attribution import attribute
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.identify import identify, recognised
from quarterdeck.gateway.snapshot import SnapshotHolder


async def until_resumed(draft: Draft, query: bytes, holder: SnapshotHolder) -> None:
    """Return when the call may go on. Raises Refusal when its agent or its run is paused for longer than it is held."""
    paused = why_paused(draft)
    loop = asyncio.get_running_loop()
    began = loop.time()
    while paused is not None:
        refusal, hold_s = paused
        left = hold_s - (loop.time() - began)
        if left <= 0 or not await holder.swapped_within(left):
            raise refusal
        await _look_again(draft, query, holder)
        paused = why_paused(draft)


def has_changed(draft: Draft, holder: SnapshotHolder) -> bool:
    """Whether there is another picture of the workspace than the one by which the call was let in."""
    workspace = draft.workspace
    return workspace is None or holder.current.workspaces.get(workspace.id) is not workspace


async def still_may_run(draft: Draft, query: bytes, holder: SnapshotHolder) -> None:
    """Just before it is sent, where that has changed: raises a final Refusal when it may not run any more."""
    try:
        await _look_again(draft, query, holder)
        paused = why_paused(draft)
        if paused is not None:
            raise paused[0]
    except Refusal as refusal:
        refusal.final = True
        raise


async def _look_again(draft: Draft, query: bytes, holder: SnapshotHolder) -> None:
    """Identify the call by the snapshot as it is now. Raises Refusal."""
    session = draft.attribution.session if draft.attribution is not None else None
    if not recognised(draft, query, holder):
        await identify(draft, query, holder)
    if session is not None and draft.attribution is not None and draft.attribution.session is None:
        assert draft.key is not None and draft.agent is not None and draft.workspace is not None
        draft.attribution = attribute(draft.headers, session, draft.key, draft.agent, draft.workspace)


def why_paused(draft: Draft) -> tuple[Refusal, int] | None:
    """Why the call may not run now, and for how many seconds it is held."""
    agent, workspace, attribution = draft.agent, draft.workspace, draft.attribution
    if agent is not None and agent.desired == "paused":
        return errors.agent_paused(agent.name, agent.desired), agent.hold_s
    if attribution is None or workspace is None:
        return None
    if attribution.run_id is None:
        held = workspace.paused_tasks.get(attribution.task_id) if attribution.task_id is not None else None
        return (errors.task_paused(), held) if held is not None else None
    run = workspace.runs.get(attribution.run_id)
    return (errors.task_paused(), run.hold_s) if run is not None and run.state == "paused" else None
