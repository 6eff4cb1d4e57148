"""Signatures and encrypted thoughts of one provider inside another's dialect.

Only the provider that minted such a token accepts it back, and a client of another dialect can only hand back what
its own dialect has a place for. So the token rides in that place, marked with who minted it, and is taken out again
when the conversation returns. A mark no one here knows is left as it is: it is the dialect's own.
"""

from dataclasses import dataclass

from quarterdeck.gateway.dialects.conversation import Drops, Reasoning

_MARK = "qd1."
MARK = _MARK.encode()


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: the `signature` of a thought, an `encrypted` thought, or `next`, the signature of the part after it."""

    minted_by: str
    kind: str
    value: str
    id: str = ""


def pack(token: Token) -> str:
    return f"{_MARK}{token.minted_by}.{token.kind}.{token.id}.{token.value}"


def unpack(text: str | None) -> Token | None:
    if not text or not text.startswith(_MARK):
        return None
    fields = text[len(_MARK) :].split(".", 3)
    if len(fields) != 4 or fields[1] not in ("signature", "encrypted", "next"):
        return None
    return Token(fields[0], fields[1], fields[3], fields[2])


def token_of(thought: Reasoning) -> Token | None:
    """What of this thought must return to its provider."""
    if thought.minted_by is None:
        return None
    if thought.encrypted is not None:
        return Token(thought.minted_by, "encrypted", thought.encrypted, thought.id or "")
    if thought.signature is not None:
        return Token(thought.minted_by, "signature", thought.signature, thought.id or "")
    return None


def restore(text: str, token: Token) -> Reasoning:
    return Reasoning(
        text=text,
        signature=token.value if token.kind == "signature" else None,
        encrypted=token.value if token.kind == "encrypted" else None,
        minted_by=token.minted_by,
        id=token.id or None,
    )


def drop_foreign(drops: Drops, thought: Reasoning) -> None:
    """The rule for a thought that the target's provider would not accept."""
    if thought.text or thought.encrypted:
        drops.add("reasoning", "made by another provider" if thought.minted_by else "unsigned")
