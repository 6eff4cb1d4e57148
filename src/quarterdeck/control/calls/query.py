"""The filters of /calls as they stand in an address: each a query parameter, the same for list, file and histograms."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import Depends, Query, Request

from quarterdeck.access.actors import Permission, require
from quarterdeck.control.calls.views import CacheStatus, Outcome
from quarterdeck.control.shapes import instant_in
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.kernel.clock import MS
from quarterdeck.kernel.errors import Invalid
from quarterdeck.ledger.call_filter import SAME, CallFilter, Range, Tried
from quarterdeck.ledger.search import words
from quarterdeck.ledger.work_costs import Fact

Waste = Literal["looped", "duplicate", "blocked"]
Attribution = Literal[
    "run_key", "header", "clawrouter", "portkey", "session_header", "trace", "session", "only_run", "adopted",
    "unclaimed",
]  # fmt: skip
Text = Annotated[str | None, Query(max_length=500)]
Count = Annotated[int | None, Query(ge=0, le=1 << 62)]
Millis = Annotated[float | None, Query(ge=0, le=1e12, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whose:
    agent_id: Text = None
    key_id: Text = None
    task_id: Text = None
    run_id: Text = None
    conversation_id: Text = None
    project_id: Annotated[str | None, Query(max_length=500, description="That its task belongs to now.")] = None
    goal_id: Annotated[str | None, Query(max_length=500, description="That its task serves now.")] = None
    accountable_id: Annotated[str | None, Query(max_length=500, description="The member its task is of now.")] = None
    attribution: Annotated[Attribution | None, Query(description="Which source named the run or the task.")] = None
    unclaimed: Annotated[bool | None, Query(description="Those that belong to no run and no task.")] = None
    session: Text = None
    trace_id: Text = None
    client: Annotated[str | None, Query(max_length=500, description="A part of the caller's user-agent.")] = None
    tag: Annotated[
        str | None, Query(max_length=500, description="`name=value`, or `name` alone for a tag of whatever value.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wire:
    dialect: Text = None
    endpoint: Annotated[str | None, Query(max_length=500, description="The path asked for.")] = None
    provider: Text = None
    provider_kind: Text = None
    model_asked: Annotated[str | None, Query(max_length=500, description="The model the caller asked for.")] = None
    model: Annotated[str | None, Query(max_length=500, description="The model the provider was asked for.")] = None
    model_answered: Annotated[str | None, Query(max_length=500, description="The model that says it answered.")] = None
    stream: bool | None = None
    service_tier: Text = None
    route: Annotated[str | None, Query(max_length=500, description="The saved route it was sent by.")] = None
    body_mode: Literal["full", "redacted", "none"] | None = None
    response_type: Text = None
    min_request_size: Count = None
    max_request_size: Count = None
    min_response_size: Count = None
    max_response_size: Count = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Came:
    outcome: Annotated[
        Outcome | Literal["failed"] | None, Query(description="`failed`: `error` or `cut`, as sums count it.")
    ] = None
    status: Annotated[int | None, Query(ge=0, le=999, description="What the caller saw.")] = None
    min_status: Annotated[int | None, Query(ge=0, le=999)] = None
    max_status: Annotated[int | None, Query(ge=0, le=999)] = None
    error_code: Text = None
    error_message: Annotated[str | None, Query(max_length=500, description="A part of the error's words.")] = None
    stop_reason: Annotated[str | None, Query(max_length=500, description="The provider's own word.")] = None
    cache: Annotated[CacheStatus | None, Query(description="What our cache did for it.")] = None
    tried: Annotated[
        Tried | None, Query(description="One of its tries was for this reason; `fallback`: another target was asked.")
    ] = None
    min_attempts: Annotated[int | None, Query(ge=0, le=10_000)] = None
    max_attempts: Annotated[int | None, Query(ge=0, le=10_000)] = None
    mark: Annotated[Waste | None, Query(description="Those that are known as this waste.")] = None
    min_duration_ms: Millis = None
    max_duration_ms: Millis = None
    min_first_byte_ms: Millis = None
    max_first_byte_ms: Millis = None
    min_overhead_ms: Millis = None
    max_overhead_ms: Millis = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Used:
    usage_source: Literal["provider", "estimated", "none"] | None = None
    unpriced: Annotated[bool | None, Query(description="Those that used something that has no price.")] = None
    min_cost_nano: Count = None
    max_cost_nano: Count = None
    min_saved_nano: Count = None
    max_saved_nano: Count = None
    min_input_tokens: Count = None
    max_input_tokens: Count = None
    min_output_tokens: Count = None
    max_output_tokens: Count = None
    min_cache_read_tokens: Count = None
    max_cache_read_tokens: Count = None
    min_cache_write_tokens: Count = None
    max_cache_write_tokens: Count = None
    min_reasoning_tokens: Count = None
    max_reasoning_tokens: Count = None


_RANGES: dict[str, tuple[str, int]] = {
    "request_size": ("request_size", 1),
    "response_size": ("response_size", 1),
    "status": ("status", 1),
    "attempts": ("attempt_count", 1),
    "duration_ms": ("duration", MS),
    "first_byte_ms": ("first_byte", MS),
    "overhead_ms": ("overhead", MS),
    "cost_nano": ("cost", 1),
    "saved_nano": ("saved", 1),
    "input_tokens": ("input_total", 1),
    "output_tokens": ("output_total", 1),
    "cache_read_tokens": ("cache_read", 1),
    "cache_write_tokens": ("cache_write", 1),
    "reasoning_tokens": ("reasoning", 1),
}
"""What `min_…` and `max_…` are of in the ledger, and how many of its units one of theirs is."""
_AS_IT_IS = (*SAME, "client", "error_message", "tried", "unpriced", "unclaimed")
_OF_TASKS = ("project_id", "goal_id", "accountable_id")


async def call_filter(
    *,
    whose: Annotated[_Whose, Depends()],
    wire: Annotated[_Wire, Depends()],
    came: Annotated[_Came, Depends()],
    used: Annotated[_Used, Depends()],
    begin: Annotated[str | None, Query(alias="from", description="An instant; calls that began then or later.")] = None,
    end: Annotated[str | None, Query(alias="to", description="An instant; calls that began before it.")] = None,
    q: Annotated[
        str | None,
        Query(
            max_length=500,
            description='Words that are all in what the call brought in or in its answer: words, "phrases in quotes"'
            " and beginnings*. Whoever searches must be allowed to read what calls said.",
        ),
    ] = None,
    request: Request,
) -> CallFilter:
    """A dependency. Raises Invalid, naming the parameter, where one is not known or says what cannot be."""
    actor = getattr(request.state, "actor", None)
    if q is not None:
        require(actor, Permission.READ_BODIES)
    _must_be_known(request)
    given = {each.name: getattr(part, each.name) for part in (whose, wire, came, used) for each in fields(part)}
    given = {name: value for name, value in given.items() if value is not None}
    mark = given.get("mark")
    same = {name: given[name] for name in _AS_IT_IS if name in given}
    return CallFilter(
        **same,
        ranges=_ranges(given),
        tasks=_tasks(given, "" if actor is None else actor.workspace_id),
        tag=_tag(given.get("tag")),
        begin=None if begin is None else instant_in(begin, "from"),
        end=None if end is None else instant_in(end, "to"),
        mark=None if mark is None else Fact(mark),
        words=None if q is None else words.parse(q),
    )


Which = Annotated[CallFilter, Depends(call_filter)]


def _must_be_known(request: Request) -> None:
    """A misspelt filter would show all calls, as if they were the ones meant."""
    known = sorted(_parameters(request.scope["route"].dependant))
    for name in request.query_params:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            raise Invalid(f"There is no filter {name[:80]!r}.{meant} Known are: {', '.join(known)}.", field=name[:80])


def _parameters(dependant: Any) -> Iterator[str]:
    yield from (each.alias for each in dependant.query_params)
    for each in dependant.dependencies:
        yield from _parameters(each)


def _ranges(given: Mapping[str, Any]) -> dict[str, Range]:
    found = {}
    for name, (column, unit) in _RANGES.items():
        least, most = given.get(f"min_{name}"), given.get(f"max_{name}")
        if least is None and most is None:
            continue
        if least is not None and most is not None and least > most:
            raise Invalid(f"min_{name} ({least}) is more than max_{name} ({most}).", field=f"min_{name}")
        found[column] = Range(*(None if bound is None else round(bound * unit) for bound in (least, most)))
    return found


def _tasks(given: Mapping[str, Any], workspace_id: str) -> sa.Select[tuple[str]] | None:
    wanted = {name: given[name] for name in _OF_TASKS if name in given}
    if not wanted:
        return None
    here = tasks.c.workspace_id == workspace_id, *(tasks.c[name] == value for name, value in wanted.items())
    return sa.select(tasks.c.id).where(*here)


def _tag(text: str | None) -> tuple[str, str | None] | None:
    if text is None:
        return None
    name, equals, value = text.partition("=")
    if not name:
        raise Invalid("tag is a tag's name, or its name and value as in team=growth.", field="tag")
    return name, value if equals else None
