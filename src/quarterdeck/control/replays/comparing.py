"""Two answers to the same question: what ended them, what they say, which tools they ask for. Pure."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

import msgspec

from quarterdeck.control.replays.model import shortened
from quarterdeck.ledger.turns.model import canonical
from quarterdeck.ledger.turns.said import events, said

_MOST_WORDS = 4_000


class Answer(msgspec.Struct, frozen=True):
    """What a call was answered."""

    text: str = ""
    tools: tuple[tuple[str, str], ...] = ()
    """(name, arguments as the model wrote them), in their order."""
    stop: str | None = None
    """Why it ended, in the dialect's own word; None: it does not say."""


class ToolPairing(StrEnum):
    SAME = "same"
    ARGUMENTS = "arguments"
    """The same tool, with other arguments."""
    ONLY_BEFORE = "only_before"
    ONLY_NOW = "only_now"


class ToolPair(msgspec.Struct, frozen=True):
    pairing: ToolPairing
    name: str
    before: str | None
    """Arguments, shortened; None: it was not asked for."""
    now: str | None


class Comparison(msgspec.Struct, frozen=True):
    """Both answers are in the dialect that was recorded, whoever gave them."""

    stop_before: str | None
    stop_now: str | None
    likeness: float
    """Of the words, from 0 to 1."""
    same_text: bool
    same_tools: bool
    tools: list[ToolPair]

    @property
    def same(self) -> bool:
        """Whether an agent would have gone on in the same way: the same tools, or else the same words."""
        if self.tools:
            return self.same_tools
        return self.same_text and self.stop_before == self.stop_now


def answer_of(body: bytes, content_type: str | None) -> Answer:
    """What is not understood is left out."""
    found = said(body, content_type)
    stop: str | None = None
    for event in events(body, content_type):
        stop = _stop(event) or stop
    return Answer(found.text, tuple(found.tools), stop)


def compare(before: Answer, now: Answer) -> Comparison:
    """The recorded answer and the one to the replay."""
    pairs = _tools(before.tools, now.tools)
    one, other = before.text.split(), now.text.split()
    return Comparison(
        stop_before=before.stop,
        stop_now=now.stop,
        likeness=1.0 if one == other else _likeness(one, other),
        same_text=one == other,
        same_tools=all(pair.pairing is ToolPairing.SAME for pair in pairs),
        tools=pairs,
    )


def _likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """By words; of long answers, by their beginnings."""
    found = SequenceMatcher(None, one[:_MOST_WORDS], other[:_MOST_WORDS], autojunk=False).ratio()
    # Never 1 for what differs.
    return min(round(found, 4), 0.9999)


def _tools(before: Sequence[tuple[str, str]], now: Sequence[tuple[str, str]]) -> list[ToolPair]:
    one = [(name, canonical(arguments)) for name, arguments in before]
    other = [(name, canonical(arguments)) for name, arguments in now]
    pairs: list[ToolPair] = []
    for verb, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if verb == "equal":
            pairs += [
                _pair(ToolPairing.SAME, name, left, right)
                for (name, left), (_, right) in zip(before[a:b], now[c:d], strict=True)
            ]
            continue
        left, right = list(before[a:b]), list(now[c:d])
        for name, arguments in left:
            match = next((each for each in right if each[0] == name), None)
            if match is None:
                pairs.append(_pair(ToolPairing.ONLY_BEFORE, name, arguments, None))
            else:
                right.remove(match)
                pairs.append(_pair(ToolPairing.ARGUMENTS, name, arguments, match[1]))
        pairs += [_pair(ToolPairing.ONLY_NOW, name, None, arguments) for name, arguments in right]
    return pairs


def _pair(pairing: ToolPairing, name: str, before: str | None, now: str | None) -> ToolPair:
    return ToolPair(pairing, name[:200], shortened(before), shortened(now))


def _stop(event: Any) -> str | None:
    """The word in a whole answer or in one event of a stream."""
    if not isinstance(event, dict):
        return None
    places: list[Any] = [event, event.get("delta"), event.get("response")]
    for name in ("choices", "candidates"):
        if isinstance(event.get(name), list):
            places += event[name][:1]
    for place in places:
        if isinstance(place, dict):
            for name in ("finish_reason", "stop_reason", "stopReason", "finishReason"):
                if isinstance(place.get(name), str):
                    return str(place[name])
            status = _status(place)
            if status is not None:
                return status
    return None


def _status(response: dict[str, Any]) -> str | None:
    """OpenAI responses have a status, and where that is `incomplete` a reason."""
    if not isinstance(response.get("output"), list) or response.get("status") in (None, "in_progress", "queued"):
        return None
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    return reason if isinstance(reason, str) else str(response["status"])
