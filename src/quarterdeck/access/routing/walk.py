"""The walk through a route: from a tree to tries, one at a time, each decided once the one before has ended.

It ends after at most as many tries as the tree has leaves, times their retries.
"""

from collections.abc import Callable

from quarterdeck.access.routing import choice
from quarterdeck.access.routing.config import Branch, Leaf, Node, Route
from quarterdeck.access.routing.waits import backoff_ms
from quarterdeck.access.routing.world import Mirror, Outcome, Race, Step, Try, World

NOWHERE = Outcome(False, 400, "no_condition_matched")


class Walk:
    """All steps of one call: `begin`, then `after` each outcome, until None; `outcome` is how it ended."""

    __slots__ = ("_asked", "_leaf", "_mirrors", "_root", "_turns", "_waited", "_world", "outcome")

    def __init__(self, route: Route, world: World) -> None:
        self._root = route.root
        self._world = world
        self._turns: list[tuple[Branch, list[int]]] = []
        """From the root down: whose children are being tried, and the indices of those that are, best last."""
        self._leaf: Leaf | None = None
        """The target that was tried last, unless two raced."""
        self._asked = 0
        self._waited = 0.0
        self._mirrors: list[Step] = []
        self.outcome: Outcome = NOWHERE

    def begin(self) -> Step | None:
        return self._mirrored(self._down(self._root) or self._on(NOWHERE))

    def resume(self, leaf: Leaf, outcome: Outcome) -> Step | None:
        """In place of `begin`: this target was tried first, as odds.py has it, and it went so. The next step."""
        node = self._root
        while not isinstance(node, Leaf):
            order = _ORDERS.get(node.mode, _chosen)(node, self._world)
            index = next(at for at, child in enumerate(node.children) if _holds(child, leaf))
            others = [each for each in order if each != index] if node.mode == "fallback" or node.goes_on else []
            if others:
                self._turns.append((node, [*reversed(others), index]))
            node = node.children[index]
        self._leaf = node
        return self.after(outcome)

    def after(self, outcome: Outcome | None) -> Step | None:
        """The next step, once the one before went so; None after a Mirror."""
        if outcome is None:
            return self._mirrors.pop(0) if self._mirrors else None
        if outcome.ok:
            self.outcome = outcome
            return None
        return self._again(outcome) or self._mirrored(self._on(outcome))

    def _mirrored(self, step: Step | None) -> Step | None:
        """What is mirrored on the way to a step goes before it."""
        if not self._mirrors:
            return step
        if step is not None:
            self._mirrors.append(step)
        return self._mirrors.pop(0)

    def _down(self, node: Node) -> Step | None:
        """To the target to try first below a node; None when no condition leads to one."""
        world = self._world
        while not isinstance(node, Leaf):
            mode = node.mode
            if mode == "hedge" and (race := _race(node, world)) is not None:
                self._leaf = None
                return race
            if mode == "shadow":
                self._mirrors += _mirrors(node, world)
            order = _ORDERS.get(mode, _chosen)(node, world)
            if not order:
                return None
            index = order[0]
            if len(order) > 1:
                order.reverse()
                self._turns.append((node, order))
            node = node.children[index]
        self._leaf, self._asked, self._waited = node, 0, 0.0
        return Try(node)

    def _on(self, outcome: Outcome) -> Step | None:
        """To the next child of the nearest node that goes on after this; None when none does, and that is the end."""
        turns, world = self._turns, self._world
        while turns:
            branch, order = turns[-1]
            child = branch.children[order.pop()]
            if not order or not _goes_on(branch, child, outcome) or world.left_ms() <= 0:
                turns.pop()
                continue
            step = self._down(branch.children[order[-1]])
            if step is not None:
                return step
            outcome = NOWHERE
        self.outcome = outcome
        return None

    def _again(self, outcome: Outcome) -> Step | None:
        """The same target, after what may be mended by asking again."""
        leaf = self._leaf
        if leaf is None or self._asked >= leaf.retry.attempts:
            return None
        retry, world = leaf.retry, self._world
        if not (outcome.no_answer or outcome.status in retry.on_status_codes):
            return None
        number = self._asked + 1
        asked = outcome.retry_after_ms if retry.use_retry_after else None
        wait = backoff_ms(retry, number, world.random()) if asked is None else asked
        self._waited += wait
        if self._waited > retry.max_wait_ms or wait >= world.left_ms():
            return None
        self._asked = number
        return Try(leaf, number, wait)


