"""How calls are numbered in the index, and by which of their values they are found in it."""

FACETS = ("agent_id", "run_id", "conversation_id", "provider", "model", "outcome")
"""A frequent word of a rare agent is found without looking through all others'. None of them ever changes,
as a call's task does."""
_MS_BITS = 16
_TO_BASE_32 = str.maketrans("abcdefghjkmnpqrstvwxyz", "abcdefghijklmnopqrstuv")


def number_of(call_id: str) -> int:
    """Where in time a call stands, as its number in the index: two calls seldom have the same. Raises ValueError."""
    tail = int(call_id.partition("_")[2].translate(_TO_BASE_32), 32)
    return tail >> 80 << _MS_BITS | tail >> 4 & 0xFFFF
