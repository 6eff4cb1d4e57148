"""/replays: recorded calls asked again of another model, route or instructions. Dry unless it is said otherwise."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.control.calls.api import Kept
from quarterdeck.control.deliverables.api import HunkOut
from quarterdeck.control.deliverables.diff import hunks
from quarterdeck.control.http import (
    DEFAULT_LIMIT,
    After,
    BodyReader,
    Db,
    Gate,
    Limit,
    Operator,
    Reader,
    Sealing,
    refuse_and_end,
)
from quarterdeck.control.replays import actions, store
from quarterdeck.control.replays.actions import Wanted
from quarterdeck.control.replays.comparing import Answer, answer_of
from quarterdeck.control.replays.model import MOST_AT_ONCE, SYSTEM_LENGTH, USUAL_AT_ONCE, ReplayState, Target
from quarterdeck.control.replays.views import (
    ReplayOut,
    ReplaysOut,
    ReplayStepOut,
    ReplayStepsOut,
    shown_replays,
    shown_step,
)
from quarterdeck.control.shapes import RequestBody
from quarterdeck.db import Database
from quarterdeck.kernel.errors import Invalid, NotFound
from quarterdeck.ledger import calls
from quarterdeck.ledger.packs import BodyGone
from quarterdeck.ledger.rebuild import Bodies

router = APIRouter(tags=["replays"])
Id = Annotated[str | None, Query(max_length=100)]
MOST_PARAMS = 50
LONGEST_TEXT = 200_000


class ReplayIn(RequestBody):
    """Give `call_id`, or `run_id`; and what is to be other. What is left out stays as it was recorded."""

    call_id: str | None = Field(None, max_length=100)
    run_id: str | None = Field(None, max_length=100)
    first_call: int = Field(1, ge=1, le=1_000_000, description="Of a run: the first of its calls, counted from 1.")
    last_call: int | None = Field(None, ge=1, le=1_000_000, description="Of a run: the last one; all when absent.")
    model: str | None = Field(None, min_length=1, max_length=300, description="`gpt-4o`, or `provider/model`.")
    route: str | None = Field(None, min_length=1, max_length=100, description="A saved route.")
    route_version: int | None = Field(None, ge=1, le=2**31 - 1)
    system: str | None = Field(
        None, max_length=SYSTEM_LENGTH, description="In place of the instructions; empty takes them away."
    )
    params: dict[str, Any] = Field(
        default={},
        max_length=MOST_PARAMS,
        description="Other members of the body, as a merge patch (RFC 7396): null takes one away.",
    )
    dry: bool = Field(True, description="Send nothing, and say what would be sent, where to, and what it would cost.")
    cap_nano: int | None = Field(None, description="What it may spend, when it is not dry. Nano-dollars.")
    at_once: int = Field(USUAL_AT_ONCE, ge=1, le=MOST_AT_ONCE, description="How many calls at once.")

    def to_wanted(self) -> Wanted:
        """Raises Invalid."""
        if self.dry and self.cap_nano is not None:
            raise Invalid("a dry replay spends nothing; send dry: false with a cap.", field="cap_nano")
        if not self.dry and self.cap_nano is None:
            raise Invalid("a replay that sends calls needs a cap: cap_nano, in nano-dollars.", field="cap_nano")
        target = Target(self.model, self.route, self.route_version, self.system, self.params)
        return Wanted(target, self.call_id, self.run_id, self.first_call, self.last_call, self.cap_nano, self.at_once)


class ReplayToolOut(BaseModel):
    """A tool that an answer asked for, with its arguments as the model wrote them."""

    name: str
    arguments: str


class ReplayAnswerOut(BaseModel):
    text: str
    tools: list[ReplayToolOut]
    stop: str | None


class ReplayStepDetailOut(ReplayStepOut):
    """With both answers, and what of their words differs."""

    before: ReplayAnswerOut | None
    """null: there was none, or it is not kept."""
    now: ReplayAnswerOut | None
    hunks: list[HunkOut] | None
    """null: one of the two is not there, or they are too long to compare."""


@router.get("/replays", operation_id="list_replays")
async def list_replays(
    *,
    actor: Reader,
    db: Db,
    state: Annotated[ReplayState | None, Query()] = None,
    run_id: Id = None,
    call_id: Id = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> ReplaysOut:
    """Replays, newest first, each with its totals."""
    async with db.read() as tx:
        page = await store.page(
            tx, actor.workspace_id, limit=limit, after=after, state=state, run_id=run_id, call_id=call_id
        )
        return ReplaysOut(items=await shown_replays(tx, actor.workspace_id, page.items), next=page.next)


@router.post("/replays", status_code=201, operation_id="create_replay")
async def create_replay(body: ReplayIn, actor: Operator, db: Db, bodies: Kept, vault: Sealing, gate: Gate) -> ReplayOut:
    """Ask a recorded call, or the calls of a run, again of something else. Dry by default: nothing is sent.

    With `dry: false` and a cap the calls are sent in the background, through the gateway, charged to a budget of their
    own.
    """
    wanted = body.to_wanted()
    replay = await actions.create(db, bodies, vault, actor.workspace_id, wanted, actor=actor.id)
    if replay.open:
        await gate.ensure_published()
    return await _one(db, actor.workspace_id, replay.id)


@router.get("/replays/{replay_id}", operation_id="get_replay")
async def get_replay(replay_id: str, actor: Reader, db: Db) -> ReplayOut:
    """One replay with its totals, as far as it is."""
    return await _one(db, actor.workspace_id, replay_id)


@router.post("/replays/{replay_id}/cancel", operation_id="cancel_replay")
async def cancel_replay(replay_id: str, actor: Operator, db: Db, gate: Gate) -> ReplayOut:
    """Send nothing more and end what is in flight. What was used until then is paid and shown."""
    async with db.transaction() as tx:
        replay = await actions.get(tx, actor.workspace_id, replay_id)
        await actions.cancel(tx, replay, actor=actor.id)
    await refuse_and_end(gate, scope="run", ids=[replay_id], code="run_ended", message="The replay was cancelled.")
    return await _one(db, actor.workspace_id, replay_id)


@router.get("/replays/{replay_id}/steps", operation_id="list_replay_steps")
async def list_replay_steps(
    *, replay_id: str, actor: BodyReader, db: Db, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> ReplayStepsOut:
    """Its calls in the order they are asked, each beside what was recorded."""
    if after is not None and not (after.isascii() and after.isdecimal() and len(after) < 9):
        raise Invalid("after is the `next` of the page before.", field="after")
    async with db.read() as tx:
        await actions.get(tx, actor.workspace_id, replay_id)
        found, more = await store.steps_page(
            tx, actor.workspace_id, replay_id, limit=limit, after=0 if after is None else int(after)
        )
    return ReplayStepsOut(items=[shown_step(each) for each in found], next=None if more is None else str(more))


@router.get("/replays/{replay_id}/steps/{number}", operation_id="get_replay_step")
async def get_replay_step(replay_id: str, number: int, actor: BodyReader, db: Db, bodies: Kept) -> ReplayStepDetailOut:
    """One of its calls with both answers, and what of their words differs."""
    async with db.read() as tx:
        await actions.get(tx, actor.workspace_id, replay_id)
        step = await store.step(tx, actor.workspace_id, replay_id, min(max(number, 0), 2**31 - 1))
    if step is None:
        raise NotFound("This replay has no such step.")
    before = await _answer(db, bodies, actor.workspace_id, step.call_id)
    now = None
    if step.new_call_id is not None:
        now = await _answer(db, bodies, actor.workspace_id, step.new_call_id)
    found = None if before is None or now is None else await asyncio.to_thread(hunks, before.text, now.text)
    return ReplayStepDetailOut(
        **shown_step(step).model_dump(),
        before=_shown(before),
        now=_shown(now),
        hunks=None if found is None else [HunkOut.of(hunk) for hunk in found],
    )


async def _one(db: Database, workspace_id: str, replay_id: str) -> ReplayOut:
    async with db.read() as tx:
        replay = await actions.get(tx, workspace_id, replay_id)
        return (await shown_replays(tx, workspace_id, [replay]))[0]


async def _answer(db: Database, bodies: Bodies, workspace_id: str, call_id: str) -> Answer | None:
    """What a call was answered; None when that is not kept, or it was not answered well."""
    try:
        async with db.read() as tx:
            call = await calls.get(tx, workspace_id, call_id)
        if call.outcome not in ("ok", "cut"):
            return None
        return await asyncio.to_thread(answer_of, await bodies.response(call), call.response_type)
    except (NotFound, BodyGone):
        return None


def _shown(answer: Answer | None) -> ReplayAnswerOut | None:
    if answer is None:
        return None
    tools = [ReplayToolOut(name=name, arguments=arguments) for name, arguments in answer.tools]
    return ReplayAnswerOut(text=answer.text[:LONGEST_TEXT], tools=tools, stop=answer.stop)
