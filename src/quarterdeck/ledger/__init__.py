"""What was spent: the journal, its ingestion, calls, messages, prices and roll-ups."""
