"""Read the `strategy` of a config: its mode, and what that mode may be told."""

from typing import Any

import msgspec

from quarterdeck.access.routing import conditions
from quarterdeck.access.routing.config import MAX_MS, MODES, Branch, Canary, Condition, Hedge, Sticky
from quarterdeck.access.routing.fields import Members

CHOOSING = frozenset({"loadbalance", "round_robin", "least_latency", "least_cost", "least_busy", "usage_aware"})


def read(at: Members, branch: Branch) -> tuple[Branch, set[str]]:
    """The branch as its strategy says, and the fields of a call that it looks at. What is wrong is noted."""
    written = at.anything("mode")
    mode = MODES.get(written) if isinstance(written, str) else None
    if mode is None:
        names = dict.fromkeys(MODES.values())
        at.wrong(at.at("mode"), "expected one of " + ", ".join(f'"{name}"' for name in names))
        mode = "single"
    codes = at.statuses("on_status_codes")
    changes: dict[str, Any] = {"mode": mode, "on_status_codes": codes}
    fields: set[str] = set()
    if mode in CHOOSING:
        goes_on = at.yes_or_no("fallback")
        changes["goes_on"] = codes is not None if goes_on is None else goes_on
    if mode == "loadbalance":
        changes["sticky"] = sticky = _sticky(at)
        if sticky is not None:
            fields.update(sticky.fields)
        if not any(child.weight > 0 for child in branch.children):
            at.wrong(branch.path + ".targets", "all have weight 0, so none could ever be chosen")
    elif mode == "conditional":
        changes["conditions"], changes["default"], fields = _conditions(at, branch)
    elif mode == "canary":
        changes["canary"] = _canary(at)
        _two(at, branch, "the one that serves, and the newcomer", least=2)
    elif mode == "hedge":
        changes["hedge"] = _hedge(at)
        _two(at, branch, "the one asked first, and the one asked when it is slow", least=1)
    elif mode == "shadow":
        sample = at.number("sample", least=0, most=1)
        changes["sample"] = 1.0 if sample is None else sample
        if len(branch.children) < 2:
            at.wrong(branch.path + ".targets", "expected the target that answers, then those that are mirrored to")
    at.done()
    return msgspec.structs.replace(branch, **changes), fields


def _two(at: Members, branch: Branch, which: str, *, least: int) -> None:
    if not least <= len(branch.children) <= 2:
        at.wrong(branch.path + ".targets", f"expected two targets: {which}")


def _sticky(at: Members) -> Sticky | None:
    inner = at.inner("sticky", "sticky_session")
    if inner is None:
        return None
    on = inner.yes_or_no("enabled")
    fields = inner.texts("hash_fields") or ()
    ttl = inner.number("ttl", least=1, most=31_536_000)
    inner.done()
    for index, field in enumerate(fields):
        conditions.check_field(field, f"{inner.at('hash_fields')}[{index}]", at.wrong)
    if on is False:
        return None
    if not fields:
        inner.wrong(inner.at("hash_fields"), 'expected fields of the call such as "metadata.user"')
    return Sticky(fields, 3_600.0 if ttl is None else ttl)


def _conditions(at: Members, branch: Branch) -> tuple[tuple[Condition, ...], int | None, set[str]]:
    names: dict[str, int] = {}
    for index, child in enumerate(branch.children):
        if child.name is not None and child.name in names:
            at.wrong(child.path + ".name", f"is the name of another target too: {child.name!r}")
        elif child.name is not None:
            names[child.name] = index
    listed = at.anything("conditions")
    if not isinstance(listed, list) or not listed:
        at.wrong(at.at("conditions"), 'expected a list of {"query": …, "then": "a target\'s name"}')
        listed = []
    found: list[Condition] = []
    fields: set[str] = set()
    for index, each in enumerate(listed):
        path = f"{at.at('conditions')}[{index}]"
        if not isinstance(each, dict):
            at.wrong(path, 'expected an object such as {"query": …, "then": "a target\'s name"}')
            continue
        inner = Members(each, path, at.wrong)
        query, then = inner.anything("query"), _target(inner, "then", names)
        inner.done()
        test = conditions.compiled(query, inner.at("query"), at.wrong)
        fields |= conditions.fields_of(query)
        if then is not None:
            found.append(Condition(test, then, msgspec.json.encode(query).decode()))
    default = _target(at, "default", names) if at.has("default") else None
    at.anything("default")
    return tuple(found), default, fields


def _target(at: Members, name: str, names: dict[str, int]) -> int | None:
    written = at.text(name)
    if written is None:
        if not at.has(name):
            at.wrong(at.at(name), "expected the name of a target")
        return None
    if written not in names:
        known = ", ".join(names) or "none has a name"
        at.wrong(at.at(name), f"there is no target named {written!r}; there are: {known}")
    return names.get(written)


def _canary(at: Members) -> Canary:
    usual = Canary()
    inner = at.inner("canary")
    if inner is None:
        return usual
    ratio = inner.number("max_latency_ratio", least=1, most=1_000)
    share = inner.number("share", least=0, most=1)
    excess = inner.number("max_error_excess", least=0, most=1)
    found = Canary(
        share=usual.share if share is None else share,
        requests=inner.whole("requests", least=1, most=10_000_000) or usual.requests,
        max_error_excess=usual.max_error_excess if excess is None else excess,
        max_latency_ratio=usual.max_latency_ratio if ratio is None else ratio,
        minimum=inner.whole("minimum", least=1, most=1_000_000) or usual.minimum,
    )
    inner.done()
    return found


def _hedge(at: Members) -> Hedge:
    usual = Hedge()
    inner = at.inner("hedge")
    if inner is None:
        return usual
    percentile = inner.number("percentile", least=0.5, most=0.999)
    minimum = inner.number("minimum_ms", least=0, most=MAX_MS)
    found = Hedge(
        after_ms=inner.number("after_ms", least=0, most=MAX_MS),
        percentile=usual.percentile if percentile is None else percentile,
        minimum_ms=usual.minimum_ms if minimum is None else minimum,
    )
    inner.done()
    return found
