"""The registry of agents: who works here, for whom, and whether it may."""
