"""Every dialect's two directions, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from quarterdeck.gateway.dialects.anthropic import answer as anthropic_answer
from quarterdeck.gateway.dialects.anthropic import request as anthropic_request
from quarterdeck.gateway.dialects.anthropic import stream as anthropic_stream
from quarterdeck.gateway.dialects.bedrock import answer as bedrock_answer
from quarterdeck.gateway.dialects.bedrock import request as bedrock_request
from quarterdeck.gateway.dialects.bedrock import stream as bedrock_stream
from quarterdeck.gateway.dialects.cohere import answer as cohere_answer
from quarterdeck.gateway.dialects.cohere import chat as cohere_chat
from quarterdeck.gateway.dialects.cohere import stream as cohere_stream
from quarterdeck.gateway.dialects.conversation import Answer, Conversation, Emitted, Failure
from quarterdeck.gateway.dialects.gemini import answer as gemini_answer
from quarterdeck.gateway.dialects.gemini import request as gemini_request
from quarterdeck.gateway.dialects.gemini import stream as gemini_stream
from quarterdeck.gateway.dialects.openai_chat import answer as chat_answer
from quarterdeck.gateway.dialects.openai_chat import request as chat_request
from quarterdeck.gateway.dialects.openai_chat import stream as chat_stream
from quarterdeck.gateway.dialects.openai_responses import answer as responses_answer
from quarterdeck.gateway.dialects.openai_responses import request as responses_request
from quarterdeck.gateway.dialects.openai_responses import stream as responses_stream
from quarterdeck.gateway.dialects.stream_parts import Emitter, StreamParser
from quarterdeck.gateway.dialects.target import Target

EmitAnswer = Callable[..., bytes]


@dataclass(frozen=True, slots=True)
class Grammar:
    """A dialect's two directions for request, answer, stream and error."""

    name: str
    parse_request: Callable[[bytes], Conversation]
    emit_request: Callable[[Conversation, Target], Emitted]
    parse_answer: Callable[[bytes], Answer]
    emit_answer: EmitAnswer
    parse_error: Callable[[int, bytes], Failure]
    emit_error: Callable[[Failure], bytes]
    parser: Callable[[], StreamParser]
    emitter: Callable[..., Emitter]


OPENAI_CHAT = Grammar(
    "openai_chat",
    chat_request.parse_request,
    chat_request.emit_request,
    chat_answer.parse_answer,
    chat_answer.emit_answer,
    chat_answer.parse_error,
    chat_answer.emit_error,
    chat_stream.Parser,
    chat_stream.Emitter,
)
ANTHROPIC = Grammar(
    "anthropic",
    anthropic_request.parse_request,
    anthropic_request.emit_request,
    anthropic_answer.parse_answer,
    anthropic_answer.emit_answer,
    anthropic_answer.parse_error,
    anthropic_answer.emit_error,
    anthropic_stream.Parser,
    anthropic_stream.Emitter,
)
OPENAI_RESPONSES = Grammar(
    "openai_responses",
    responses_request.parse_request,
    responses_request.emit_request,
    responses_answer.parse_answer,
    responses_answer.emit_answer,
    chat_answer.parse_error,
    chat_answer.emit_error,
    responses_stream.Parser,
    responses_stream.Emitter,
)
GEMINI = Grammar(
    "gemini",
    gemini_request.parse_request,
    gemini_request.emit_request,
    gemini_answer.parse_answer,
    gemini_answer.emit_answer,
    chat_answer.parse_error,
    gemini_answer.emit_error,
    gemini_stream.Parser,
    gemini_stream.Emitter,
)
BEDROCK = Grammar(
    "bedrock",
    bedrock_request.parse_request,
    bedrock_request.emit_request,
    bedrock_answer.parse_answer,
    bedrock_answer.emit_answer,
    bedrock_answer.parse_error,
    bedrock_answer.emit_error,
    bedrock_stream.Parser,
    bedrock_stream.Emitter,
)
COHERE = Grammar(
    "cohere",
    cohere_chat.parse_request,
    cohere_chat.emit_request,
    cohere_answer.parse_answer,
    cohere_answer.emit_answer,
    chat_answer.parse_error,
    cohere_answer.emit_error,
    cohere_stream.Parser,
    cohere_stream.Emitter,
)
GRAMMARS = {grammar.name: grammar for grammar in (OPENAI_CHAT, OPENAI_RESPONSES, ANTHROPIC, GEMINI, BEDROCK, COHERE)}
