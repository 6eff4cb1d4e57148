"""Which calls are meant, and what that is in SQL: by what they are found, and by what they are looked at one by one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from quarterdeck.kernel.ids import lowest_id
from quarterdeck.ledger.derived_tables import call_marks
from quarterdeck.ledger.rollups import FAILED
from quarterdeck.ledger.search.words import Question
from quarterdeck.ledger.tables import calls
from quarterdeck.ledger.work_costs import Fact

Tried = Literal["retry", "fallback", "hedge"]
Condition = sa.ColumnElement[bool]
SAME = (
    "agent_id", "key_id", "task_id", "run_id", "conversation_id", "attribution", "session", "trace_id",
    "dialect", "endpoint", "provider", "provider_kind", "model_asked", "model", "model_answered", "stream",
    "status", "outcome", "error_code", "cache", "usage_source", "service_tier", "body_mode", "response_type", "route",
    "stop_reason",
)  # fmt: skip
"""Fields of a filter that are columns, and want their value to be just this."""
ANY_FAILURE = "failed"
"""In place of an outcome: any that sums count as failed."""
RANGES = (
    "duration", "first_byte", "overhead", "status", "attempt_count", "cost", "saved",
    "input_total", "output_total", "cache_read", "cache_write", "reasoning", "request_size", "response_size",
)  # fmt: skip
"""What may be asked for from a least to a most value, in the units of the ledger."""
_BY_INDEX = ("conversation_id", "run_id", "task_id", "agent_id", "model")
_OK_BELOW = 400
"""A call whose caller saw this status or a higher one did not go well, whatever came of it."""


class Range(NamedTuple):
    """From the least value to the most, both included; None: no bound."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls. None means all; `begin` and `end` (exclusive) are instants."""

    agent_id: str | None = None
    key_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    conversation_id: str | None = None
    attribution: str | None = None
    session: str | None = None
    trace_id: str | None = None
    dialect: str | None = None
    endpoint: str | None = None
    provider: str | None = None
    provider_kind: str | None = None
    model_asked: str | None = None
    model: str | None = None
    model_answered: str | None = None
    stream: bool | None = None
    status: int | None = None
    outcome: str | None = None
    """One that a call can have, or `ANY_FAILURE`."""
    error_code: str | None = None
    cache: str | None = None
    usage_source: str | None = None
    service_tier: str | None = None
    body_mode: str | None = None
    response_type: str | None = None
    route: str | None = None
    stop_reason: str | None = None
    ranges: Mapping[str, Range] = field(default_factory=lambda: MappingProxyType({}))
    """By a name of `RANGES`."""
    tasks: sa.Select[tuple[str]] | None = None
    """Only those of a task whose id this query finds."""
    client: str | None = None
    """Only those whose caller's user-agent holds this, in whatever case."""
    error_message: str | None = None
    """Only those whose error's words hold this, in whatever case."""
    tag: tuple[str, str | None] | None = None
    """Only those with a tag of this name, and of this value when it is one."""
    tried: Tried | None = None
    """Only those of whose tries one was for this reason."""
    unpriced: bool | None = None
    """True: only those that used something without a price; False: only the others."""
    unclaimed: bool | None = None
    """True: only those that belong to no run and no task; False: only the others."""
    begin: int | None = None
    end: int | None = None
    mark: Fact | None = None
    """Only those that are known as this: looped, duplicate, made while blocked."""
    words: Question | None = None
    """Only those in whose new messages or answer these words are."""

    @property
    def summed_tag(self) -> str | None:
        """The tag by the name it has in roll-ups; None: none is asked for, or whatever its value."""
        return None if self.tag is None or self.tag[1] is None else f"{self.tag[0]}={self.tag[1]}"


def conditions(which: CallFilter) -> list[Condition]:
    """All there are, but the words."""
    by, others = parted(which)
    return [*within(which), *by, *others]


def parted(which: CallFilter) -> tuple[list[Condition], list[Condition]]:
    """By what an index finds them newest first, and what is left to look at in each; the time and the words apart.

    What is left is said in a way that no index answers: the store would else choose among several by guessing.
    """
    by, named = _by_index(which)
    return by, _others(which, named)


def within(which: CallFilter) -> list[Condition]:
    """The time, by ids."""
    bounds: list[Condition] = []
    if which.begin is not None:
        bounds.append(calls.c.id >= lowest_id("call", which.begin))
    if which.end is not None:
        bounds.append(calls.c.id < lowest_id("call", which.end))
    return bounds


