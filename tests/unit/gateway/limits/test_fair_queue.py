"""The fair queue: urgent first, agents as equals or by weight, nobody starves."""

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.gateway.limits.queue import FairQueue, Waiting

STEP = 1.0


def waiting(agent: str, *, level: int = 2, weight: int = 1, due: int | None = None, arrived: float = 0.0) -> Waiting:
    return Waiting(level=level, agent=agent, weight=weight, due=due, arrived=arrived, ask=None, grant=lambda: None)


def served(queue: FairQueue, count: int, now: float = 0.0) -> list[Waiting]:
    """The next so many, in their order."""
    order = []
    for _ in range(count):
        head = queue.head(now)
        if head is None:
            break
        queue.pop(head)
        order.append(head)
    return order


def jain(shares: list[float]) -> float:
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))


def test_two_hundred_agents_share_as_equals_however_much_each_asks() -> None:
    chance = random.Random(3)
    queue = FairQueue(STEP)
    asks = [(f"agent {n}", chance.randint(20, 200)) for n in range(200)]
    calls = [agent for agent, count in asks for _ in range(count)]
    chance.shuffle(calls)
    for agent in calls:
        queue.push(waiting(agent))
    got = Counter(each.agent for each in served(queue, 2_000))
    assert len(got) == 200
    assert jain([float(got[agent]) for agent, _ in asks]) >= 0.99


def test_who_sends_a_thousand_calls_first_waits_behind_its_own() -> None:
    queue = FairQueue(STEP)
    for _ in range(1_000):
        queue.push(waiting("flood"))
    queue.push(waiting("late"))
    assert "late" in [each.agent for each in served(queue, 2)]


def test_urgent_tasks_go_first_and_what_is_due_first_among_equals() -> None:
    queue = FairQueue(STEP)
    queue.push(waiting("a", level=3))
    queue.push(waiting("b", level=2, due=200))
    queue.push(waiting("c", level=2, due=100))
    queue.push(waiting("d", level=0))
    assert [each.agent for each in served(queue, 4)] == ["d", "c", "b", "a"]


def test_agents_get_their_weight() -> None:
    queue = FairQueue(STEP)
    for _ in range(400):
        queue.push(waiting("three", weight=3))
        queue.push(waiting("one"))
    got = Counter(each.agent for each in served(queue, 400))
    assert 290 <= got["three"] <= 310


def test_a_low_call_is_served_while_urgent_ones_never_stop_coming() -> None:
    queue = FairQueue(STEP)
    low = waiting("patient", level=3, arrived=0.0)
    queue.push(low)
    now = 0.0
    while not low.gone:
        now += 0.1
        queue.push(waiting("urgent", level=0, arrived=now))
        served(queue, 1, now)
        assert now < 3 * STEP + 0.5
    assert now >= 3 * STEP - 0.2


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(1, 4), st.booleans()), min_size=1, max_size=200
    )
)
def test_everybody_who_waits_is_served_once_and_nobody_who_left(calls: list[tuple[int, int, int, bool]]) -> None:
    queue = FairQueue(STEP)
    staying = []
    for level, agent, weight, leaves in calls:
        each = waiting(str(agent), level=level, weight=weight)
        queue.push(each)
        if leaves:
            queue.drop(each)
        else:
            staying.append(each)
    assert len(queue) == len(staying)
    order = served(queue, len(calls) + 1)
    assert len(order) == len(staying) and set(map(id, order)) == set(map(id, staying))
    assert len(queue) == 0
