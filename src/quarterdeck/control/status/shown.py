"""Shown status is a function: of what people want, of runs, open calls, the last call, dependencies, signals and time.

Pure. Who knows the facts is `facts.py`; nothing here is stored as truth. Instants are microseconds since the epoch.
"""

from collections.abc import Iterable
from dataclasses import replace

from quarterdeck.control.status.model import (
    Agent,
    Asked,
    Blocked,
    Held,
    Last,
    Open,
    Run,
    State,
    Status,
    Taker,
    Task,
    Trouble,
    Waiting,
    WaitsFor,
)
from quarterdeck.control.status.words import ago, tool_words
from quarterdeck.kernel.clock import MINUTE, SECOND
from quarterdeck.kernel.money import money_words

SILENT_FLOOR = 3 * MINUTE
"""A run is not silent before so long without any call, whatever is usual."""
OFFLINE_AFTER = 15 * MINUTE
"""An agent that did nothing and asked for nothing for so long."""
TROUBLE_SHOWN = 2 * MINUTE
"""So long after its last answer of that kind a run is taken to wait for its provider."""


def of_agent(agent: Agent, now: int) -> Status:
    """What an agent is shown to do. What people want comes first, then what is wrong, then what happens."""
    verb = _live_verb([*agent.open_calls, *(call for run in agent.runs for call in run.open_calls)], now)
    if (wanted := _wanted(agent, verb)) is not None:
        return wanted
    if agent.runs:
        shown = [of_run(run, now, agent.troubles) for run in agent.runs]
        return min(shown, key=lambda each: _URGENCY.index(each.state))
    return _without_run(agent, verb, now)


def _wanted(agent: Agent, verb: str | None) -> Status | None:
    """What people want of it, where that is not simply that it works."""
    if agent.desired == "retired":
        return Status(State.RETIRED, "retired", agent.desired_since, verb=verb)
    if agent.desired == "paused":
        return Status(State.PAUSED, "paused", agent.desired_since, "A person paused this agent.", verb)
    return _held(agent.held, verb) if agent.held is not None else None


def _without_run(agent: Agent, verb: str | None, now: int) -> Status:
    own = Run("", agent.last.ended if agent.last else now, agent.open_calls, agent.last, agent.signals)
    if (wrong := _wrong(own, verb, agent.troubles)) is not None:
        return replace(wrong, run_id=None)
    if agent.open_calls:
        return replace(_on_the_wire(own, now), run_id=None)
    return _blocked(agent.blocked, now) if agent.blocked is not None else _at_rest(agent, now)


def _at_rest(agent: Agent, now: int) -> Status:
    if agent.last_seen is None:
        return Status(State.NEVER_CONNECTED, "never connected", None, "No call has come with its keys, and no claim.")
    if now - agent.last_seen > OFFLINE_AFTER:
        return Status(State.OFFLINE, f"offline, last seen {ago(now - agent.last_seen)} ago", agent.last_seen)
    return Status(State.IDLE, "idle", agent.last.ended if agent.last else agent.last_seen)


def of_run(run: Run, now: int, troubles: Iterable[Trouble] = ()) -> Status:
    """What an open run is shown to do."""
    verb = _live_verb(run.open_calls, now)
    if run.held is not None:
        return replace(_held(run.held, verb), run_id=run.id)
    wrong = _wrong(run, verb, tuple(troubles))
    if wrong is not None:
        return replace(wrong, run_id=run.id)
    if run.open_calls:
        shown = _on_the_wire(run, now)
    elif run.asked is not None:
        shown = _asked(run.asked, now)
    else:
        shown = _between_calls(run, now)
    return replace(shown, run_id=run.id)


def of_task(task: Task, now: int) -> Status:
    """What is shown on a task's card."""
    if task.state in ("done", "cancelled"):
        return Status(State.OVER, task.state, task.state_since)
    if task.run is not None:
        return of_run(task.run, now, task.troubles)
    if task.held is not None:
        return _held(task.held, None)
    return _unstarted(task, now)


def _unstarted(task: Task, now: int) -> Status:
    """A task that no run is open on."""
    if task.state == "in_review" and task.looks_first is not None:
        return _looked_at_first(task.looks_first, task.state_since, now)
    if task.state == "in_review" and task.review is not None:
        return _asked(task.review, now)
    if task.blocked is not None:
        return _blocked(task.blocked, now)
    return Status(State.QUEUED, _queued(task), task.state_since)


