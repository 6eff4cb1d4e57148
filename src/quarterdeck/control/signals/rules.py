"""What is noticed of a run, an agent or a provider beside loops: each rule a pure function of facts.

A rule answers a Finding or None on every look; what it no longer finds is over. Instants, durations: microseconds.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from quarterdeck.control.signals.model import Finding, Kind
from quarterdeck.control.status.words import ago, clock_time, tool_words
from quarterdeck.kernel.clock import HOUR, MINUTE, SECOND
from quarterdeck.kernel.money import NANO, money_words

STUCK_TIMES = 3
"""So many times what is usual between two outputs."""
STUCK_FLOOR = 20 * MINUTE
SILENT_TIMES = 3
SILENT_FLOOR = 5 * MINUTE
TOOL_FLOOR = 15 * MINUTE
"""A run whose agent uses a tool may be quiet longer."""
FAILURES = 5
PRESSURE = 0.8
PRESSURE_TURNS = 3
COST_TIMES = 4
COST_FLOOR = NANO // 10
FORECAST_AFTER = 2 * MINUTE
"""A run is watched so long before its spend is drawn out into the future."""
FORECAST_AHEAD = 24 * HOUR
TROUBLE_WINDOW = 2 * MINUTE
TROUBLE_MOMENT = 20 * SECOND
TROUBLE_CALLS = 8
TROUBLE_FAILURES = 4
TROUBLE_SHARE = 0.6
TROUBLE_RUNS = 2
UNCLAIMED_CALLS = 20
UNCLAIMED_COST = NANO // 4
PING_PONG_TURNS = 6
OWN_REFUSALS = frozenset(
    {"agent_paused", "task_paused", "run_ended", "run_stopped", "budget_exceeded", "run_budget_exceeded", "client_left"}
)
"""Codes of calls that were refused or ended on purpose: nothing fails there."""


class Ended(msgspec.Struct, frozen=True):
    """A call that has ended."""

    call_id: str
    ended: int
    outcome: str
    status: int
    error_code: str | None
    provider: str | None
    model: str | None
    input_tokens: int | None
    cost: int | None
    blames_provider: bool = False


@dataclass(frozen=True, slots=True)
class RunFacts:
    """An open run, as the rules see it."""

    run_id: str
    agent_id: str
    task_id: str | None
    began: int
    last_output: int | None
    """When it last put something out: a version, a subtask, a percentage."""
    last_draft: int | None
    last_seen: int
    """When it last was on the wire, or began."""
    calls_since: int
    """Calls that have ended since it last put something out."""
    cost_since: int
    call_ids_since: tuple[str, ...]
    recent: tuple[Ended, ...]
    """Its latest calls, oldest first."""
    tools: tuple[str, ...] = ()
    """Tools that its last answer asked for and whose results have not come back."""
    calling: bool = False
    """A call is open."""
    waits: bool = False
    """For a person, a pause or its provider: its clocks stand still."""
    stood_still: int = 0
    """How long they have stood still since it last put something out."""
    cost: int = 0
    usual_output: int | None = None
    usual_silence: int | None = None
    usual_cost: int | None = None
    usual_length: int | None = None
    window: int | None = None
    """Tokens that its model can read."""
    budget: int | None = None
    """What its task may cost in all, and what the task has cost so far."""
    task_cost: int = 0
    due_at: int | None = None


@dataclass(frozen=True, slots=True)
class Floors:
    """The least times, as a workspace has set them."""

    stuck: int = STUCK_FLOOR
    silent: int = SILENT_FLOOR


def stuck(run: RunFacts, now: int, floors: Floors) -> Finding | None:
    """No change of what it puts out for several times what is usual: with calls, or without any."""
    since = run.last_output or run.began
    lasted = now - since - run.stood_still
    limit = max(floors.stuck, STUCK_TIMES * (run.usual_output or 0))
    if run.waits or lasted < limit:
        return None
    draft = f"last draft {clock_time(run.last_draft)}" if run.last_draft is not None else "nothing handed in yet"
    calls = "1 call" if run.calls_since == 1 else f"{run.calls_since} calls"
    busy = f"{calls} since, {money_words(run.cost_since)}" if run.calls_since else "no calls since"
    confidence = 0.6 + 0.35 * min(1.0, lasted / limit - 1) if run.usual_output else 0.6
    figures = {
        "calls_since": run.calls_since,
        "cost_since_nano": run.cost_since,
        "limit_s": limit // SECOND,
        "usual_s": None if run.usual_output is None else run.usual_output // SECOND,
        "active": run.calls_since > 0,
    }
    words = f"stuck {ago(lasted)}, {draft}, {busy}"
    return _of_run(Kind.STUCK, run, words, since, confidence, run.call_ids_since, figures)


def silent(run: RunFacts, now: int, floors: Floors) -> Finding | None:
    """Its run is open and it has not been on the wire for longer than it ever usually is."""
    if run.waits or run.calling:
        return None
    floor = max(floors.silent, TOOL_FLOOR * floors.silent // SILENT_FLOOR) if run.tools else floors.silent
    limit = max(floor, SILENT_TIMES * (run.usual_silence or 0))
    lasted = now - run.last_seen
    if lasted < limit:
        return None
    doing = f" while using {tool_words(run.tools)}" if run.tools else ""
    calls = tuple(each.call_id for each in run.recent[-1:])
    confidence = 0.9 if run.usual_silence is not None else 0.6
    figures = {"limit_s": limit // SECOND}
    return _of_run(Kind.SILENT, run, f"silent for {ago(lasted)}{doing}", run.last_seen, confidence, calls, figures)


def failing(run: RunFacts, provider_in_trouble: frozenset[str]) -> Finding | None:
    """Its latest calls all failed in the same way, and not because a provider fails for everybody."""
    failures: list[Ended] = []
    for call in reversed(run.recent):
        if call.outcome == "ok" or call.error_code in OWN_REFUSALS:
            break
        if failures and _failure(call) != _failure(failures[0]):
            break
        failures.append(call)
    if len(failures) < FAILURES or (failures[0].blames_provider and failures[0].provider in provider_in_trouble):
        return None
    failures.reverse()
    words = f"failing: {len(failures)} calls in a row, {_failure(failures[0])}"
    calls = tuple(each.call_id for each in failures)
    figures = {"failures": len(failures), "error": _failure(failures[0])}
    return _of_run(Kind.FAILING, run, words, failures[0].ended, 0.95, calls, figures)


def context_pressure(run: RunFacts) -> Finding | None:
    """Its requests come near what its model can read, and grow."""
    sized = [call for call in run.recent if call.outcome == "ok" and call.input_tokens is not None]
    latest = sized[-PRESSURE_TURNS:]
    tokens = [call.input_tokens or 0 for call in latest]
    if run.window is None or len(latest) < PRESSURE_TURNS or tokens != sorted(tokens) or tokens[0] == tokens[-1]:
        return None
    share = tokens[-1] / run.window
    if share < PRESSURE:
        return None
    growth = (tokens[-1] - tokens[0]) / (len(tokens) - 1)
    left = max(0, round((run.window - tokens[-1]) / growth))
    words = f"context {share:.0%} full: {tokens[-1]:,} of {run.window:,} tokens, about {left} turns left"
    figures = {"tokens": tokens[-1], "window": run.window, "turns_left": left}
    calls = tuple(call.call_id for call in latest)
    return _of_run(Kind.CONTEXT_PRESSURE, run, words, latest[0].ended, 0.9, calls, figures)


def cost_anomaly(run: RunFacts, now: int) -> Finding | None:
    """It costs many times what runs of its kind cost."""
    if run.usual_cost is None or run.cost < max(COST_FLOOR, COST_TIMES * run.usual_cost):
        return None
    times = run.cost / run.usual_cost
    words = f"cost {money_words(run.cost)}, {times:.0f} times the usual {money_words(run.usual_cost)}"
    calls = tuple(call.call_id for call in run.recent)
    figures = {"cost_nano": run.cost, "usual_nano": run.usual_cost}
    return _of_run(Kind.COST_ANOMALY, run, words, now, 0.8, calls, figures)


def forecast(run: RunFacts, now: int) -> Finding | None:
    """At this rate its task will break its budget, or be late; with the hour."""
    ran = now - run.began
    if ran < FORECAST_AFTER:
        return None
    figures: dict[str, object] = {}
    words = []
    if run.budget is not None and run.cost > 0 and run.task_cost < run.budget:
        breaks = now + round((run.budget - run.task_cost) * ran / run.cost)
        if breaks - now < FORECAST_AHEAD and (run.usual_length is None or breaks < run.began + run.usual_length):
            words.append(f"breaks its budget of {money_words(run.budget)} at about {clock_time(breaks)}")
            figures["budget_breaks_at"] = breaks
    if run.due_at is not None and run.usual_length is not None and run.due_at > now:
        ready = run.began + run.usual_length
        if ready > run.due_at:
            words.append(f"ready at about {clock_time(ready)}, due {clock_time(run.due_at)}")
            figures["ready_at"] = ready
    if not words:
        return None
    calls = tuple(call.call_id for call in run.recent)
    return _of_run(Kind.FORECAST, run, f"forecast: {'; '.join(words)}", run.began, 0.6, calls, figures)


def provider_trouble(provider: str, recent: Sequence[tuple[str, Ended]], now: int) -> Finding | None:
    """It fails most of what it is asked, and not for one run alone. `recent`: (run or agent, call), oldest first."""
    seen = [(who, call) for who, call in recent if now - call.ended <= TROUBLE_WINDOW]
    # How it is now: the calls of the last moment, or the last few where there are not so many.
    lately = sum(now - call.ended <= TROUBLE_MOMENT for _, call in seen)
    seen = seen[-max(lately, TROUBLE_CALLS) :]
    failed = [(who, call) for who, call in seen if call.blames_provider]
    if len(failed) < TROUBLE_FAILURES or len(failed) < TROUBLE_SHARE * len(seen):
        return None
    if len({who for who, _ in failed}) < TROUBLE_RUNS:
        return None
    # The last few say how it is now: it recovers as soon as it answers again.
    if not any(call.blames_provider for _, call in seen[-3:]):
        return None
    kinds = {_failure(call) for _, call in failed}
    runs = len({who for who, _ in failed})
    words = f"{provider} fails for {runs} runs: {len(failed)} of {len(seen)} calls, {', '.join(sorted(kinds)[:3])}"
    calls = tuple(call.call_id for _, call in failed)
    figures = {"failed": len(failed), "calls": len(seen), "runs": runs}
    confidence = min(0.99, 0.6 + len(failed) / len(seen) * 0.4)
    return Finding(Kind.PROVIDER_TROUBLE, provider, words, failed[0][1].ended, confidence, calls, figures=figures)


def unclaimed(agent_id: str, recent: Sequence[Ended], now: int) -> Finding | None:
    """An agent spends without any task. `recent`: its calls of the last hour that belong to no run and no task."""
    here = [call for call in recent if now - call.ended <= HOUR]
    cost = sum(call.cost or 0 for call in here)
    if len(here) < UNCLAIMED_CALLS and cost < UNCLAIMED_COST:
        return None
    words = f"unclaimed traffic: {len(here)} calls without a task in the last hour, {money_words(cost)}"
    figures = {"calls": len(here), "cost_nano": cost}
    calls = tuple(call.call_id for call in here)
    return Finding(Kind.UNCLAIMED, agent_id, words, here[0].ended, 0.95, calls, agent_id, figures=figures)


def ping_pong(
    task_id: str, ref: str, authors: Sequence[tuple[str, str]], since: int, cost: int, agent_id: str | None
) -> Finding | None:
    """Two agents answer each other and nothing comes of it. `authors`: (agent, name) of the latest comments in a row by
    agents, oldest first, since the task last moved or got a version."""
    tail: list[tuple[str, str]] = []
    for author in reversed(authors):
        if author[0] not in {each for each, _ in tail} and len({each for each, _ in tail}) == 2:
            break
        tail.append(author)
    names = dict(tail)
    switches = sum(one[0] != other[0] for one, other in itertools.pairwise(tail))
    if len(names) != 2 or switches + 1 < PING_PONG_TURNS:
        return None
    both = " and ".join(sorted(names.values()))
    words = (
        f"ping-pong: {both} answered each other {switches + 1} times on {ref}, {money_words(cost)}, nothing came of it"
    )
    figures = {"turns": switches + 1, "cost_nano": cost, "agent_ids": sorted(names)}
    return Finding(Kind.PING_PONG, task_id, words, since, 0.85, (), agent_id, None, task_id, figures)


def _failure(call: Ended) -> str:
    return call.error_code or f"status_{call.status}"


def _of_run(
    kind: Kind,
    run: RunFacts,
    words: str,
    since: int,
    confidence: float,
    calls: tuple[str, ...],
    figures: Mapping[str, object],
) -> Finding:
    return Finding(
        kind, run.run_id, words, since, confidence, calls, run.agent_id, run.run_id, run.task_id, dict(figures)
    )
