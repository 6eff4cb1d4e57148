"""/a2a: foreign agents hand us work and follow it, by A2A 1.0."""
