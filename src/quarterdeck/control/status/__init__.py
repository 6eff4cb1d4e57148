"""What is shown of agents, runs and tasks: computed from the wire, leases and dependencies; stored nowhere."""
