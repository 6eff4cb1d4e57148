"""Routes whose first target is a matter of chance alone: no walk is needed to find it while everybody is well."""

from quarterdeck.access.routing.config import Leaf, Node


def odds(node: Node) -> list[tuple[float, Leaf]] | None:
    """Each target below a node that may be tried first, with its share of calls; None where more than chance decides.

    The shares add up to 1. They hold while every target is available.
    """
    if isinstance(node, Leaf):
        return [(1.0, node)]
    if node.mode in ("single", "fallback"):
        return odds(node.children[0])
    total = sum(child.weight for child in node.children)
    if node.mode != "loadbalance" or node.sticky is not None or not total:
        return None
    found: list[tuple[float, Leaf]] = []
    for child in node.children:
        below = odds(child) if child.weight else []
        if below is None:
            return None
        found += [(share * child.weight / total, leaf) for share, leaf in below]
    return found
