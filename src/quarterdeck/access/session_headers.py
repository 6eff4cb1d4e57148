"""Headers by which agents' programs name their session, strongest first: the gateway joins calls by them, and a claim
that carries one holds that session for its run."""

SESSION_HEADERS = (
    "x-quarterdeck-session",
    "x-clawrouter-session-id",
    "x-claude-code-session-id",
    "session-id",
    "session_id",
    "x-session-affinity",
)
