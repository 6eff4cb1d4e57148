"""The walk through a route: from a tree to tries, one at a time, each decided once the one before has ended.

A generator: it yields a step, is sent the step's outcome, and returns the last one. It ends after at most as many
tries as the tree has leaves, times their retries.
"""

from collections.abc import Generator

from quarterdeck.access.routing import choice
from quarterdeck.access.routing.config import Branch, Leaf, Node, Route
from quarterdeck.access.routing.waits import backoff_ms
from quarterdeck.access.routing.world import Mirror, Outcome, Race, Step, Try, World

Walk = Generator[Step, Outcome | None, Outcome]

NOWHERE = Outcome(False, 400, "no_condition_matched")
TOO_LATE = Outcome(False, 504, "deadline_exceeded")


def walk(route: Route, world: World) -> Walk:
    """All steps of one call."""
    return _node(route.root, world)


def _node(node: Node, world: World) -> Walk:
    if isinstance(node, Leaf):
        return _leaf(node, world)
    return _WALKS.get(node.mode, _chosen)(node, world)


def _leaf(leaf: Leaf, world: World) -> Walk:
    """The target, and again after what may be mended by asking again."""
    retry = leaf.retry
    outcome = yield from _try(Try(leaf))
    waited = 0.0
    for number in range(1, retry.attempts + 1):
        if outcome.ok or not (outcome.no_answer or outcome.status in retry.on_status_codes):
            return outcome
        asked = outcome.retry_after_ms if retry.use_retry_after else None
        wait = backoff_ms(retry, number, world.random()) if asked is None else asked
        waited += wait
        if waited > retry.max_wait_ms or wait >= world.left_ms():
            return outcome
        outcome = yield from _try(Try(leaf, number, wait))
    return outcome


def _try(step: Try | Race) -> Walk:
    outcome = yield step
    assert outcome is not None
    return outcome


def _single(branch: Branch, world: World) -> Walk:
    return (yield from _node(branch.children[0], world))


def _fallback(branch: Branch, world: World) -> Walk:
    """In their order; who is known to be out is passed over while somebody else is there."""
    return (yield from _in_turn(branch, choice.ready(branch, world, range(len(branch.children))), world))


def _chosen(branch: Branch, world: World) -> Walk:
    """One by the branch's measure; the others after it, in the order of the same measure, where it goes on."""
    order = choice.ordered(branch, world)
    if not branch.goes_on:
        del order[1:]
    if world.trace is not None:
        names = ", then ".join(choice.called(branch.children[index]) for index in order)
        world.trace.append((branch.path, f"{branch.mode}: {names}"))
    return (yield from _in_turn(branch, order, world))


def _in_turn(branch: Branch, order: list[int], world: World) -> Walk:
    outcome = NOWHERE
    for place, index in enumerate(order):
        if place and world.left_ms() <= 0:
            return outcome
        child = branch.children[index]
        outcome = yield from _node(child, world)
        if outcome.ok or not _goes_on(branch, child, outcome):
            return outcome
    return outcome


def _goes_on(branch: Branch, child: Node, outcome: Outcome) -> bool:
    codes = child.on_status_codes if child.on_status_codes is not None else branch.on_status_codes
    return codes is None or outcome.no_answer or outcome.status in codes


def _conditional(branch: Branch, world: World) -> Walk:
    index = branch.default
    why = "no condition holds, so the default"
    for number, condition in enumerate(branch.conditions):
        if condition.test(world.value):
            index, why = condition.then, f"condition {number} holds ({condition.words})"
            break
    if world.trace is not None:
        chosen = "nothing" if index is None else choice.called(branch.children[index])
        world.trace.append((branch.path, f"conditional: {why}: {chosen}"))
    if index is None:
        return NOWHERE
    return (yield from _node(branch.children[index], world))


def _canary(branch: Branch, world: World) -> Walk:
    """The newcomer for its share of calls; whatever fails there is answered by the one that serves."""
    newcomer = world.random() < world.canary_share(branch)
    if world.trace is not None:
        which = branch.children[1 if newcomer else 0]
        share = world.canary_share(branch)
        world.trace.append((branch.path, f"canary: {share:.0%} to the newcomer; this call: {choice.called(which)}"))
    order = [1, 0] if newcomer and choice.available(branch.children[1], world) else [0]
    return (yield from _in_turn(branch, order, world))


def _shadow(branch: Branch, world: World) -> Walk:
    """The first answers; the others get the same request, and their answers are thrown away."""
    if branch.sample >= 1 or world.random() < branch.sample:
        for child in branch.children[1:]:
            leaf = choice.first_leaf(child, world)
            if world.trace is not None:
                world.trace.append((branch.path, f"shadow: mirrored to {choice.called(leaf)}"))
            yield Mirror(leaf)
    return (yield from _node(branch.children[0], world))


def _hedge(branch: Branch, world: World) -> Walk:
    """The first; the second too when the first takes longer than nearly always."""
    first = choice.first_leaf(branch.children[0], world)
    second = choice.first_leaf(branch.children[-1], world)
    hedge = branch.hedge
    after = hedge.after_ms if hedge.after_ms is not None else world.slow_after_ms(first, hedge.percentile)
    if world.trace is not None:
        when = "once enough is known of how fast it is" if after is None else f"after {after:.0f} ms"
        world.trace.append((branch.path, f"hedge: {choice.called(first)}, and {choice.called(second)} {when}"))
    if after is None:
        return (yield from _node(branch.children[0], world))
    wait = after if hedge.after_ms is not None else max(after, hedge.minimum_ms)
    return (yield from _try(Race(first, second, wait)))


_WALKS = {
    "single": _single,
    "fallback": _fallback,
    "conditional": _conditional,
    "canary": _canary,
    "shadow": _shadow,
    "hedge": _hedge,
}
