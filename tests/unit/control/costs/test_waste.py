"""Every nano-dollar in exactly one class."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.control.costs.reconciling import Difference, compare, read_export
from quarterdeck.control.costs.waste import WASTE, CostClass, RunFacts, Sums, TaskFacts, add_up, class_of
from quarterdeck.kernel.clock import DAY, SECOND
from quarterdeck.kernel.errors import Invalid
from quarterdeck.ledger.work_costs import Fact, Spent

DONE, OPEN, GONE = TaskFacts("done"), TaskFacts("in_review"), TaskFacts("cancelled")
SENT_BACK = TaskFacts("done", 50)


def spent(fact: Fact = Fact.PLAIN, run: str = "run", task: str = "tsk", cost: int = 7) -> Spent:
    return Spent(0, run, task, "agt", "gpt-4o", fact, 1, cost, 0)


CASES: dict[str, tuple[Spent, RunFacts | None, TaskFacts | None, CostClass]] = {
    "succeeded and approved": (spent(), RunFacts("succeeded", 10, DONE), DONE, CostClass.USEFUL),
    "begun after it was sent back": (spent(), RunFacts("succeeded", 60, SENT_BACK), SENT_BACK, CostClass.REWORK),
    "the draft that was sent back": (spent(), RunFacts("succeeded", 10, SENT_BACK), SENT_BACK, CostClass.USEFUL),
    "still running": (spent(), RunFacts("running", 10, OPEN), OPEN, CostClass.IN_PROGRESS),
    "waits for its review": (spent(), RunFacts("succeeded", 10, OPEN), OPEN, CostClass.IN_PROGRESS),
    "its run failed": (spent(), RunFacts("failed", 10, DONE), DONE, CostClass.FAILED),
    "its run was killed": (spent(), RunFacts("cancelled", 10, OPEN), OPEN, CostClass.FAILED),
    "its run expired": (spent(), RunFacts("expired", 10, OPEN), OPEN, CostClass.FAILED),
    "its task was cancelled": (spent(), RunFacts("succeeded", 10, GONE), GONE, CostClass.FAILED),
    "a task and no run": (spent(run=""), None, DONE, CostClass.USEFUL),
    "neither task nor run": (spent(run="", task=""), None, None, CostClass.UNCLAIMED),
    "looped, though approved": (spent(Fact.LOOPED), RunFacts("succeeded", 10, DONE), DONE, CostClass.LOOPED),
    "asked before": (spent(Fact.DUPLICATE), RunFacts("succeeded", 10, DONE), DONE, CostClass.DUPLICATE),
    "made while blocked": (spent(Fact.BLOCKED), RunFacts("running", 10, OPEN), OPEN, CostClass.BLOCKED_IDLE),
    "asked again by a person": (spent(Fact.REPLAY, "rep_1", ""), None, None, CostClass.REPLAY),
    "not answered well": (spent(Fact.FAILED), RunFacts("succeeded", 10, DONE), DONE, CostClass.FAILED),
}


@pytest.mark.parametrize("name", CASES)
def test_a_class_is_told(name: str) -> None:
    row, run, task, expected = CASES[name]
    runs = {} if run is None else {"run": run}
    tasks = {} if task is None else {"tsk": task}
    assert class_of(row, runs, tasks) is expected


def test_every_class_is_in_the_table() -> None:
    assert {expected for *_, expected in CASES.values()} == set(CostClass)


_states = st.sampled_from(["queued", "running", "succeeded", "failed", "cancelled", "expired"])
_TASK_STATES = ["backlog", "ready", "in_progress", "in_review", "done", "cancelled"]
_task = st.builds(TaskFacts, st.sampled_from(_TASK_STATES), st.none() | st.integers(0, 99))
_rows = st.lists(
    st.builds(
        Spent,
        st.integers(0, 3),
        st.sampled_from(["", "r1", "r2", "r3"]),
        st.sampled_from(["", "t1", "t2"]),
        st.sampled_from(["", "a1"]),
        st.sampled_from(["", "m1", "m2"]),
        st.sampled_from(Fact),
        st.integers(1, 9),
        st.integers(0, 10**12),
        st.integers(0, 3),
    )
)


_run = st.builds(RunFacts, _states, st.integers(0, 99), st.none() | _task)
_some_runs = st.dictionaries(st.sampled_from(["r1", "r2"]), _run)
_some_tasks = st.dictionaries(st.sampled_from(["t1", "t2"]), _task)


@given(_rows, _some_runs, _some_tasks)
def test_the_classes_partition_what_was_spent(
    rows: list[Spent], runs: dict[str, RunFacts], tasks: dict[str, TaskFacts]
) -> None:
    total = sum(row.cost for row in rows)
    for value_of in (lambda row: "", lambda row: row.run_id, lambda row: row.model):
        found = add_up(((value_of(row), row) for row in rows), runs, tasks)
        assert sum(sums.total for sums in found.values()) == total
        assert sum(sums.calls for sums in found.values()) == sum(row.calls for row in rows)
    assert Sums.none().total == 0


def test_an_export_is_read_whatever_its_columns_are_called() -> None:
    text = (
        "\ufeffDate,Model,Cost\n2027-01-15,gpt-4o,1.25\n2027-01-15T08:00:00Z,gpt-4o,$0.000000001\n"
        "1800000000,gpt-4o-mini,\n"
    )
    day = 1_800_000_000 * SECOND // DAY * DAY
    assert read_export(text) == {(day, "gpt-4o"): 1_250_000_001, (day, "gpt-4o-mini"): 0}


WRONG = ["", "a,b\n1,2\n", "date,model,cost\nyesterday,x,1\n", "date,model,cost\n2027-01-15,x,NaN\n"]


@pytest.mark.parametrize("text", WRONG)
def test_an_export_that_cannot_be_read_is_refused_with_where(text: str) -> None:
    with pytest.raises(Invalid, match=r"column named|Line 2"):
        read_export(text)


def test_differences_are_told_per_day_and_model() -> None:
    assert compare({(1, "a"): 10, (2, "b"): 5, (3, "c"): 0}, {(1, "a"): 8, (2, "d"): 3}) == [
        Difference(1, "a", 10, 8),
        Difference(2, "b", 5, None),
        Difference(2, "d", None, 3),
    ]
    assert Difference(2, "d", None, 3).difference == -3


def test_what_belongs_to_no_task_is_not_called_wasted() -> None:
    assert CostClass.UNCLAIMED not in WASTE
    assert {CostClass.FAILED, CostClass.REWORK, CostClass.BLOCKED_IDLE} < WASTE