def is_bad(which: CallFilter) -> bool:
    """Whether it asks for calls only that did not go well; no other has an error's code or words."""
    least = which.status if which.status is not None else which.ranges.get("status", Range()).least
    told = which.error_code is not None or which.error_message is not None
    return told or which.outcome not in (None, "ok") or (least is not None and least >= _OK_BELOW)


def _by_index(which: CallFilter) -> tuple[list[Condition], str | None]:
    for name in _BY_INDEX[:3]:
        if (wanted := getattr(which, name)) is not None:
            return [calls.c[name] == wanted], name
    if is_bad(which):
        # In these words, so that the index of calls that went wrong is used.
        return [sa.text("outcome <> 'ok'")], None  # type: ignore[list-item]
    if which.agent_id is not None:
        return [calls.c.agent_id == which.agent_id], "agent_id"
    if which.unclaimed:
        # Not by `not`: only in these words the index of unclaimed calls is used.
        return [sa.and_(calls.c.run_id.is_(None), calls.c.task_id.is_(None))], "unclaimed"
    if which.model is not None:
        return [calls.c.model == which.model], "model"
    return [], None


def _others(which: CallFilter, named: str | None) -> list[Condition]:
    c = calls.c
    found: list[Condition] = []
    for name in SAME:
        wanted = getattr(which, name)
        if wanted is not None and name != named:
            if name == "outcome" and wanted == ANY_FAILURE:
                found.append(c.outcome.in_(sorted(FAILED)))
                continue
            found.append((sa.func.coalesce(c[name], "") if name in _BY_INDEX else c[name]) == wanted)
    for name, (least, most) in which.ranges.items():
        column = c.cache_write_5m + c.cache_write_1h if name == "cache_write" else c[name]
        found += [column >= least] if least is not None else []
        found += [column <= most] if most is not None else []
    if which.tasks is not None:
        found.append(sa.func.coalesce(c.task_id, "").in_(which.tasks))
    for name in ("client", "error_message"):
        if (words := getattr(which, name)) is not None:
            found.append(c[name].icontains(words, autoescape=True))
    if which.tag is not None:
        name, value = which.tag
        told = _tag(c.tags, sa.literal(name))
        found.append(told.is_not(None) if value is None else told == value)
    if which.tried is not None:
        found += [c.attempt_count > 1, _tried(c.attempts, sa.literal(which.tried))]
    if which.unpriced is not None:
        unpriced = sa.and_(c.cost.is_(None), c.input_total.is_not(None))
        found.append(unpriced if which.unpriced else sa.or_(c.cost.is_not(None), c.input_total.is_(None)))
    if which.unclaimed is not None and named != "unclaimed":
        of = [sa.func.coalesce(c[name], "") for name in ("run_id", "task_id")]
        found.append(sa.and_(*(each == "" for each in of)) if which.unclaimed else sa.or_(*(each != "" for each in of)))
    if which.mark is not None:
        marked = sa.select(call_marks.c.call_id).where(
            call_marks.c.workspace_id == c.workspace_id, call_marks.c.fact == which.mark.value
        )
        found.append(c.id.in_(marked))
    return found


class _tag(FunctionElement[str]):
    """The value of a tag in JSON; null: there is none of that name."""

    inherit_cache = True
    type = sa.Text()


@compiles(_tag, "sqlite")
def _tag_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    tags, name = (compiler.process(each, **kw) for each in element.clauses)
    return f"(SELECT value FROM json_each({tags}) WHERE key = {name})"  # noqa: S608 - compiled


@compiles(_tag, "postgresql")
def _tag_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    tags, name = (compiler.process(each, **kw) for each in element.clauses)
    return f"(CAST({tags} AS json) ->> CAST({name} AS text))"


class _tried(FunctionElement[bool]):
    """Whether one of the tries in JSON has this as its reason."""

    inherit_cache = True
    type = sa.Boolean()


_REASON = 8
"""Where in an Attempt it stands."""


@compiles(_tried, "sqlite")
def _tried_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    attempts, why = (compiler.process(each, **kw) for each in element.clauses)
    return f"EXISTS (SELECT 1 FROM json_each({attempts}) AS try WHERE json_extract(try.value, '$[{_REASON}]') = {why})"  # noqa: S608


@compiles(_tried, "postgresql")
def _tried_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    attempts, why = (compiler.process(each, **kw) for each in element.clauses)
    return (
        f"EXISTS (SELECT 1 FROM json_array_elements(CAST({attempts} AS json)) AS try"  # noqa: S608 - compiled
        f" WHERE try ->> {_REASON} = CAST({why} AS text))"
    )
