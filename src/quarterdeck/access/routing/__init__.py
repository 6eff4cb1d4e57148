"""Routes: what a config says, and where it sends a call. Pure; the gateway walks it and control shows it."""
