"""/calls and /conversations: what went through the gateway."""

import asyncio
import re
import struct
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from quarterdeck.control import shapes
from quarterdeck.control.calls import exporting, found, rendering, views
from quarterdeck.control.calls.query import Which
from quarterdeck.control.calls.views import (
    CallDetailOut,
    CallsOut,
    ConversationOut,
    MessageOut,
    RenderedOut,
    SearchOut,
    ToolOut,
)
from quarterdeck.control.http import DEFAULT_LIMIT, After, BodyReader, Db, Limit, Reader
from quarterdeck.db import Database
from quarterdeck.kernel.ids import instant_of
from quarterdeck.ledger import calls, listing
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.intake import Detail
from quarterdeck.ledger.packs import BodyGone, Packs
from quarterdeck.ledger.rebuild import Bodies, KeptRequest
from quarterdeck.ledger.search import marks

router = APIRouter(tags=["calls"])
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w.-]+=[\w.-]+)*\Z")
_CHUNK_TIME = struct.Struct("<II")
_RAW: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The bytes as they were."}
}


async def _packs(request: Request) -> Packs:
    found: Packs = request.app.state.packs
    return found


Packed = Annotated[Packs, Depends(_packs)]


async def _bodies(db: Db, packs: Packed) -> Bodies:
    return Bodies(db, packs)


Kept = Annotated[Bodies, Depends(_bodies)]


@router.get("/calls", operation_id="list_calls", response_model_exclude_unset=True)
async def list_calls(
    *,
    actor: Reader,
    db: Db,
    packs: Packed,
    which: Which,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> CallsOut:
    """Calls, newest first. A page may hold fewer than asked for and have a `next`: `search` says how far was looked."""
    async with db.read() as tx:
        page = await listing.page(tx, actor.workspace_id, which, limit=limit, after=after)
        shown = await views.shown_calls(tx, actor.workspace_id, page.items)
        covered = None if which.words is None else await marks.covered(tx, actor.workspace_id)
    looked_to = shapes.shown(instant_of(page.next) if page.next and len(shown) < limit else None)
    if which.words is None or covered is None:
        items = [views.listed(call) for call in shown]
        if looked_to is None:
            return CallsOut(items=items, next=page.next)
        reach = SearchOut(indexed_until=None, indexed_since=None, searched_back_to=looked_to)
        return CallsOut(items=items, next=page.next, search=reach)
    snippets = await found.snippets(db, packs, page.items, which.words)
    return CallsOut(
        items=[views.listed_with(call, snippets.get(call.id)) for call in shown],
        next=page.next,
        search=SearchOut(
            indexed_until=shapes.shown(covered.until),
            indexed_since=shapes.shown(covered.since),
            searched_back_to=looked_to,
        ),
    )


@router.get(
    "/calls/export",
    operation_id="export_calls",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}, "application/jsonl": {}}, "description": "One call a line."}},
)
async def export_calls(
    *,
    actor: Reader,
    db: Db,
    which: Which,
    form: Annotated[exporting.Format, Query(alias="format")] = "csv",
    after: After = None,
) -> StreamingResponse:
    """Calls as a file, newest first, without bodies and headers: at most 50,000; the last line says when there are
    more, and how to get them. In CSV a text that a spreadsheet would run begins with an apostrophe.
    """
    lines = exporting.lines(db, actor.workspace_id, which, form, after=after)
    # What is wrong with the question is said before the answer begins.
    first = await anext(lines)
    headers = {"content-disposition": f'attachment; filename="calls.{form}"', "cache-control": "no-store"}
    return StreamingResponse(_chained(first, lines), media_type=exporting.MEDIA_TYPES[form], headers=headers)


@router.get("/calls/{call_id}", operation_id="get_call")
async def get_call(call_id: str, actor: Reader, db: Db, bodies: Kept) -> CallDetailOut:
    """One call, with its attempts, the prices of its cost, and headers as far as they were kept."""
    call = await _call(db, actor.workspace_id, call_id)
    detail = await bodies.detail(call)
    async with db.read() as tx:
        notes = await calls.price_notes(tx, [] if call.price_id is None else [call.price_id])
        return await views.shown_call(tx, call, notes.get(call.price_id or b""), detail)


