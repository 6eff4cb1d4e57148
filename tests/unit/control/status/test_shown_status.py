"""Every state and verb that can be shown, as a table: facts in, status out."""

from dataclasses import replace
from typing import Any

import pytest

from quarterdeck.control.status.model import (
    Agent,
    Asked,
    Blocked,
    Held,
    Last,
    Noticed,
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
from quarterdeck.control.status.shown import OFFLINE_AFTER, SILENT_FLOOR, of_agent, of_run, of_task
from quarterdeck.kernel.clock import MINUTE, SECOND

NOW = 1_800_000_000 * SECOND
OK = Last("call_1", NOW - 5 * SECOND, "ok", 200, "openai", "gpt-4o")
SENT = Open("call_2", "openai", "gpt-4o", NOW - 4 * SECOND, None)
STREAM = replace(SENT, first_byte=NOW - 3 * SECOND, last_byte=NOW)
RUN = Run("run_1", NOW - 10 * MINUTE)
DRAFTING = Waiting(WaitsFor.TASK, "tsk_1", "T-1 Drafting", ("T-0 Research",))
BLOCKED = Blocked(NOW - 38 * MINUTE, DRAFTING)
QUESTION = Asked("qst_1", "to answer a question", "Sam", "mem_1", NOW - 2 * MINUTE)
DOWN = Trouble("openai", "openai fails for everybody", NOW - MINUTE)


def failed(status: int, **changes: Any) -> Last:
    return replace(OK, outcome="error", status=status, error_code=f"status_{status}", **changes)


def noticed(kind: str, words: str) -> Noticed:
    return Noticed("sig_1", kind, words, NOW - 40 * MINUTE, ("call_1",))


RUNS: dict[str, tuple[Run, State, str]] = {
    "streaming": (replace(RUN, open_calls=(STREAM,)), State.STREAMING, "streaming gpt-4o"),
    "thinking": (replace(RUN, last=OK, open_calls=(SENT,)), State.THINKING, "thinking, gpt-4o"),
    "using a tool": (replace(RUN, last=replace(OK, tools=("pytest",))), State.TOOL, "using pytest"),
    "results sent back": (
        replace(RUN, last=replace(OK, tools=("pytest",)), open_calls=(SENT,)),
        State.THINKING,
        "thinking, gpt-4o",
    ),
    "between calls": (replace(RUN, last=OK), State.WORKING, "working, no call open"),
    "just claimed": (replace(RUN, began=NOW - SECOND), State.WORKING, "no call yet"),
    "rate used up": (replace(RUN, last=failed(429)), State.WAITING_PROVIDER, "waiting for openai"),
    "provider failing": (replace(RUN, last=failed(503)), State.WAITING_PROVIDER, "waiting for openai"),
    "provider cutting": (
        replace(RUN, last=replace(OK, outcome="cut", error_code="stream_cut")),
        State.WAITING_PROVIDER,
        "waiting for openai",
    ),
    "queued for a rate": (
        replace(RUN, open_calls=(replace(SENT, held="queue"),)),
        State.WAITING_PROVIDER,
        "waiting for openai",
    ),
    "between two tries": (
        replace(RUN, open_calls=(replace(SENT, held="retry"),)),
        State.WAITING_PROVIDER,
        "waiting for openai",
    ),
    "held for a budget": (
        replace(RUN, open_calls=(replace(SENT, held="budget"),)),
        State.OVER_BUDGET,
        "waits for room in a budget",
    ),
    "our caller's own error is no provider's": (
        replace(RUN, last=failed(400)),
        State.WORKING,
        "working, no call open",
    ),
    "asked a person": (
        replace(RUN, last=OK, asked=QUESTION),
        State.WAITING_PERSON,
        "waiting for Sam: to answer a question, 2 min",
    ),
    "silent": (
        replace(RUN, last=replace(OK, ended=NOW - SILENT_FLOOR - SECOND)),
        State.SILENT,
        "silent for 3 min",
    ),
    "usually slower": (
        replace(RUN, last=replace(OK, ended=NOW - SILENT_FLOOR - SECOND), usual_silence=2 * MINUTE),
        State.WORKING,
        "working, no call open",
    ),
    "looping": (
        replace(RUN, open_calls=(STREAM,), signals=(noticed("looping", "looping: 7 near-identical requests, $0.42"),)),
        State.LOOPING,
        "looping: 7 near-identical requests, $0.42",
    ),
    "stuck": (
        replace(RUN, last=OK, signals=(noticed("stuck", "stuck 40 min, last draft 14:05"),)),
        State.STUCK,
        "stuck 40 min, last draft 14:05",
    ),
    "paused": (replace(RUN, last=OK, held=Held("this run", NOW - MINUTE)), State.PAUSED, "paused"),
    "over budget": (
        replace(RUN, last=replace(OK, outcome="refused", status=400, error_code="run_budget_exceeded")),
        State.OVER_BUDGET,
        "over budget",
    ),
    "budget raised": (
        replace(
            RUN,
            last=replace(OK, outcome="refused", status=402, error_code="budget_exceeded"),
            open_calls=(SENT,),
        ),
        State.THINKING,
        "thinking, gpt-4o",
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_shown(name: str) -> None:
    run, state, words = RUNS[name]
    shown = of_run(run, NOW)
    assert (shown.state, shown.words, shown.run_id) == (state, words, "run_1")


AGENT = Agent("enabled", None, last=OK, last_seen=OK.ended)
AGENTS: dict[str, tuple[Agent, State, str]] = {
    "never connected": (Agent("enabled", None), State.NEVER_CONNECTED, "never connected"),
    "idle": (AGENT, State.IDLE, "idle"),
    "offline": (
        replace(AGENT, last_seen=NOW - OFFLINE_AFTER - MINUTE),
        State.OFFLINE,
        "offline, last seen 16 min ago",
    ),
    "paused": (replace(AGENT, desired="paused", open_calls=(STREAM,)), State.PAUSED, "paused"),
    "retired": (replace(AGENT, desired="retired"), State.RETIRED, "retired"),
    "everything paused": (replace(AGENT, held=Held("everything", NOW)), State.PAUSED, "paused"),
    "streaming without a run": (replace(AGENT, open_calls=(STREAM,)), State.STREAMING, "streaming gpt-4o"),
    "thinking without a run": (replace(AGENT, open_calls=(SENT,)), State.THINKING, "thinking, gpt-4o"),
    "blocked": (
        replace(AGENT, blocked=BLOCKED),
        State.WAITING_AGENT,
        "blocked, waits for T-1 Drafting, 38 min",
    ),
    "over budget": (
        replace(AGENT, last=replace(OK, outcome="refused", status=402, error_code="budget_exceeded")),
        State.OVER_BUDGET,
        "over budget",
    ),
    "its run is shown": (
        replace(AGENT, runs=(replace(RUN, open_calls=(STREAM,)),)),
        State.STREAMING,
        "streaming gpt-4o",
    ),
    "looping without a run": (
        replace(AGENT, signals=(noticed("looping", "looping: 7 repeats"),)),
        State.LOOPING,
        "looping: 7 repeats",
    ),
}


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_is_shown(name: str) -> None:
    agent, state, words = AGENTS[name]
    shown = of_agent(agent, NOW)
    assert (shown.state, shown.words) == (state, words)


TASKS: dict[str, tuple[Task, State, str]] = {
    "backlog": (Task("backlog", NOW), State.QUEUED, "in the backlog"),
    "ready": (Task("ready", NOW, "drafting"), State.QUEUED, "ready, waits for drafting to claim it"),
    "ready for a paused agent": (
        Task("ready", NOW, "drafting", agent_desired="paused"),
        State.QUEUED,
        "ready, waits for drafting, which is paused",
    ),
    "ready for a retired agent": (
        Task("ready", NOW, "drafting", agent_desired="retired"),
        State.QUEUED,
        "ready, but drafting is retired: assign it to another agent",
    ),
    "behind a cancelled task": (
        Task("ready", NOW, "qa", blocked=replace(BLOCKED, first=replace(DRAFTING, cancelled=True))),
        State.WAITING_AGENT,
        "blocked, waits for T-1 Drafting, which was cancelled, 38 min",
    ),
    "blocked": (
        Task("ready", NOW, "qa", blocked=replace(BLOCKED, others=1)),
        State.WAITING_AGENT,
        "blocked, waits for T-1 Drafting and 1 more, 38 min",
    ),
    "in progress": (
        Task("in_progress", NOW, "qa", replace(RUN, open_calls=(STREAM,))),
        State.STREAMING,
        "streaming gpt-4o",
    ),
    "in review": (
        Task("in_review", NOW, review=replace(QUESTION, what="to be reviewed")),
        State.WAITING_PERSON,
        "waiting for Sam: to be reviewed, 2 min",
    ),
    "in review by an agent first": (
        Task("in_review", NOW, review=QUESTION, looks_first=Taker("qa", "enabled")),
        State.WAITING_AGENT,
        "in review, waits for qa to look first, 0 s",
    ),
    "in review by an agent that is retired": (
        Task("in_review", NOW, review=QUESTION, looks_first=Taker("qa", "retired")),
        State.WAITING_AGENT,
        "in review, but qa, which looks first, is retired",
    ),
    "paused": (Task("ready", NOW, held=Held("this task", NOW)), State.PAUSED, "paused"),
    "done": (Task("done", NOW), State.OVER, "done"),
    "cancelled": (Task("cancelled", NOW), State.OVER, "cancelled"),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_shown(name: str) -> None:
    task, state, words = TASKS[name]
    shown = of_task(task, NOW)
    assert (shown.state, shown.words) == (state, words)


def test_every_state_is_in_the_tables() -> None:
    assert {state for table in (RUNS, AGENTS, TASKS) for _, state, _ in table.values()} == set(State)


def test_what_happens_on_the_wire_is_said_beside_what_is_wrong() -> None:
    shown = of_run(RUNS["looping"][0], NOW)
    assert shown.verb == "streaming gpt-4o 3 s"
    assert shown.signal_id == "sig_1"


def test_a_stream_that_stands_still_says_so() -> None:
    still = replace(STREAM, first_byte=NOW - 2 * MINUTE, last_byte=NOW - MINUTE)
    assert of_run(replace(RUN, open_calls=(still,)), NOW).verb == "streaming gpt-4o 2 min, nothing for 1 min"


def test_a_blocked_task_names_what_it_waits_for_and_what_stands_behind_that() -> None:
    shown = of_task(Task("ready", NOW, blocked=BLOCKED), NOW)
    assert shown.waits_for == DRAFTING
    assert shown.reason == "T-1 Drafting itself waits for T-0 Research."
    assert shown.since == NOW - 38 * MINUTE


def test_an_outage_is_nobodys_fault() -> None:
    late = replace(RUN, last=failed(503, ended=NOW - 30 * MINUTE), signals=(noticed("stuck", "stuck 40 min"),))
    shown: Status = of_run(late, NOW, [DOWN])
    assert shown.state is State.WAITING_PROVIDER
    assert shown.waits_for == Waiting(WaitsFor.PROVIDER, "openai", "openai")
    assert of_run(late, NOW).state is State.STUCK


def test_a_run_on_another_provider_does_not_wait_for_the_one_that_is_down() -> None:
    elsewhere = replace(RUN, open_calls=(replace(SENT, provider="anthropic"),))
    assert of_run(elsewhere, NOW, [DOWN]).state is State.THINKING
    assert of_run(replace(RUN, open_calls=(STREAM,)), NOW, [DOWN]).state is State.STREAMING


def test_of_several_runs_the_one_that_most_needs_to_be_seen_is_shown() -> None:
    calm = replace(RUN, open_calls=(STREAM,))
    looping = replace(RUNS["looping"][0], id="run_2")
    shown = of_agent(replace(AGENT, runs=(calm, looping)), NOW)
    assert (shown.state, shown.run_id) == (State.LOOPING, "run_2")
