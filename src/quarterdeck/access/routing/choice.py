"""Which child a branch prefers, by its mode's measure."""

import hashlib
import math
from collections.abc import Iterable

import msgspec

from quarterdeck.access.routing.conditions import ABSENT
from quarterdeck.access.routing.config import Branch, Leaf, Node
from quarterdeck.access.routing.world import World


def ordered(branch: Branch, world: World) -> list[int]:
    """The children a choosing strategy would ask, best first. Never empty."""
    live = [index for index, child in enumerate(branch.children) if child.weight > 0]
    indices = ready(branch, world, live or range(len(branch.children)))
    if len(indices) == 1:
        return indices
    return _MEASURES[branch.mode](branch, indices, world)


def ready(branch: Branch, world: World, indices: Iterable[int]) -> list[int]:
    """Those that may be asked; all of them when none may, for then nothing is gained by not asking."""
    every = list(indices)
    if world.calm:
        return every
    open_ones = [index for index in every if available(branch.children[index], world)]
    if world.trace is not None and len(open_ones) < len(every):
        out = ", ".join(called(branch.children[index]) for index in every if index not in open_ones)
        world.trace.append((branch.path, f"{out} passed over: out of service" if open_ones else "all out of service"))
    return open_ones or every


def available(node: Node, world: World) -> bool:
    """Whether anything below may be asked."""
    if isinstance(node, Leaf):
        return world.available(node)
    return any(available(child, world) for child in node.children)


def first_leaf(node: Node, world: World) -> Leaf:
    """The target that a walk through `node` would ask first."""
    while isinstance(node, Branch):
        if node.mode in _MEASURES:
            node = node.children[ordered(node, world)[0]]
        elif node.mode == "conditional":
            index = next((each.then for each in node.conditions if each.test(world.value)), node.default)
            node = node.children[index or 0]
        else:
            node = node.children[ready(node, world, range(len(node.children)))[0] if node.mode == "fallback" else 0]
    return node


def called(node: Node) -> str:
    """How a decision names a child."""
    if node.name is not None:
        return node.name
    if isinstance(node, Leaf):
        return "/".join(part for part in (node.provider, node.model) if part) or node.path
    return node.path


def _weighted(branch: Branch, indices: list[int], world: World) -> list[int]:
    sticky = branch.sticky
    if sticky is None:
        return _drawn(indices, [branch.children[index].weight for index in indices], world)
    digest = hashlib.sha256(branch.path.encode())
    for field in sticky.fields:
        value = world.value(field)
        digest.update(b"\0" if value is ABSENT else b"\1" + msgspec.json.encode(value))
    key = digest.digest()
    first = world.stuck_to(branch, key, lambda: _by_hash(branch, indices, key))
    if first not in indices:
        # Where it belongs cannot be asked now; it belongs there all the same.
        return _drawn(indices, [branch.children[index].weight for index in indices], world)
    rest = [index for index in indices if index != first]
    return [first, *_drawn(rest, [branch.children[index].weight for index in rest], world)]


def _by_hash(branch: Branch, indices: list[int], key: bytes) -> int:
    """The same choice in every process, in proportion to the weights: the highest of one weighted draw per child."""

    def draw(index: int) -> float:
        number = int.from_bytes(hashlib.sha256(key + index.to_bytes(4, "big")).digest()[:8], "big")
        return math.log((number + 1) / (2**64 + 1)) / branch.children[index].weight

    return max(indices, key=draw)


def _drawn(indices: list[int], weights: list[float], world: World) -> list[int]:
    """Without putting back, each time in proportion to the weights."""
    if len(indices) == 2:
        one, other = indices
        return [one, other] if world.random() * (weights[0] + weights[1]) < weights[0] else [other, one]
    left, order = list(zip(indices, weights, strict=True)), []
    while len(left) > 1:
        total = sum(weight for _, weight in left)
        point = world.random() * total
        place = len(left) - 1
        for here, (_, weight) in enumerate(left):
            point -= weight
            if point < 0:
                place = here
                break
        order.append(left.pop(place)[0])
    return [*order, *(index for index, _ in left)]


def _in_turns(branch: Branch, indices: list[int], world: World) -> list[int]:
    """Smooth weighted round robin: each gains its weight every turn, the one with most goes and pays for all."""
    turns = world.turns(branch)
    total = 0.0
    for index in indices:
        weight = branch.children[index].weight
        turns[index] += weight
        total += weight
    order = sorted(indices, key=lambda index: -turns[index])
    turns[order[0]] -= total
    return order


def _fastest(branch: Branch, indices: list[int], world: World) -> list[int]:
    """The better of two drawn at random, so that not everybody runs to the one that looked best a moment ago."""
    order = _drawn(indices, [branch.children[index].weight for index in indices], world)
    one, other = order[:2]
    leaves = {index: first_leaf(branch.children[index], world) for index in order}
    known = {index: world.latency(leaf) for index, leaf in leaves.items()}
    first, second = known[one], known[other]
    # Who was never asked is asked, or it would never be known.
    if first is not None and (second is None or second < first):
        one, other = other, one
    rest = sorted(order[2:], key=lambda index: known[index] or 0.0)
    return [one, other, *rest]


def _cheapest(branch: Branch, indices: list[int], world: World) -> list[int]:
    """An unknown price is no low price: those come last."""

    def price(index: int) -> tuple[bool, int]:
        cost = world.cost(first_leaf(branch.children[index], world))
        return cost is None, cost or 0

    return sorted(indices, key=price)


def _idlest(branch: Branch, indices: list[int], world: World) -> list[int]:
    def load(index: int) -> tuple[float, float]:
        child = branch.children[index]
        return (world.busy(first_leaf(child, world)) + 1) / child.weight, world.random()

    return sorted(indices, key=load)


def _roomiest(branch: Branch, indices: list[int], world: World) -> list[int]:
    """Drawn in proportion to weight and what is left of each one's rate limit; who never said is taken as unused."""
    weights = []
    for index in indices:
        left = world.remaining(first_leaf(branch.children[index], world))
        weights.append(branch.children[index].weight * (1.0 if left is None else max(left, 1e-6)))
    return _drawn(indices, weights, world)


_MEASURES = {
    "loadbalance": _weighted,
    "round_robin": _in_turns,
    "least_latency": _fastest,
    "least_cost": _cheapest,
    "least_busy": _idlest,
    "usage_aware": _roomiest,
}
