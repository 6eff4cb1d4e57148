"""Verbs on approvals: ask, decide, use; and the job that lets them expire."""

from quarterdeck.access.actors import Actor
from quarterdeck.control.approvals import store
from quarterdeck.control.approvals.model import (
    ACTION_LENGTH,
    COMMENT_LENGTH,
    MAX_EXPIRY_S,
    SUMMARY_LENGTH,
    Approval,
    ApprovalState,
    NewApproval,
    canonical,
    digest,
)
from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.runs import store as run_store
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_line, a_text

BATCH = 200


async def ask(tx: Transaction, actor: Actor, run_id: str, new: NewApproval, *, fence: int | None = None) -> Approval:
    """Ask the member who answers for the run's task; renews the lease. Tells `approval.requested`.

    The same action with the same payload, still undecided or unused, is answered as it stands. Raises NotFound;
    Forbidden for the run of another; Invalid; Changed `lease_lost`.
    """
    run = await run_actions.own(tx, actor, run_id)
    await task_actions.locked(tx, actor.workspace_id, run.task_id)
    await run_actions.sign_of_life(tx, actor, run_id, fence)
    if not 1 <= new.expires_s <= MAX_EXPIRY_S:
        raise Invalid(f"expires_s must be 1 to {MAX_EXPIRY_S}.", field="expires_s")
    action = a_line(new.action, "action", ACTION_LENGTH)
    payload = canonical(new.payload)
    before = await store.live_of_run(tx, run.workspace_id, run.id, action, digest(payload))
    if before is not None:
        return before
    approval = Approval(
        id=new_id("apr"),
        workspace_id=run.workspace_id,
        task_id=run.task_id,
        run_id=run.id,
        agent_id=run.agent_id,
        action=action,
        summary=a_text(new.summary.strip(), "summary", SUMMARY_LENGTH),
        payload=payload,
        payload_sha256=digest(payload),
        state=ApprovalState.PENDING,
        expires_at=tx.now + new.expires_s * SECOND,
        decided_by=None,
        decided_at=None,
        comment=None,
        used_at=None,
        created_at=tx.now,
    )
    await store.insert(tx, approval)
    await _tell(tx, "approval.requested", approval, actor.id)
    return approval


async def decide(
    tx: Transaction, actor: Actor, approval_id: str, payload_sha256: str, *, approve: bool, comment: str | None = None
) -> Approval:
    """A member says yes or no to just what it has read; it comes to the agent's inbox.

    The same word again changes nothing. Raises NotFound; Changed `payload_changed` when the hash is not that of the
    payload, and `approval_closed` when it was decided otherwise, used, or is too old.
    """
    approval = await get(tx, actor.workspace_id, approval_id)
    if payload_sha256 != approval.payload_sha256:
        raise Changed("This is not what the agent asks for; load it again and read it.", code="payload_changed")
    to = ApprovalState.APPROVED if approve else ApprovalState.DENIED
    said = None if comment is None else a_text(comment.strip(), "comment", COMMENT_LENGTH) or None
    if approval.state is to and approval.decided_by == actor.id:
        return approval
    closed = None
    if approval.expires_at > tx.now:
        values = {"decided_by": actor.id, "decided_at": tx.now, "comment": said}
        closed = await store.move(tx, approval, ApprovalState.PENDING, to, values)
    if closed is None:
        fresh = await get(tx, actor.workspace_id, approval_id)
        state = ApprovalState.EXPIRED if fresh.state is ApprovalState.PENDING else fresh.state
        raise Changed(f"This approval is {state} already.", code="approval_closed", state=state)
    await _deliver(tx, closed, f"{to}{f': {said}' if said else ''}", actor.id)
    await _tell(tx, f"approval.{to}", closed, actor.id)
    return closed


async def use(
    tx: Transaction, actor: Actor, run_id: str, approval_id: str, payload: object, *, fence: int | None = None
) -> Approval:
    """The agent does it now, and says with what. Once: the second time is refused.

    Raises NotFound; Forbidden; Invalid; Changed `payload_changed` when it is not what was approved, `not_approved`
    with the present state, and `lease_lost`.
    """
    run = await run_actions.own(tx, actor, run_id)
    await task_actions.locked(tx, actor.workspace_id, run.task_id)
    await run_actions.sign_of_life(tx, actor, run_id, fence)
    approval = await get(tx, actor.workspace_id, approval_id)
    if approval.run_id != run.id:
        raise NotFound("Your run has asked for no such approval.")
    if digest(canonical(payload)) != approval.payload_sha256:
        raise Changed(
            "This is not what was approved: nothing of it may differ. Ask for an approval of the new payload.",
            code="payload_changed",
        )
    used = None
    if approval.expires_at > tx.now:
        used = await store.move(tx, approval, ApprovalState.APPROVED, ApprovalState.USED, {"used_at": tx.now})
    if used is None:
        fresh = await get(tx, actor.workspace_id, approval_id)
        stale = fresh.state in (ApprovalState.APPROVED, ApprovalState.PENDING) and fresh.expires_at <= tx.now
        state = ApprovalState.EXPIRED if stale else fresh.state
        raise Changed(f"This approval is {state}; it lets you do nothing.", code="not_approved", state=state)
    await _tell(tx, "approval.used", used, actor.id)
    return used


async def apply_deadlines(db: Database) -> int:
    """Let expire what is too old or whose run is over. Returns how many; safe in any number of processes."""
    async with db.read() as tx:
        due = await store.overdue(tx, BATCH)
    closed = 0
    for approval in due:
        async with db.transaction() as tx:
            closed += await _expire(tx, approval)
    return closed


async def get(tx: Transaction, workspace_id: str, approval_id: str) -> Approval:
    """Raises NotFound."""
    found = await store.find(tx, workspace_id, approval_id)
    if found is None:
        raise NotFound("There is no such approval in this workspace.")
    return found


async def _expire(tx: Transaction, approval: Approval) -> bool:
    done = await store.move(tx, approval, approval.state, ApprovalState.EXPIRED, {})
    if done is None:
        return False
    if approval.state is ApprovalState.PENDING:
        run = await run_store.find(tx, approval.workspace_id, approval.run_id)
        if run is not None and run.open:
            await _deliver(tx, done, "expired: nobody decided in time", None)
        await _tell(tx, "approval.expired", done, None)
    return True


async def _deliver(tx: Transaction, approval: Approval, body: str, actor: str | None) -> None:
    await inbox.put(
        tx,
        approval.workspace_id,
        approval.agent_id,
        inbox.InboxKind.ANSWER,
        approval.id,
        body,
        task_id=approval.task_id,
        sender_id=actor,
    )


async def _tell(tx: Transaction, kind: str, approval: Approval, actor: str | None) -> None:
    data = {
        "task_id": approval.task_id,
        "run_id": approval.run_id,
        "agent_id": approval.agent_id,
        "action": approval.action,
        "payload_sha256": approval.payload_sha256,
    }
    await tx.emit(Event(approval.workspace_id, kind, approval.id, data, actor))