@router.get("/calls/{call_id}/request", operation_id="get_call_request", response_class=Response, responses=_RAW)
async def get_call_request(call_id: str, actor: BodyReader, db: Db, bodies: Kept) -> Response:
    """The request's body, byte for byte; 404 with the code `body_not_kept` and the reason where there is none."""
    call = await _call(db, actor.workspace_id, call_id)
    kept = await bodies.request(call)
    sent = {name.lower(): value for name, value in (await bodies.detail(call)).request_headers}
    return _download(kept.body, sent.get("content-type", "application/json"), f"{call.id}-request")


@router.get("/calls/{call_id}/response", operation_id="get_call_response", response_class=Response, responses=_RAW)
async def get_call_response(call_id: str, actor: BodyReader, db: Db, bodies: Kept) -> Response:
    """The response's body, byte for byte: of a stream, all that was sent."""
    call = await _call(db, actor.workspace_id, call_id)
    return _download(await bodies.response(call), call.response_type, f"{call.id}-response")


@router.get("/calls/{call_id}/rendered", operation_id="get_call_rendered")
async def get_call_rendered(call_id: str, actor: BodyReader, db: Db, bodies: Kept) -> RenderedOut:
    """The call's bodies as messages made of parts, whatever their dialect; a stream's answer put together."""
    call = await _call(db, actor.workspace_id, call_id)
    request, response, detail = await bodies.request(call), await bodies.response(call), await bodies.detail(call)
    before = await _nodes_before(db, bodies, call)
    return await asyncio.to_thread(_rendered, call, request, response, detail, before)


@router.get("/conversations/{conversation_id}", operation_id="get_conversation")
async def get_conversation(
    *, conversation_id: str, actor: Reader, db: Db, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> ConversationOut:
    """Calls that continue each other, newest first."""
    async with db.read() as tx:
        found = await calls.conversation(tx, actor.workspace_id, conversation_id)
        which = CallFilter(conversation_id=conversation_id)
        page = await listing.page(tx, actor.workspace_id, which, limit=limit, after=after)
        return await views.shown_conversation(tx, found, page.items, page.next)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def _call(db: Database, workspace_id: str, call_id: str) -> StoredCall:
    async with db.read() as tx:
        return await calls.get(tx, workspace_id, call_id)


async def _nodes_before(db: Database, bodies: Bodies, call: StoredCall) -> frozenset[bytes] | None:
    """The messages that the conversation's call before this one had; None when there is none to compare with."""
    async with db.read() as tx:
        earlier = await calls.before(tx, call)
    if earlier is None:
        return None
    try:
        return frozenset((await bodies.request(earlier)).nodes)
    except BodyGone:
        return None


def _rendered(
    call: StoredCall, kept: KeptRequest, response: bytes, detail: Detail, before: frozenset[bytes] | None
) -> RenderedOut:
    request = rendering.request(call.dialect, kept.body)
    answer = rendering.answer(call.dialect, response)
    # The chain's messages are the last ones; what stands before them are instructions.
    instructions = max(0, len(request.messages) - len(kept.nodes))
    new = [before is None] * instructions + [before is None or node not in before for node in kept.nodes]
    return RenderedOut(
        messages=[MessageOut.of(message, new=fresh) for message, fresh in zip(request.messages, new, strict=False)],
        tools=[ToolOut(name=tool.name, description=tool.description) for tool in request.tools],
        params=request.params,
        answer=None if answer is None else [MessageOut.of(message, new=True) for message in answer],
        timeline=_timeline(detail.chunk_times),
    )


def _timeline(chunk_times: bytes) -> list[tuple[int, int]] | None:
    whole = len(chunk_times) - len(chunk_times) % _CHUNK_TIME.size
    return [(offset, ms) for offset, ms in _CHUNK_TIME.iter_unpack(chunk_times[:whole])] if whole else None


def _download(body: bytes, media_type: str | None, name: str) -> Response:
    """Bytes that a stranger wrote: to be saved, never to be shown as a page of ours."""
    kind = media_type if media_type is not None and _MEDIA_TYPE.match(media_type) else "application/octet-stream"
    headers = {
        "content-type": kind,
        "content-disposition": f'attachment; filename="{name}"',
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }
    return Response(body, headers=headers)
