"""Dependencies as a graph: cycles, chains and paths, decided without a database and without recursion."""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.control.tasks.model import CLOSED, TaskState

MAX_WAITS_FOR = 200
NAMED_IN_A_MESSAGE = 12


@dataclass(frozen=True, slots=True)
class Edge:
    """`task_id` waits for `waits_for_id`."""

    task_id: str
    waits_for_id: str


@dataclass(frozen=True, slots=True)
class Node:
    """A task as the graph knows it."""

    id: str
    ref: str
    title: str
    state: TaskState
    state_since: int
    agent_id: str | None


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing a task waits for, or waited for: from `since` until `met_at`; None while it is not done."""

    node: Node
    since: int

    @property
    def met_at(self) -> int | None:
        return self.node.state_since if self.node.state is TaskState.DONE else None


def path(edges: Iterable[Edge], frm: str, to: str) -> list[str] | None:
    """The shortest way from a task along what it waits for to another; None when there is none."""
    waits = _forward(edges)
    came_from: dict[str, str] = {frm: frm}
    queue = deque([frm])
    while queue:
        here = queue.popleft()
        if here == to:
            way = [here]
            while way[-1] != frm:
                way.append(came_from[way[-1]])
            return way[::-1]
        for there in waits[here]:
            if there not in came_from:
                came_from[there] = here
                queue.append(there)
    return None


def reachable(edges: Iterable[Edge], frm: str, *, downstream: bool = False) -> list[str]:
    """All that a task waits for, nearest first; with `downstream` all that wait for it."""
    ways = _backward(edges) if downstream else _forward(edges)
    found = dict.fromkeys([frm])
    queue = deque([frm])
    while queue:
        for there in ways[queue.popleft()]:
            if there not in found:
                found[there] = None
                queue.append(there)
    return list(found)[1:]


def critical_path(edges: Collection[Edge], nodes: Mapping[str, Node], end: str) -> list[str]:
    """The longest chain of tasks that are not done and lead up to `end`, first to be done first; `end` comes last."""
    waits = _forward(edges)
    length: dict[str, int] = {}
    before_it: dict[str, str | None] = {}
    stack = [end]
    while stack:
        here = stack[-1]
        before = sorted(one for one in waits[here] if one in nodes and nodes[one].state is not TaskState.DONE)
        unknown = [one for one in before if one not in length]
        if unknown:
            stack.extend(unknown)
            continue
        stack.pop()
        before_it[here] = max(before, key=length.__getitem__, default=None)
        length[here] = 1 + max((length[one] for one in before), default=0)
    way: list[str] = []
    step: str | None = end
    while step is not None:
        way.append(step)
        step = before_it[step]
    return way[::-1]


def blocked_since(state: TaskState, waits: Sequence[Wait]) -> int | None:
    """When the task last began to be blocked, in microseconds; None when it is not.

    A task that waited for several things one after the other without a gap has been blocked since the first.
    """
    if state in CLOSED or all(wait.met_at is not None for wait in waits):
        return None
    since = min(wait.since for wait in waits if wait.met_at is None)
    for wait in sorted((wait for wait in waits if wait.met_at is not None), key=lambda one: -(one.met_at or 0)):
        if (wait.met_at or 0) >= since:
            since = min(since, wait.since)
    return since


def reason(open_waits: Sequence[Node]) -> str | None:
    """What a blocked task waits for, in words."""
    if not open_waits:
        return None
    words = []
    for node in open_waits[:3]:
        gone = ", which was cancelled" if node.state is TaskState.CANCELLED else ""
        words.append(f"{node.ref} {node.title}{gone}")
    more = f" and {len(open_waits) - 3} more" if len(open_waits) > 3 else ""
    return f"waits for {'; '.join(words)}{more}"


def _forward(edges: Iterable[Edge]) -> dict[str, list[str]]:
    ways: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        ways[edge.task_id].append(edge.waits_for_id)
    return ways


def _backward(edges: Iterable[Edge]) -> dict[str, list[str]]:
    return _forward(Edge(edge.waits_for_id, edge.task_id) for edge in edges)
