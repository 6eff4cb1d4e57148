"""Foreign agents that hand us work and follow it: what they said, and how a task looks to them."""
