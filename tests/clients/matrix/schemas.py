"""Whether a request is what the provider publishes: by the types of its official SDK, unknown members refused."""

import inspect
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import botocore.session
import botocore.validate
import cohere
from anthropic.types import message_create_params
from cohere.types import ChatMessageV2, ResponseFormatV2, ToolV2
from google.genai import types
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params
from pydantic import ConfigDict, TypeAdapter


class NotInSchema(ValueError):
    """The request is not what the provider publishes."""


def check(dialect: str, path: str, body: dict[str, Any]) -> None:
    """Raises NotInSchema, or pydantic's own error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _CHECKS[dialect](path, body)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    if hasattr(kind, "__total__"):
        kind.__pydantic_config__ = ConfigDict(extra="forbid")
    return TypeAdapter(kind)


def _walk(value: Any) -> None:
    """Typed dictionaries hold iterables that are checked only when they are walked."""
    if isinstance(value, dict):
        for each in value.values():
            _walk(each)
    elif isinstance(value, list | tuple) or (isinstance(value, Iterator) and not isinstance(value, str)):
        for each in value:
            _walk(each)


def _typed(plain: Any, streaming: Any) -> Callable[[str, dict[str, Any]], None]:
    def checked(_path: str, body: dict[str, Any]) -> None:
        _walk(_adapter(streaming if body.get("stream") else plain).validate_python(body))

    return checked


def _gemini(path: str, body: dict[str, Any]) -> None:
    kinds: dict[str, Any] = {
        "contents": list[types.Content],
        "systemInstruction": types.Content,
        "tools": list[types.Tool],
        "toolConfig": types.ToolConfig,
        "generationConfig": types.GenerationConfig,
        "safetySettings": list[types.SafetySetting],
        "labels": dict[str, str],
    }
    if unknown := body.keys() - kinds.keys():
        raise NotInSchema(f"generateContent has no {', '.join(sorted(unknown))}")
    if "models/" not in path:
        raise NotInSchema("the path names no model")
    for name, value in body.items():
        _adapter(kinds[name]).validate_python(value)


def _cohere(_path: str, body: dict[str, Any]) -> None:
    known = set(inspect.signature(cohere.ClientV2.chat).parameters) | {"stream"}
    if unknown := body.keys() - known:
        raise NotInSchema(f"chat has no {', '.join(sorted(unknown))}")
    _adapter(list[ChatMessageV2]).validate_python(body["messages"])
    _adapter(list[ToolV2]).validate_python(body.get("tools", []))
    if "response_format" in body:
        _adapter(ResponseFormatV2).validate_python(body["response_format"])


@cache
def _converse() -> Any:
    return botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape


def _bedrock(path: str, body: dict[str, Any]) -> None:
    shape = _converse()
    if unknown := body.keys() - shape.members.keys():
        raise NotInSchema(f"Converse has no {', '.join(sorted(unknown))}")
    report = botocore.validate.ParamValidator().validate({**body, "modelId": path.split("/")[2]}, shape)
    if report.has_errors():
        raise NotInSchema(report.generate_report())


_CHECKS: dict[str, Callable[[str, dict[str, Any]], None]] = {
    "openai_chat": _typed(
        completion_create_params.CompletionCreateParamsNonStreaming,
        completion_create_params.CompletionCreateParamsStreaming,
    ),
    "openai_responses": _typed(
        response_create_params.ResponseCreateParamsNonStreaming, response_create_params.ResponseCreateParamsStreaming
    ),
    "anthropic": _typed(
        message_create_params.MessageCreateParamsNonStreaming, message_create_params.MessageCreateParamsStreaming
    ),
    "gemini": _gemini,
    "cohere": _cohere,
    "bedrock": _bedrock,
}