def _queued(task: Task) -> str:
    if task.state == "backlog":
        return "in the backlog"
    who = task.agent_name or ("an agent" if task.squad_name is None else f"an agent of {task.squad_name}")
    if task.agent_desired == "retired":
        return f"ready, but {who} is retired: assign it to another agent"
    if task.agent_desired == "paused":
        return f"ready, waits for {who}, which is paused"
    return f"ready, waits for {who} to claim it"


_URGENCY = (
    State.OVER_BUDGET,
    State.LOOPING,
    State.STUCK,
    State.SILENT,
    State.WAITING_PERSON,
    State.WAITING_PROVIDER,
    State.PAUSED,
    State.WAITING_AGENT,
    State.STREAMING,
    State.THINKING,
    State.TOOL,
    State.WORKING,
    State.IDLE,
)
"""Of several runs, the agent shows the one that most needs to be seen."""

_BUDGET_CODES = frozenset({"budget_exceeded", "run_budget_exceeded"})
_PROVIDER_CODES = frozenset(
    {"provider_unavailable", "provider_timeout", "provider_broken", "stream_cut", "error_in_stream", "status_429"}
)
_SHOWN_SIGNALS = {"looping": State.LOOPING, "ping_pong": State.LOOPING, "stuck": State.STUCK, "silent": State.SILENT}


def blames_provider(last: Last) -> bool:
    """Whether the call failed for a reason that lies with its provider."""
    if last.outcome not in ("error", "cut"):
        return False
    return last.status == 429 or last.status >= 500 or last.error_code in _PROVIDER_CODES


def _wrong(run: Run, verb: str | None, troubles: tuple[Trouble, ...]) -> Status | None:
    """What is the matter with a run beyond what it does just now."""
    last = run.last
    if last is not None and last.outcome == "refused" and last.error_code in _BUDGET_CODES and not run.open_calls:
        why = "Its next call would break a budget, so it was refused."
        return Status(State.OVER_BUDGET, "over budget", last.ended, why, verb, call_ids=(last.call_id,))
    if (trouble := _trouble_of(run, troubles)) is not None and not any(call.first_byte for call in run.open_calls):
        return _waits_for_provider(trouble.provider, trouble.since, trouble.words, verb, run)
    for kind, state in _SHOWN_SIGNALS.items():
        for signal in run.signals:
            if signal.kind == kind:
                return Status(
                    state, signal.words, signal.since, verb=verb, call_ids=signal.call_ids, signal_id=signal.id
                )
    return None


def _trouble_of(run: Run, troubles: tuple[Trouble, ...]) -> Trouble | None:
    """The trouble of a provider that the run is kept waiting by: it calls it now, or was last answered badly by it."""
    names = {call.provider for call in run.open_calls if call.first_byte is None}
    if run.last is not None and not run.open_calls and blames_provider(run.last):
        names.add(run.last.provider)
    return next((each for each in troubles if each.provider in names), None)


_HELD_WORDS = {
    "queue": "Its call waits in the queue for the provider's rate.",
    "retry": "The provider did not answer well; the call is tried again in a moment.",
}


def _on_the_wire(run: Run, now: int) -> Status:
    """A call is open: the newest that streams, else the newest."""
    call = max(run.open_calls, key=lambda each: (each.first_byte is not None, each.began))
    calls = tuple(each.call_id for each in run.open_calls)
    model = call.model or "a model"
    if call.first_byte is not None:
        since = call.first_byte
        return Status(State.STREAMING, f"streaming {model}", since, verb=_verb(call, now), call_ids=calls)
    if call.held == "budget":
        why = "What is left of a budget is held by other calls; it goes on when they need less than they hold."
        return Status(State.OVER_BUDGET, "waits for room in a budget", call.began, why, _verb(call, now), None, calls)
    if call.held is not None:
        reason = _HELD_WORDS.get(call.held, call.held)
        return _waits_for_provider(call.provider or "a provider", call.began, reason, _verb(call, now), run)
    return Status(State.THINKING, f"thinking, {model}", call.began, verb=_verb(call, now), call_ids=calls)