def _holds(node: Node, leaf: Leaf) -> bool:
    return node.path == leaf.path or leaf.path.startswith(node.path + ".")


def _goes_on(branch: Branch, child: Node, outcome: Outcome) -> bool:
    codes = child.on_status_codes if child.on_status_codes is not None else branch.on_status_codes
    return codes is None or outcome.no_answer or outcome.status in codes


# The children a node would have tried, best first.


def _first(branch: Branch, world: World) -> list[int]:
    return [0]


def _fallback(branch: Branch, world: World) -> list[int]:
    """In their order; who is known to be out is passed over while somebody else is there."""
    return choice.ready(branch, world, range(len(branch.children)))


def _chosen(branch: Branch, world: World) -> list[int]:
    """One by the branch's measure; the others after it, in the order of the same measure, where it goes on."""
    order = choice.ordered(branch, world)
    if not branch.goes_on:
        del order[1:]
    if world.trace is not None:
        names = ", then ".join(choice.called(branch.children[index]) for index in order)
        world.trace.append((branch.path, f"{branch.mode}: {names}"))
    return order


def _conditional(branch: Branch, world: World) -> list[int]:
    index = branch.default
    why = "no condition holds, so the default"
    for number, condition in enumerate(branch.conditions):
        if condition.test(world.value):
            index, why = condition.then, f"condition {number} holds ({condition.words})"
            break
    if world.trace is not None:
        chosen = "nothing" if index is None else choice.called(branch.children[index])
        world.trace.append((branch.path, f"conditional: {why}: {chosen}"))
    return [] if index is None else [index]


def _canary(branch: Branch, world: World) -> list[int]:
    """The newcomer for its share of calls; whatever fails there is answered by the one that serves."""
    newcomer = world.random() < world.canary_share(branch)
    if world.trace is not None:
        which = branch.children[1 if newcomer else 0]
        share = world.canary_share(branch)
        world.trace.append((branch.path, f"canary: {share:.0%} to the newcomer; this call: {choice.called(which)}"))
    return [1, 0] if newcomer and choice.available(branch.children[1], world) else [0]


_ORDERS: dict[str, Callable[[Branch, World], list[int]]] = {
    "single": _first,
    "shadow": _first,
    "hedge": _first,
    "fallback": _fallback,
    "conditional": _conditional,
    "canary": _canary,
}


def _mirrors(branch: Branch, world: World) -> list[Step]:
    """The first answers; the others get the same request, and their answers are thrown away."""
    found: list[Step] = []
    if branch.sample >= 1 or world.random() < branch.sample:
        for child in branch.children[1:]:
            leaf = choice.first_leaf(child, world)
            if world.trace is not None:
                world.trace.append((branch.path, f"shadow: mirrored to {choice.called(leaf)}"))
            found.append(Mirror(leaf))
    return found


def _race(branch: Branch, world: World) -> Race | None:
    """The first; the second too when the first takes longer than nearly always. None: not enough is known of that."""
    first = choice.first_leaf(branch.children[0], world)
    second = choice.first_leaf(branch.children[-1], world)
    hedge = branch.hedge
    after = hedge.after_ms if hedge.after_ms is not None else world.slow_after_ms(first, hedge.percentile)
    if world.trace is not None:
        when = "once enough is known of how fast it is" if after is None else f"after {after:.0f} ms"
        world.trace.append((branch.path, f"hedge: {choice.called(first)}, and {choice.called(second)} {when}"))
    if after is None:
        return None
    return Race(first, second, after if hedge.after_ms is not None else max(after, hedge.minimum_ms))
