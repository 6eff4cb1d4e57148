"""Lets a program wait for Redis for longer than a second; Python imports this first where it is on its path.

On a machine that is shared Redis, or the gateway that waits for it, may stand still for a second. Then it counts as
away, and each gateway goes on with its share: as promised, and not what tests of a limit over several gateways are for.
"""

from quarterdeck.gateway.limits.shared import store

store.ANSWER_S = 60.0
