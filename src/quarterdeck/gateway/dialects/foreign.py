"""What every emitter does first with a request of another dialect: refuse what must not be lost, report the rest.

The rules are data: a member of a request's `rest` is either named here with what to do instead, or it is dropped and
reported by its name.
"""

from typing import Any

from quarterdeck.gateway.dialects.conversation import CannotExpress, Conversation, Drops, Message, Opaque

_HARMLESS: dict[str, tuple[Any, ...]] = {
    "n": (1,),
    "modalities": (["text"],),
    "candidateCount": (1,),
    "responseModalities": (["TEXT"], ["Text"]),
}
"""Values of members below that ask for nothing special."""

_REFUSED: dict[str, dict[str, str]] = {
    "openai_chat": {
        "n": "ask once for each answer you want",
        "functions": "use tools",
        "function_call": "use tool_choice",
        "logprobs": "this model's API gives none",
        "top_logprobs": "this model's API gives none",
        "modalities": "this model's API answers in text",
        "audio": "this model's API answers in text",
        "web_search_options": "this model's API has no such search",
        "tool_choice": "use auto, none, required or one function",
        "response_format": "use json_schema with a schema",
    },
    "openai_responses": {
        "previous_response_id": "send the whole input again, this provider keeps no responses",
        "conversation": "send the whole input again, this provider keeps no conversations",
        "prompt": "send the instructions themselves, this provider keeps no such prompts",
        "background": "ask without background",
        "tool_choice": "use auto, none, required or one function",
    },
    "anthropic": {
        "mcp_servers": "run the tools of the server yourself",
        "container": "this provider has no such containers",
        "tool_choice": "use auto, any, none or one tool",
    },
    "gemini": {
        "cachedContent": "send the contents themselves, this provider has no such cache",
        "candidateCount": "ask once for each answer you want",
        "responseModalities": "this model's API answers in text",
        "speechConfig": "this model's API answers in text",
        "responseLogprobs": "this model's API gives none",
    },
    "cohere": {"documents": "put the documents into a message"},
    "bedrock": {
        "guardrailConfig": "the guardrail exists on Bedrock alone",
        "promptVariables": "send the messages themselves",
    },
}
_SAID_ELSEWHERE = frozenset({"stream_options", "include", "store"})
"""Settings of the caller's own endpoint that ask nothing of the model."""


def leave_behind(conversation: Conversation, drops: Drops) -> None:
    """Raises CannotExpress for what of the request cannot be left out."""
    refused = _REFUSED.get(conversation.origin, {})
    # Gemini keeps most settings one level down.
    members = dict(conversation.rest) | conversation.rest.get("~config", {})
    members |= conversation.rest.get("~tool_config", {})
    for name, value in members.items():
        if name.startswith("~") or value is None or value is False or value == [] or value in _HARMLESS.get(name, ()):
            continue
        if name in refused:
            raise CannotExpress(f"The target cannot express {name!r}: {refused[name]}.")
        if name not in _SAID_ELSEWHERE:
            drops.add(name)


def joined(messages: tuple[Message, ...], drops: Drops) -> list[Message]:
    """The messages with neighbours of the assistant made one turn, for dialects that know turns and not items.

    Raises CannotExpress for a message that only its origin knows.
    """
    out: list[Message] = []
    for message in messages:
        drops.rest(message.rest, "messages.")
        if message.form == "raw" and message.parts and isinstance(message.parts[0], Opaque):
            if message.role == "assistant":
                drops.add(message.parts[0].label, "a provider-side step of an earlier turn")
                continue
            raise CannotExpress(f"The target cannot express a message of kind {message.parts[0].label!r}.")
        if out and out[-1].role == message.role == "assistant":
            out[-1] = Message("assistant", out[-1].parts + message.parts)
        else:
            out.append(Message(message.role, message.parts))
    return out
