"""Names of the local sockets between the processes. Apart, so that neither process loads the other's code for them."""

CONTROL_SOCKET = "control.sock"
"""Where control takes every path that is no model route."""
BUS_SOCKET = "bus.sock"
"""Where gateways hear of snapshots and commands, and tell of traffic."""
