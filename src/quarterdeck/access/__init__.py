"""Who may spend: workspaces, members, agents' keys, and the picture of all this that gateways hold."""
