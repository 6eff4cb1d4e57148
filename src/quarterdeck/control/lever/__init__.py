"""The stop lever: pause, resume, kill, restart and reassign, at the gateway, with no help from the agent."""
