"""The data plane: one model call from client to provider and back. Opens no database, blocks on nothing."""
