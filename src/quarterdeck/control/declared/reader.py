"""From the text of quarterdeck.toml to what it declares. Everything wrong with it is found in one go."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from quarterdeck.access.actors import Role
from quarterdeck.control.agents.model import BODY_MODES, MAX_CAPACITY
from quarterdeck.control.channels.model import ChannelKind
from quarterdeck.control.declared import schedules
from quarterdeck.control.declared.caps import a_budget, a_limit
from quarterdeck.control.declared.fields import Problems, Table
from quarterdeck.control.declared.model import (
    Declared,
    DeclaredAgent,
    DeclaredChannel,
    DeclaredMember,
    DeclaredPrice,
    DeclaredProvider,
    DeclaredRoute,
    DeclaredWorkspace,
)
from quarterdeck.control.declared.routes import check_route
from quarterdeck.control.providers.model import MAX_TIMEOUT_MS, TIMEOUTS, Wanted
from quarterdeck.kernel.clock import parse_iso
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.money import usd_to_nano
from quarterdeck.kernel.settings import FILE_KEYS
from quarterdeck.kernel.toml import Document

NOT_YET = ("prompts", "guardrails", "machines")
MAX_DAYS = 36_500
_REFERENCE = re.compile(r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$")
PER_MILLION = {
    "input_per_mtok": "input_tokens",
    "output_per_mtok": "output_tokens",
    "cache_read_per_mtok": "cache_read_tokens",
    "cache_write_per_mtok": "cache_write_tokens",
    "cache_write_5m_per_mtok": "cache_write_5m_tokens",
    "cache_write_1h_per_mtok": "cache_write_1h_tokens",
    "reasoning_per_mtok": "output_reasoning_tokens",
    "input_audio_per_mtok": "input_audio_tokens",
    "output_audio_per_mtok": "output_audio_tokens",
    "cache_audio_read_per_mtok": "cache_audio_read_tokens",
}
"""Dollars per million tokens → the unit of the price table."""
PER_USE = {"per_request": "requests", "per_web_search": "web_searches", "per_file_search": "storage_searches"}
"""Dollars per use → the unit of the price table."""


def read_declared(document: Document, problems: Problems) -> Declared:
    """What the file declares; what is wrong with it is added to `problems`, and then the answer is not to be used."""
    root = Table(document.data, (), problems)
    for section, known in FILE_KEYS.items():
        _check_settings_section(root, section, known)
    declared = Declared(
        workspace=_workspace(root),
        members=[_member(table) for table in root.tables("members")],
        providers=[_provider(table) for table in root.tables("providers")],
        agents=[_agent(table) for table in root.tables("agents")],
        routes=_routes(root),
        prices=[_price(table) for table in root.tables("prices")],
        channels=[_channel(table) for table in root.tables("channels")],
        schedules=[schedules.read(table, _reference(table, "secret")) for table in root.tables("schedules")],
        budgets=[budget for table in root.tables("budgets") if (budget := a_budget(table)) is not None],
        limits=[limit for table in root.tables("limits") if (limit := a_limit(table)) is not None],
    )
    for section in NOT_YET:
        if root.anything(section) is not None:
            root.wrong(section, f"not supported yet: {section}; take it out so that nobody relies on it")
    root.done()
    _unique(problems, "members", declared.members, lambda each: each.email.strip().lower())
    _unique(problems, "providers", declared.providers, lambda each: each.wanted.name)
    _unique(problems, "agents", declared.agents, lambda each: each.name)
    _unique(problems, "channels", declared.channels, lambda each: each.name)
    _unique(problems, "schedules", declared.schedules, lambda each: each.wanted.name)
    _unique(problems, "prices", declared.prices, lambda each: (each.provider, each.model, each.valid_from))
    _unique(problems, "budgets", declared.budgets, lambda each: (each.scope, each.wanted.window, each.wanted.mode))
    _unique(problems, "limits", declared.limits, lambda each: (each.scope, each.wanted.measure, each.wanted.period))
    return declared


def _check_settings_section(root: Table, section: str, known: frozenset[str]) -> None:
    table = root.table(section)
    if table is not None:
        for name in known:
            table.anything(name)
        table.done()


def _workspace(root: Table) -> DeclaredWorkspace:
    table = root.table("workspace")
    if table is None:
        return DeclaredWorkspace(("workspace",))
    body_mode = table.one_of("bodies", BODY_MODES)
    settings: dict[str, Any] = {}
    redaction = table.table("redaction")
    if redaction is not None:
        patterns, fields = redaction.texts("patterns") or [], redaction.texts("fields") or []
        for index, pattern in enumerate(patterns):
            try:
                re.compile(pattern)
            except re.error as error:
                redaction.wrong("patterns", f"pattern {index + 1} is no regular expression: {error}")
        redaction.done()
        settings["redaction"] = {"patterns": patterns, "fields": fields}
    retention = table.table("retention")
    if retention is not None:
        days = {name: retention.whole(name, 1, MAX_DAYS) for name in ("bodies_days", "calls_days", "events_days")}
        retention.done()
        settings["retention"] = {name: value for name, value in days.items() if value is not None}
    needs = table.table("needs")
    if needs is not None:
        hours = needs.whole("escalate_after_hours", 1, MAX_DAYS)
        needs.done()
        settings["needs"] = {} if hours is None else {"escalate_after_hours": hours}
    table.done()
    return DeclaredWorkspace(table.where, body_mode, settings)


def _member(table: Table) -> DeclaredMember:
    email, name = table.required("email"), table.text("name")
    role = table.one_of("role", [role.value for role in Role])
    table.done()
    return DeclaredMember(table.where, email, name, Role(role) if role else Role.VIEWER)


def _provider(table: Table) -> DeclaredProvider:
    base_url = table.text("base_url")
    allow_private = table.yes_or_no("allow_private")
    timeouts = {name: table.whole(name, 1, MAX_TIMEOUT_MS) for name in TIMEOUTS}
    wanted = Wanted(
        name=table.required("name"),
        kind=table.required("kind"),
        base_url=base_url,
        models=table.texts("models"),
        # Whoever writes this file decides about this machine: an address written here is meant.
        allow_private=allow_private if allow_private is not None else base_url is not None,
        headers=table.text_map("headers"),
        timeouts={name: value for name, value in timeouts.items() if value is not None},
    )
    credential = _reference(table, "credential")
    table.done()
    if wanted.name and wanted.kind:
        try:
            wanted.checked()
        except Invalid as error:
            table.wrong(str(error.extra.get("field", "name")), error.message)
    return DeclaredProvider(table.where, wanted, credential)


def _agent(table: Table) -> DeclaredAgent:
    agent = DeclaredAgent(
        where=table.where,
        name=table.required("name"),
        owner=table.required("owner"),
        description=table.text("description") or "",
        capacity=table.whole("capacity", 1, MAX_CAPACITY) or 1,
        body_mode=table.one_of("bodies", BODY_MODES),
        key=_reference(table, "key"),
        models=table.texts("models"),
        route=table.text("route"),
    )
    table.done()
    return agent


def _channel(table: Table) -> DeclaredChannel:
    kind = table.one_of("kind", [ChannelKind.WEBHOOK.value, ChannelKind.APPRISE.value])
    if kind is None:
        table.required("kind")
    enabled = table.yes_or_no("enabled")
    channel = DeclaredChannel(
        where=table.where,
        name=table.required("name"),
        kind=ChannelKind(kind) if kind else ChannelKind.WEBHOOK,
        url=_reference(table, "url"),
        secret=_reference(table, "secret"),
        kinds=tuple(table.texts("kinds") or ()),
        enabled=enabled is not False,
        allow_private=table.yes_or_no("allow_private") is True,
    )
    if channel.url is None and "url" not in table.names():
        table.required("url")
    if channel.kind is ChannelKind.APPRISE and channel.secret is not None:
        table.wrong("secret", "only a webhook has a secret; of other channels it is part of the url")
    table.done()
    return channel


def _reference(table: Table, name: str) -> str | None:
    text = table.text(name)
    if text is not None and not _REFERENCE.match(text):
        # The value is not repeated: it may be the secret itself.
        table.wrong(name, 'expected "env:NAME" or "file:PATH"; secrets do not belong into this file')
        return None
    return text


def _routes(root: Table) -> list[DeclaredRoute]:
    section = root.table("routes")
    if section is None:
        return []
    found = []
    for name in section.names():
        table = section.table(name)
        if table is not None:
            config = {key: table.anything(key) for key in table.names()}
            check_route(config, table.where, root.problems)
            found.append(DeclaredRoute(table.where, name, config))
    return found


def _price(table: Table) -> DeclaredPrice:
    provider, model = table.required("provider"), table.required("model")
    valid_from = _instant(table, "valid_from")
    units = {}
    for names, factor in ((PER_MILLION, 1), (PER_USE, 1_000_000)):
        for name, unit in names.items():
            femto = _femto(table, name, factor)
            if femto is not None:
                units[unit] = femto
    if not units and not set(table.names()) & (PER_MILLION.keys() | PER_USE.keys()):
        table.problems.add(table.where, 'names no price, such as input_per_mtok = "0.15"')
    table.done()
    return DeclaredPrice(table.where, provider, model, valid_from, units)


def _femto(table: Table, name: str, factor: int) -> int | None:
    """Femto-dollars per unit. A dollar per million is as many femto-dollars per one as a dollar is nano-dollars."""
    value = table.anything(name)
    if value is None:
        return None
    if isinstance(value, str | int) and not isinstance(value, bool):
        try:
            amount = Decimal(value)
            if amount.is_finite() and 0 <= amount < 10**9:
                return usd_to_nano(amount) * factor
        except (InvalidOperation, ValueError):
            pass
    table.wrong(name, 'expected dollars as a text with at most nine decimals, such as "0.15"')
    return None


def _instant(table: Table, name: str) -> int:
    """The beginning of a date (UTC), an instant with a zone, or 0: since ever."""
    value = table.anything(name)
    if value is None:
        return 0
    try:
        if isinstance(value, datetime):
            return parse_iso(value.isoformat())
        if isinstance(value, date):
            return parse_iso(datetime(value.year, value.month, value.day, tzinfo=UTC).isoformat())
    except ValueError:
        pass
    table.wrong(name, "expected a date such as 2026-01-01, or an instant with a zone such as 2026-01-01T09:00:00Z")
    return 0


def _unique(problems: Problems, section: str, parts: list[Any], key: Callable[[Any], Any]) -> None:
    seen: set[Any] = set()
    for part in parts:
        if key(part) in seen:
            problems.add(part.where, f"says again what another of the {section} says; each may stand here once")
        seen.add(key(part))
