"""What cannot be, with the reason; each cell named here is proven to be as it says."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    UNSAID = "unsaid"
    """The client's dialect has no word for it, so nothing is asked."""
    REFUSED = "refused"
    """400: dropping it would change the meaning."""
    AS_IT_CAME = "as it came"
    """The client's own members pass to a provider of its dialect, which may not know them."""
    UNREAD = "unread"
    """The SDK cannot read what providers of its dialect send."""


@dataclass(frozen=True)
class Hole:
    kind: Kind
    reason: str


def hole(client: str, upstream: str, feature: str, stream: bool) -> Hole | None:
    if client == "openai_responses" and feature == "stop":
        return Hole(Kind.UNSAID, "Responses have no stop sequences")
    if upstream == "openai_responses" and feature == "stop":
        return Hole(Kind.REFUSED, "Responses have no stop sequences: the call is refused with what to do")
    if (client, upstream, feature) == ("mistral", "openai_chat", "tool_results"):
        return Hole(
            Kind.AS_IT_CAME,
            "Mistral's SDK writes `prefix` and `index` into the history, and its bytes pass as they came",
        )
    if (client, feature, stream) == ("mistral", "tools", True):
        return Hole(Kind.UNREAD, "Mistral's SDK wants a streamed tool call whole; OpenAI's dialect sends it in pieces")
    return None