def _between_calls(run: Run, now: int) -> Status:
    last = run.last
    if last is None:
        return _quiet(run, run.began, now, "no call yet", ())
    calls = (last.call_id,)
    if blames_provider(last) and now - last.ended <= TROUBLE_SHOWN:
        provider = last.provider or "its provider"
        return _waits_for_provider(provider, last.ended, _failure(last), None, run)
    if last.outcome == "ok" and last.tools:
        names = tool_words(last.tools)
        return Status(State.TOOL, f"using {names}", last.ended, verb=f"tool: {names}", call_ids=calls)
    return _quiet(run, last.ended, now, "working, no call open", calls)


def _quiet(run: Run, since: int, now: int, words: str, calls: tuple[str, ...]) -> Status:
    usual = max(SILENT_FLOOR, 3 * (run.usual_silence or 0))
    if now - since > usual:
        why = f"Its run is open; usually it is quiet for no longer than {ago(usual)}."
        return Status(State.SILENT, f"silent for {ago(now - since)}", since, why, call_ids=calls)
    return Status(State.WORKING, words, since, call_ids=calls)


def _waits_for_provider(provider: str, since: int, why: str, verb: str | None, run: Run) -> Status:
    calls = tuple(call.call_id for call in run.open_calls) or ((run.last.call_id,) if run.last else ())
    waiting = Waiting(WaitsFor.PROVIDER, provider, provider)
    return Status(State.WAITING_PROVIDER, f"waiting for {provider}", since, why, verb, waiting, calls)


def _asked(asked: Asked, now: int) -> Status:
    words = f"waiting for {asked.who}: {asked.what}, {ago(now - asked.since)}"
    waiting = Waiting(WaitsFor.PERSON, asked.who_id, asked.who)
    return Status(State.WAITING_PERSON, words, asked.since, asked.what, waits_for=waiting)


def _looked_at_first(by: Taker, since: int, now: int) -> Status:
    if by.desired == "enabled":
        return Status(State.WAITING_AGENT, f"in review, waits for {by.name} to look first, {ago(now - since)}", since)
    words = f"in review, but {by.name}, which looks first, is {by.desired}"
    return Status(State.WAITING_AGENT, words, since, f"Enable {by.name}, or change the task's review.")


def _blocked(blocked: Blocked, now: int) -> Status:
    more = f" and {blocked.others} more" if blocked.others else ""
    idle = f", idle cost {money_words(blocked.idle_cost)}" if blocked.idle_cost else ""
    gone = ", which was cancelled" if blocked.first.cancelled else ""
    words = f"blocked, waits for {blocked.first.name}{gone}{more}, {ago(now - blocked.since)}{idle}"
    behind = ", ".join(blocked.first.chain)
    why = f"{blocked.first.name} itself waits for {behind}." if behind else None
    return Status(State.WAITING_AGENT, words, blocked.since, why, waits_for=blocked.first, idle_cost=blocked.idle_cost)


def _held(held: Held, verb: str | None) -> Status:
    why = held.reason or f"A person paused {held.what}."
    return Status(State.PAUSED, "paused", held.since, why, verb)


def _failure(last: Last) -> str:
    if last.status == 429:
        return f"{last.provider} answered that its rate is used up (429)."
    return f"{last.provider} failed: {last.error_code or last.status}."


def _live_verb(calls: Iterable[Open], now: int) -> str | None:
    newest = max(calls, key=lambda each: (each.first_byte is not None, each.began), default=None)
    return None if newest is None else _verb(newest, now)


_HELD_VERBS = {"queue": "in the queue", "retry": "between tries", "budget": "held for a budget"}


def _verb(call: Open, now: int) -> str:
    model = call.model or "a model"
    if call.first_byte is not None:
        still = call.last_byte is not None and now - call.last_byte > 10 * SECOND
        quiet = f", nothing for {ago(now - (call.last_byte or now))}" if still else ""
        return f"streaming {model} {ago(now - call.first_byte)}{quiet}"
    if call.held is not None:
        return f"{_HELD_VERBS.get(call.held, call.held)}, {model}, {ago(now - call.began)}"
    return f"thinking {model} {ago(now - call.began)}"
