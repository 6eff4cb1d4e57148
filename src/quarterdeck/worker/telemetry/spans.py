"""One call as spans: the call itself, and a child for each try at a provider. No bodies, no headers."""

from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from quarterdeck import __version__
from quarterdeck.kernel.money import NANO
from quarterdeck.ledger import savings
from quarterdeck.ledger.record import Attempt, CallRecord
from quarterdeck.worker.telemetry import names

SCOPE = InstrumentationScope("quarterdeck", __version__)
_NS_PER_US = 1_000


def spans_of(record: CallRecord, resource: Resource) -> list[ReadableSpan]:
    """Nothing for a call whose caller does not want its trace kept."""
    where = names.place(record)
    if not where.sampled:
        return []
    context = _context(where.trace_id, where.span_id)
    parent = None if where.parent_id is None else _context(where.trace_id, where.parent_id, remote=True)
    made = [
        ReadableSpan(
            name=record.extra.get("span_name") or f"{names.operation(record)} {record.model or record.model_asked}",
            context=context,
            parent=parent,
            resource=resource,
            attributes=_attributes(record),
            kind=SpanKind.CLIENT,
            status=_status(record),
            start_time=record.started * _NS_PER_US,
            end_time=(record.started + record.ended) * _NS_PER_US,
            instrumentation_scope=SCOPE,
        )
    ]
    for number, attempt in enumerate(record.attempts):
        own = _context(where.trace_id, names.number(8, record.id, str(number)))
        made.append(_attempt(record, attempt, number, own, context, resource))
    return made


def _attempt(
    record: CallRecord, attempt: Attempt, number: int, own: SpanContext, parent: SpanContext, resource: Resource
) -> ReadableSpan:
    attributes: dict[str, Any] = {
        "quarterdeck.provider": attempt.provider,
        "quarterdeck.attempt": number + 1,
        "gen_ai.request.model": attempt.model,
    }
    if attempt.status is not None:
        attributes["http.response.status_code"] = attempt.status
    if attempt.error is not None:
        attributes["error.type"] = attempt.error
    return ReadableSpan(
        name=f"attempt {attempt.provider}",
        context=own,
        parent=parent,
        resource=resource,
        attributes=attributes,
        kind=SpanKind.CLIENT,
        status=Status(StatusCode.UNSET if attempt.error is None else StatusCode.ERROR),
        start_time=(record.started + attempt.began) * _NS_PER_US,
        end_time=(record.started + attempt.ended) * _NS_PER_US,
        instrumentation_scope=SCOPE,
    )


def _attributes(record: CallRecord) -> dict[str, Any]:
    usage = record.usage
    found: dict[str, Any] = {
        "gen_ai.operation.name": names.operation(record),
        "gen_ai.provider.name": names.provider(record),
        "gen_ai.request.model": record.model or record.model_asked,
        "gen_ai.response.model": record.model_answered,
        "gen_ai.request.stream": record.stream,
        "gen_ai.conversation.id": record.session,
        "gen_ai.agent.id": record.agent_id,
        "http.response.status_code": record.status,
        "error.type": record.error_code,
        "quarterdeck.call.id": record.id,
        "quarterdeck.workspace.id": record.workspace_id,
        "quarterdeck.run.id": record.run_id,
        "quarterdeck.task.id": record.task_id,
        "quarterdeck.key.id": record.key_id,
        "quarterdeck.provider": record.provider,
        "quarterdeck.outcome": record.outcome,
        "quarterdeck.usage.source": record.usage_source,
        "quarterdeck.cache": savings.cache_status(record),
        "quarterdeck.overhead_ms": record.overhead / 1_000,
    }
    if usage is not None:
        found |= {
            "gen_ai.usage.input_tokens": usage.input_total,
            "gen_ai.usage.output_tokens": usage.output_total,
            "gen_ai.usage.cache_read.input_tokens": usage.cache_read,
            "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_5m + usage.cache_write_1h,
        }
    if record.cost is not None:
        found["quarterdeck.cost_usd"] = record.cost / NANO
    if record.first_byte is not None and record.stream:
        found["gen_ai.response.time_to_first_chunk"] = record.first_byte / 1_000_000
    found |= {f"quarterdeck.tag.{name}": value for name, value in record.tags}
    return {name: value for name, value in found.items() if value is not None}


def _status(record: CallRecord) -> Status:
    if record.outcome in ("ok", "cancelled"):
        return Status(StatusCode.UNSET)
    # Not the provider's message: it may repeat what was asked.
    return Status(StatusCode.ERROR, record.error_code or record.outcome)


def _context(trace_id: int, span_id: int, *, remote: bool = False) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote=remote, trace_flags=TraceFlags(TraceFlags.SAMPLED))
